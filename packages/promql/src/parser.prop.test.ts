import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, parseSelector } from './parser.ts'
import { format } from './printer.ts'

/** A tree without places; predicates vanish in JSON. */
function shape(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'place' ? undefined : typeof inner === 'number' ? String(inner) : inner)))
}

const label = fc.constantFrom('a', 'b', 'le', 'on', 'sum', 'model_name')
const labels = fc.uniqueArray(label, { maxLength: 3 }).map((names) => `(${names.join(', ')})`)
const quoted = fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => JSON.stringify(text))
const duration = fc.constantFrom('5m', '1h30m', '90s', '1d', '250ms', '2w', '300')
const number = fc.oneof(
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('0x1f', 'Inf', 'NaN', '1_000', '.5', '017', '5m'),
)
const matcher = fc.tuple(label, fc.constantFrom('=', '!=', '=~', '!~'), fc.constantFrom('""', '"x"', '".+"', '"a|b"', "'it\\'s'"))
const modifier = fc.constantFrom('', ' offset 5m', ' offset -1h', ' @ 12.5', ' @ start()', ' @ end() offset 3m', ' offset 1s @ -7')

function selector(range: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom('up', 'a:b', 'sum', 'offset', 'by'),
      fc.array(
        matcher.map((parts) => parts.join('')),
        { maxLength: 2 },
      ),
      range,
      modifier,
    )
    .map(([name, matchers, brackets, rest]) => `${name}${matchers.length > 0 ? `{${matchers.join(', ')}}` : ''}${brackets}${rest}`)
}

const { vector, scalar } = fc.letrec<{ vector: string; scalar: string; range: string }>((tie) => ({
  vector: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    selector(fc.constant('')),
    fc.tuple(fc.constantFrom('abs', 'sort', 'absent'), tie('vector')).map(([name, arg]) => `${name}(${arg})`),
    fc.tuple(fc.constantFrom('rate', 'max_over_time', 'deriv'), tie('range')).map(([name, arg]) => `${name}(${arg})`),
    fc
      .tuple(fc.constantFrom('sum', 'AVG', 'group'), fc.constantFrom('by', 'without'), labels, tie('vector'))
      .map(([name, way, names, arg]) => `${name} ${way} ${names} (${arg})`),
    fc.tuple(fc.constantFrom('topk', 'quantile'), tie('scalar'), tie('vector')).map(([name, k, arg]) => `${name}(${k}, ${arg})`),
    fc.tuple(tie('vector'), quoted, quoted, quoted).map(([arg, ...texts]) => `label_join(${arg}, ${texts.join(', ')})`),
    fc
      .tuple(tie('vector'), fc.constantFrom('+', '-', '^', 'atan2', '> bool', '<=', 'and', 'or', 'unless'), tie('vector'))
      .map((parts) => parts.join(' ')),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('*', '=='),
        fc.constantFrom('on', 'ignoring'),
        fc.constantFrom('', 'group_left', 'group_right (c, d)'),
        tie('vector'),
      )
      .map(([left, operator, way, group, right]) => `${left} ${operator} ${way} (a) ${group === 'group_left' ? 'group_left ()' : group} ${right}`),
    fc.tuple(fc.constantFrom('+', '-'), tie('vector')).map((parts) => parts.join('')),
    tie('vector').map((inner) => `(${inner})`),
  ),
  scalar: fc.oneof(
    { maxDepth: 3 },
    number,
    fc.tuple(tie('scalar'), fc.constantFrom('+', '*', '^', '%', '>= bool'), tie('scalar')).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom('-', '+'), tie('scalar')).map((parts) => parts.join(' ')),
    tie('vector').map((inner) => `scalar(${inner})`),
    tie('scalar').map((inner) => `(${inner})`),
  ),
  range: fc.oneof(
    selector(duration.map((text) => `[${text}]`)),
    fc
      .tuple(tie('vector'), duration, fc.oneof(fc.constant(''), duration), modifier)
      .map(([inner, range, step, rest]) => `(${inner})[${range}:${step}]${rest}`),
  ),
}))

describe('parse and format', () => {
  it('a printed expression parses back to the same tree', () => {
    fc.assert(
      fc.property(fc.oneof(vector, scalar), (text) => {
        const first = parse(text)
        if (!first.ok) throw new Error(`${text}: ${first.error.message}`)
        const printed = format(first.value)
        const second = parse(printed)
        if (!second.ok) throw new Error(`${printed}: ${second.error.message}`)
        expect(shape(second.value)).toEqual(shape(first.value))
        expect(format(second.value)).toBe(printed)
      }),
      { numRuns: 1000 },
    )
  })

  it('never throws, whatever the text, and puts errors inside it', () => {
    const pieces = fc.constantFrom(
      'sum',
      '(',
      ')',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '5m',
      ':',
      '@',
      'offset',
      'by',
      'on',
      '-',
      '^',
      '=~',
      '!',
      ',',
      'x',
      '\\',
      '\n',
      '#',
      'rate',
      'é',
      '\u{1f600}',
      '\ud800',
    )
    const soup = fc.array(pieces, { maxLength: 20 }).chain((parts) => fc.constantFrom(parts.join(''), parts.join(' ')))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), soup), (text) => {
        for (const result of [parse(text), parseSelector(text)]) {
          if (result.ok) continue
          expect(result.error.span.start).toBeGreaterThanOrEqual(0)
          expect(result.error.span.start).toBeLessThanOrEqual(text.length)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
