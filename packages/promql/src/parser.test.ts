import { describe, expect, it } from 'vitest'
import { parse, parseSelector } from './parser.ts'
import { format } from './printer.ts'

function printed(text: string): string {
  const result = parse(text)
  if (!result.ok) throw new Error(result.error.message)
  return format(result.value)
}

function problem(text: string): string {
  const result = parse(text)
  return result.ok ? `parsed as ${format(result.value)}` : result.error.message
}

/** The tree with every operation in parentheses. */
function grouped(text: string): string {
  const result = parse(text)
  if (!result.ok) throw new Error(result.error.message)
  const show = (expr: typeof result.value): string => {
    if (expr.kind === 'binary') return `(${show(expr.left)} ${expr.operator} ${show(expr.right)})`
    if (expr.kind === 'unary') return `(${expr.operator}${show(expr.expr)})`
    return format(expr)
  }
  return show(result.value)
}

describe('the grammar', () => {
  it.each([
    ['a + b * c ^ d ^ e', '(a + (b * (c ^ (d ^ e))))'],
    ['-1 ^ 2', '(-(1 ^ 2))'],
    ['-a * b', '((-a) * b)'],
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['a - b - c', '((a - b) - c)'],
    ['a > b + 1 == c', '((a > (b + 1)) == c)'],
    ['2 ^ -1 * 3', '((2 ^ -1) * 3)'],
  ])('%s groups as %s', (text, tree) => {
    expect(grouped(text)).toBe(tree)
  })

  it.each([
    ['sum(x) by (a, b)', 'sum by (a, b) (x)'],
    ['SUM WITHOUT (a) (x)', 'sum without (a) (x)'],
    ['x{a="1",b!~"2|3"}[5m] offset -1h30m @ 5', 'x{a="1",b!~"2|3"}[5m] @ 5.000 offset -1h30m'],
    ['max_over_time(rate(x[300])[1h:] @ end())', 'max_over_time(rate(x[5m])[1h:] @ end())'],
    ['a / on(x) group_left(y) b', 'a / on (x) group_left (y) b'],
    ['a > bool ignoring(x) b', 'a > bool ignoring (x) b'],
    ['{"a.b", "c.d"=\'e\'}', '{"a.b","c.d"="e"}'],
    ['0x1F + 1e3 + .5 + 5m + Inf', '31 + 1000 + 0.5 + 5m + Inf'],
    ['sum + rate + and + offset', 'sum + rate + and + offset'],
    ['count_values("\\xff", a:b) # comment', 'count_values("\\xff", a:b)'],
    ['"\\u00e9\\n"', '"é\\n"'],
  ])('%s prints as %s', (text, canonical) => {
    expect(printed(text)).toBe(canonical)
  })

  it('says where an expression starts, with line and column', () => {
    const result = parse('a +\n  sum(b)')
    expect(result.ok && result.value.kind === 'binary' && result.value.right.place).toEqual({ start: 6, end: 12, line: 2, column: 3 })
  })
})

describe('errors', () => {
  it.each([
    ['', '1:1: parse error: no expression found in input'],
    ['(1))', "1:4: parse error: unexpected right parenthesis ')'"],
    ['((1)', '1:5: parse error: unclosed left parenthesis'],
    ['1 and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['1 == 1', '1:1: parse error: comparisons between scalars must use BOOL modifier'],
    ['foo + bool bar', '1:1: parse error: bool modifier can only be used on comparison operators'],
    ['*test', '1:1: parse error: unexpected <op:*>'],
    ['a - on(b) ignoring(c) d', '1:11: parse error: unexpected <ignoring>'],
    ['foo or on(bar) group_left(baz) bar', '1:5: parse error: no grouping allowed for "or" operation'],
    ['a + on(b) group_left(b) c', '1:11: parse error: label "b" must not occur in ON and GROUP clause at once'],
    ['some{', '1:6: parse error: unexpected end of input inside braces'],
    ['some_metric{a=b}', '1:15: parse error: unexpected identifier "b" in label matching, expected string'],
    ['some_metric{a:b="b"}', "1:14: parse error: unexpected character inside braces: ':'"],
    ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['{x=""}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['foo{__name__="bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"'],
    ['foo[5mm]', '1:5: parse error: bad number or duration syntax: "5mm"'],
    ['foo[0m]', '1:5: parse error: duration must be greater than 0'],
    ['foo[1m1h]', '1:5: parse error: not a valid duration string: "1m1h"'],
    ['(foo + bar)[5m]', '1:1: parse error: ranges only allowed for vector selectors'],
    ['foo offset 1s [1m]', '1:1: parse error: no offset modifiers allowed before range'],
    ['1 offset 1d', '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery'],
    ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
    ['topk(x)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1'],
    ['topk(x, y)', '1:6: parse error: expected type scalar in aggregation parameter, got instant vector'],
    ['sum some_metric by (test)', '1:5: parse error: unexpected identifier "some_metri"... in aggregation'],
    ['rate(x)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
    ['floor()', '1:1: parse error: expected 1 argument(s) in call to "floor", got 0'],
    ['hour(a, b)', '1:1: parse error: expected at most 1 argument(s) in call to "hour", got 2'],
    ['label_join()', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 0'],
    ['nope(x)', '1:1: parse error: unknown function with name "nope"'],
    ['-"x"', '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"'],
    ['x[5m] + 1', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
    ['"abc', '1:1: parse error: unterminated quoted string'],
    ['a\n+\n}', "3:1: parse error: unexpected character: '}'"],
  ])('%j: %s', (text, message) => {
    expect(problem(text)).toBe(message)
  })

  it('refuses a pattern that RE2 does not know', () => {
    expect(problem('x{a=~"(?=b)"}')).toMatch(/^1:6: parse error: error parsing regexp: /)
  })

  it('refuses nesting and chains that would exhaust the stack', () => {
    expect(problem('('.repeat(10_000))).toContain('nested deeper')
    expect(problem(`a${' + a'.repeat(100_000)}`)).toContain('more than')
  })
})

describe('parseSelector', () => {
  it('answers the matchers, the name last', () => {
    const result = parseSelector('up{job=~"a|b"}')
    expect(result.ok && result.value.map(({ name, operator, value }) => name + operator + value)).toEqual(['job=~a|b', '__name__=up'])
  })

  it('takes nothing but a selector', () => {
    for (const text of ['', 'up[5m]', 'sum(up)', '1', 'up + up']) expect(parseSelector(text).ok).toBe(false)
  })
})

describe('experimental parts of the language', () => {
  it.each([
    ['limitk(1, x)', '1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions'],
    ['mad_over_time(x[5m])', '1:1: parse error: function "mad_over_time" is not enabled'],
    ['a + fill(0) b', '1:5: parse error: binop fill modifiers are experimental and not enabled'],
    ['rate(x[5m] anchored)', '1:12: parse error: anchored modifier is experimental and not enabled'],
  ])('%s is refused unless asked for', (text, message) => {
    expect(problem(text)).toBe(message)
    expect(parse(text, { experimental: true }).ok).toBe(true)
  })

  it.each([
    ['a and fill(0) b', '1:7: parse error: filling in missing series not allowed for set operators'],
    ['info(up, build_info)', '1:10: parse error: expected label selectors only'],
    ['sum(x)[5m:1m] smoothed', '1:1: parse error: smoothed modifier not implemented'],
    ['x anchored', '1:1: parse error: anchored modifier can only be used with range selectors'],
    ['x[5m] smoothed anchored', '1:1: parse error: anchored and smoothed modifiers cannot be used together'],
    ['1 </ 2', '1:1: parse error: operator "</" not allowed for Scalar operations'],
  ])('%s: %s', (text, message) => {
    const result = parse(text, { experimental: true })
    expect(result.ok ? undefined : result.error.message).toBe(message)
  })
})

describe('duration expressions', () => {
  it.each([
    ['x[1m+2m*3]', 'x[1m + 2m * 3]'],
    ['x[-(1m)+STEP()]', 'x[-(1m) + step()]'],
    ['x offset min_of(1h,range())', 'x offset min_of(1h, range())'],
    ['x offset -step()', 'x offset -step()'],
    ['x[2^3:max_of(1m,30)]', 'x[2 ^ 3:max_of(1m, 30)]'],
    ['x[+5m]', 'x[5m]'],
  ])('%s prints as %s', (text, printed) => {
    const result = parse(text)
    expect(result.ok ? format(result.value) : result.error.message).toBe(printed)
  })

  it.each([
    ['x[-5m]', '1:3: parse error: duration must be greater than 0'],
    ['x[5m+]', '1:6: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()'],
    ['x[step]', '1:7: parse error: unexpected "]" in duration expression, expected "("'],
    ['x offset foo', '1:10: parse error: unexpected identifier "foo" in offset, expected number, duration, step(), or range()'],
  ])('%s: %s', (text, message) => {
    expect(problem(text)).toBe(message)
  })
})
