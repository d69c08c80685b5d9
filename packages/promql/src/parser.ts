import { failure, ok, type Result } from '@signalbox/base'
import { type AggregateOperator, type At, type BinaryOperator, type Expr, isSetOperator, type VectorMatching, type VectorSelector } from './ast.ts'
import { offsetDuration, positiveDuration } from './duration-parser.ts'
import type { Token } from './lexer.ts'
import { matcher } from './matcher.ts'
import { ParseFailure, toParseError } from './parse-failure.ts'
import { quote } from './quote.ts'
import { TokenReader } from './token-reader.ts'
import { checkTypes, requireMatcher } from './type-check.ts'
import type { Matcher, MatchOperator, ParseError, ParseOptions } from './types.ts'

/** Deeper nesting is refused, so that a hostile text cannot exhaust the stack. */
const DEPTH_MAX = 200
/** A chain of operators is a tree as deep as it is long. */
const OPERATORS_MAX = 500
const UNARY_PRECEDENCE = 5
const METRIC_NAME = '__name__'

const WITH_PARAMETER: ReadonlySet<AggregateOperator> = new Set(['topk', 'bottomk', 'count_values', 'quantile', 'limitk', 'limit_ratio'])
const NO_FILL: Pick<VectorMatching, 'fillLeft' | 'fillRight'> = { fillLeft: undefined, fillRight: undefined }

/** Binding strengths; all but `^` group to the left. */
const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
}

/** The type-checked tree of an expression. Never throws. */
export function parse(text: string, options: ParseOptions = {}): Result<Expr, ParseError> {
  return guarded(text, () => {
    const parser = new Parser(text, options.experimental ?? false)
    const expr = parser.whole()
    checkTypes(expr, options.experimental ?? false)
    return expr
  })
}

/** The matchers of one plain selector (`up{job="x"}`), as `match[]` takes them. */
export function parseSelector(text: string): Result<readonly Matcher[], ParseError> {
  return guarded(text, () => new Parser(text, false).wholeSelector().matchers)
}

function guarded<T>(text: string, run: () => T): Result<T, ParseError> {
  try {
    return ok(run())
  } catch (error) {
    if (error instanceof ParseFailure) return failure(toParseError(text, error))
    throw error
  }
}

/** Recursive descent with precedence climbing over binary operators. */
class Parser {
  readonly #reader: TokenReader
  readonly #experimental: boolean
  #depth = 0
  #operators = 0

  constructor(text: string, experimental: boolean) {
    this.#experimental = experimental
    this.#reader = new TokenReader(text)
  }

  whole(): Expr {
    if (this.#reader.is('end')) throw new ParseFailure('no expression found in input', { start: 0, end: 0 })
    const expr = this.#expression(0)
    if (!this.#reader.is('end')) this.#reader.unexpected()
    return expr
  }

  wholeSelector(): VectorSelector {
    const reader = this.#reader
    const start = reader.current.start
    if (reader.is('end')) throw new ParseFailure('no expression found in input', { start: 0, end: 0 })
    if (!isMetricName(reader.current) && !reader.is('punctuation', '{')) reader.unexpected()
    const selector = this.#selector(start, isMetricName(reader.current) ? reader.advance().text : '')
    if (!reader.is('end')) reader.unexpected()
    requireMatcher(selector)
    return selector
  }

  #expression(strengthMin: number): Expr {
    if (++this.#depth > DEPTH_MAX) throw new ParseFailure(`expression nested deeper than ${DEPTH_MAX} levels`, this.#reader.current)
    let left = this.#unary()
    for (;;) {
      const operator = this.#binaryOperator()
      if (operator === undefined || PRECEDENCE[operator] < strengthMin) break
      left = this.#binary(left, operator)
    }
    this.#depth--
    return left
  }

  #binaryOperator(): BinaryOperator | undefined {
    const token = this.#reader.current
    return token.kind === 'operator' && Object.hasOwn(PRECEDENCE, token.value) ? (token.value as BinaryOperator) : undefined
  }

  #binary(left: Expr, operator: BinaryOperator): Expr {
    const reader = this.#reader
    const token = reader.advance()
    if (++this.#operators > OPERATORS_MAX) throw new ParseFailure(`expression has more than ${OPERATORS_MAX} binary operators`, token)
    const bool = reader.is('keyword', 'bool')
    if (bool) reader.advance()
    const matching = this.#matching(operator, token)
    const strength = PRECEDENCE[operator]
    const right = this.#expression(operator === '^' ? strength : strength + 1)
    return { kind: 'binary', operator, left, right, bool, matching, place: reader.placeFrom(left.place.start) }
  }

  #matching(operator: BinaryOperator, token: Token): VectorMatching | undefined {
    const reader = this.#reader
    if (!reader.is('keyword', 'on') && !reader.is('keyword', 'ignoring')) {
      const fill = this.#fill(operator)
      return fill === undefined ? undefined : { cardinality: 'one-to-one', on: false, labels: [], include: [], ...fill }
    }
    const on = reader.advance().value === 'on'
    const labels = this.#labels()
    let cardinality: VectorMatching['cardinality'] = isSetOperator(operator) ? 'many-to-many' : 'one-to-one'
    let include: readonly string[] = []
    if (reader.is('keyword', 'group_left') || reader.is('keyword', 'group_right')) {
      const modifier = reader.advance()
      if (isSetOperator(operator)) throw new ParseFailure(`no grouping allowed for ${quote(operator)} operation`, token)
      cardinality = modifier.value === 'group_left' ? 'many-to-one' : 'one-to-many'
      if (reader.is('punctuation', '(')) include = this.#labels()
      const twice = on ? include.find((label) => labels.includes(label)) : undefined
      if (twice !== undefined) throw new ParseFailure(`label ${quote(twice)} must not occur in ON and GROUP clause at once`, modifier)
    }
    return { cardinality, on, labels, include, ...(this.#fill(operator) ?? NO_FILL) }
  }

  /** `fill(v)`, or `fill_left(v)` and `fill_right(v)` in either order. */
  #fill(operator: BinaryOperator): typeof NO_FILL | undefined {
    const reader = this.#reader
    let { fillLeft, fillRight }: typeof NO_FILL = NO_FILL
    while (reader.current.kind === 'keyword' && reader.current.value.startsWith('fill') && reader.peek().value === '(') {
      const token = reader.advance()
      if (!this.#experimental) throw new ParseFailure('binop fill modifiers are experimental and not enabled', token)
      if (isSetOperator(operator)) throw new ParseFailure('filling in missing series not allowed for set operators', token)
      const left = token.value !== 'fill_right'
      const right = token.value !== 'fill_left'
      if ((left && fillLeft !== undefined) || (right && fillRight !== undefined)) reader.unexpected('fill modifiers')
      reader.expect('(', 'fill modifiers')
      const value = reader.signedSeconds('fill modifiers', 'number')
      reader.expect(')', 'fill modifiers')
      if (left) fillLeft = value
      if (right) fillRight = value
    }
    return fillLeft === undefined && fillRight === undefined ? undefined : { fillLeft, fillRight }
  }

  #unary(): Expr {
    const reader = this.#reader
    if (!reader.is('operator', '-') && !reader.is('operator', '+')) return this.#postfix()
    const token = reader.advance()
    const expr = this.#expression(UNARY_PRECEDENCE + 1)
    const place = reader.placeFrom(token.start)
    if (expr.kind === 'number') return { ...expr, value: token.value === '-' ? -expr.value : expr.value, place }
    return { kind: 'unary', operator: token.value === '-' ? '-' : '+', expr, place }
  }

  #postfix(): Expr {
    let expr = this.#primary()
    for (;;) {
      if (this.#reader.is('punctuation', '[')) expr = this.#brackets(expr)
      else if (this.#reader.is('keyword', 'offset')) expr = this.#offset(expr)
      else if (this.#reader.is('punctuation', '@')) expr = this.#at(expr)
      else if (this.#reader.is('keyword', 'anchored') || this.#reader.is('keyword', 'smoothed')) expr = this.#boundaries(expr)
      else return expr
    }
  }

  #brackets(expr: Expr): Expr {
    const reader = this.#reader
    reader.advance()
    const range = positiveDuration(reader, 'subquery or range selector')
    const spans = { rangeMs: range.ms, rangeExpr: range.expr }
    if (reader.take(':')) {
      const step = reader.is('punctuation', ']') ? undefined : positiveDuration(reader, 'subquery selector')
      reader.expect(']', 'subquery selector')
      const place = reader.placeFrom(expr.place.start)
      return { kind: 'subquery', expr, ...spans, stepMs: step?.ms, stepExpr: step?.expr, offsetMs: 0, at: undefined, place }
    }
    reader.expect(']', 'subquery or range')
    const place = reader.placeFrom(expr.place.start)
    if (expr.kind !== 'vector-selector') throw new ParseFailure('ranges only allowed for vector selectors', place)
    if (hasOffset(expr)) throw new ParseFailure('no offset modifiers allowed before range', place)
    if (expr.at !== undefined) throw new ParseFailure('no @ modifiers allowed before range', place)
    return { kind: 'matrix-selector', selector: expr, ...spans, place }
  }

  #offset(expr: Expr): Expr {
    const reader = this.#reader
    reader.advance()
    const offset = offsetDuration(reader)
    const place = reader.placeFrom(expr.place.start)
    const target = expr.kind === 'matrix-selector' ? expr.selector : expr
    if (target.kind !== 'vector-selector' && target.kind !== 'subquery') {
      throw new ParseFailure('offset modifier must be preceded by an instant vector selector or range vector selector or a subquery', expr.place)
    }
    if (hasOffset(target)) throw new ParseFailure('offset may not be set multiple times', place)
    const offsets = { offsetMs: offset.ms, offsetExpr: offset.expr }
    if (expr.kind === 'matrix-selector') return { ...expr, selector: { ...expr.selector, ...offsets }, place }
    return { ...target, ...offsets, place }
  }

  #boundaries(expr: Expr): Expr {
    const reader = this.#reader
    const token = reader.advance()
    const boundaries = token.value === 'anchored' ? 'anchored' : 'smoothed'
    const place = reader.placeFrom(expr.place.start)
    if (!this.#experimental) throw new ParseFailure(`${boundaries} modifier is experimental and not enabled`, token)
    const target = expr.kind === 'matrix-selector' ? expr.selector : expr
    if (target.kind !== 'vector-selector') throw new ParseFailure(`${boundaries} modifier not implemented`, expr.place)
    if (target.boundaries !== 'sampled') throw new ParseFailure('anchored and smoothed modifiers cannot be used together', place)
    if (expr.kind === 'matrix-selector') return { ...expr, selector: { ...expr.selector, boundaries }, place }
    if (boundaries === 'anchored') throw new ParseFailure('anchored modifier can only be used with range selectors', place)
    return { ...target, boundaries, place }
  }

  #at(expr: Expr): Expr {
    const reader = this.#reader
    reader.advance()
    const at = this.#atArgument()
    const place = reader.placeFrom(expr.place.start)
    const target = expr.kind === 'matrix-selector' ? expr.selector : expr
    if (target.kind !== 'vector-selector' && target.kind !== 'subquery') {
      throw new ParseFailure('@ modifier must be preceded by an instant vector selector or range vector selector or a subquery', expr.place)
    }
    if (target.at !== undefined) throw new ParseFailure('@ <timestamp> may not be set multiple times', place)
    if (expr.kind === 'matrix-selector') return { ...expr, selector: { ...expr.selector, at }, place }
    return { ...target, at, place }
  }

  #atArgument(): At {
    const reader = this.#reader
    const token = reader.current
    const word = token.value.toLowerCase()
    if (token.kind === 'identifier' && (word === 'start' || word === 'end')) {
      reader.advance()
      reader.expect('(', '@')
      reader.expect(')', '@')
      return { kind: word }
    }
    const seconds = reader.signedSeconds('@', 'timestamp')
    if (!Number.isFinite(seconds) || Math.abs(seconds) >= 2 ** 63 / 1000) {
      throw new ParseFailure(`timestamp out of bounds for @ modifier: ${seconds}`, token)
    }
    return { kind: 'time', timeMs: Math.round(seconds * 1000) }
  }

  #primary(): Expr {
    const reader = this.#reader
    const token = reader.current
    switch (token.kind) {
      case 'number':
      case 'duration':
        return { kind: 'number', value: reader.seconds(), duration: token.kind === 'duration', place: reader.placeOf(token) }
      case 'string':
        return { kind: 'string', value: reader.string(), place: reader.placeOf(token) }
      case 'aggregator': {
        const next = reader.peek()
        if (next.kind === 'keyword' ? next.value === 'by' || next.value === 'without' : next.value === '(') return this.#aggregate()
        return this.#nameOrCall()
      }
      case 'identifier':
      case 'metric-identifier':
        return this.#nameOrCall()
      case 'keyword':
      case 'operator':
        return isMetricName(token) ? this.#nameOrCall() : reader.unexpected()
      case 'punctuation':
        if (reader.take('(')) {
          const expr = this.#expression(0)
          reader.expect(')', 'parenthesised expression')
          return { kind: 'paren', expr, place: reader.placeFrom(token.start) }
        }
        return token.value === '{' ? this.#selector(token.start, '') : reader.unexpected()
      case 'end':
      case 'error':
        return reader.unexpected()
    }
  }

  #nameOrCall(): Expr {
    const reader = this.#reader
    const token = reader.advance()
    if (token.kind === 'identifier' && reader.is('punctuation', '(')) {
      const args = this.#args('function call')
      return { kind: 'call', name: token.text, args, place: reader.placeFrom(token.start) }
    }
    if (token.kind === 'aggregator' && reader.is('identifier')) reader.unexpected('aggregation')
    return this.#selector(token.start, token.text)
  }

  #args(context: string): Expr[] {
    const reader = this.#reader
    reader.expect('(', context)
    const args: Expr[] = []
    if (reader.take(')')) return args
    for (;;) {
      args.push(this.#expression(0))
      if (reader.take(')')) return args
      reader.expect(',', context)
      if (reader.is('punctuation', ')')) throw new ParseFailure(`trailing commas not allowed in function call args`, reader.current)
    }
  }

  #aggregate(): Expr {
    const reader = this.#reader
    const token = reader.advance()
    const before = this.#grouping()
    const args = this.#args('aggregation')
    const grouping = before ?? this.#grouping() ?? { without: false, labels: [] }
    const place = reader.placeFrom(token.start)
    const operator = token.value as AggregateOperator
    const wanted = WITH_PARAMETER.has(operator) ? 2 : 1
    if (!this.#experimental && (operator === 'limitk' || operator === 'limit_ratio')) {
      throw new ParseFailure(`${operator}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`, token)
    }
    if (args.length === 0) throw new ParseFailure('no arguments for aggregate expression provided', place)
    if (args.length !== wanted) {
      throw new ParseFailure(`wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`, place)
    }
    const expr = args[wanted - 1] as Expr
    return {
      kind: 'aggregate',
      operator,
      expr,
      parameter: wanted === 2 ? args[0] : undefined,
      without: grouping.without,
      grouping: grouping.labels,
      place,
    }
  }

  #grouping(): { without: boolean; labels: readonly string[] } | undefined {
    const reader = this.#reader
    if (!reader.is('keyword', 'by') && !reader.is('keyword', 'without')) return undefined
    const without = reader.advance().value === 'without'
    return { without, labels: this.#labels() }
  }

  #labels(): readonly string[] {
    const reader = this.#reader
    if (!reader.take('(')) reader.unexpected('grouping opts', '"("')
    const labels: string[] = []
    while (!reader.take(')')) {
      if (reader.is('string')) labels.push(reader.string())
      else if (isName(reader.current) && reader.current.kind !== 'metric-identifier') labels.push(reader.advance().text)
      else reader.unexpected('grouping opts', 'label')
      if (!reader.is('punctuation', ')') && !reader.take(',')) reader.unexpected('grouping opts', '"," or ")"')
    }
    return labels
  }

  #selector(start: number, ownName: string): VectorSelector {
    const reader = this.#reader
    const matchers: Matcher[] = []
    let name = ownName
    if (reader.take('{')) {
      while (!reader.take('}')) {
        const token = reader.current
        const quotedName = this.#matcher(matchers)
        if (quotedName !== undefined) {
          if (name !== '') throw new ParseFailure(`metric name must not be set twice: ${quote(name)} or ${quote(quotedName)}`, token)
          name = quotedName
        }
        if (!reader.is('punctuation', '}') && !reader.take(',')) reader.unexpected('label matching', '"," or "}"')
      }
    }
    const place = reader.placeFrom(start)
    if (name !== '') {
      const twice = matchers.find((m) => m.name === METRIC_NAME)
      if (twice !== undefined) throw new ParseFailure(`metric name must not be set twice: ${quote(name)} or ${quote(twice.value)}`, place)
      matchers.push(compiled(METRIC_NAME, '=', name, reader.current))
    }
    return { kind: 'vector-selector', name, matchers, offsetMs: 0, at: undefined, boundaries: 'sampled', place }
  }

  /** One matcher, appended; or a quoted metric name, answered. */
  #matcher(matchers: Matcher[]): string | undefined {
    const reader = this.#reader
    if (!reader.is('identifier') && !reader.is('string')) reader.unexpected('label matching', 'identifier or "}"')
    const quoted = reader.is('string')
    const name = quoted ? reader.string() : reader.advance().text
    if (quoted && (reader.is('punctuation', ',') || reader.is('punctuation', '}'))) return name
    if (!reader.is('operator')) reader.unexpected('label matching', 'label matching operator')
    const operator = reader.advance().value as MatchOperator
    if (!reader.is('string')) reader.unexpected('label matching', 'string')
    const token = reader.current
    matchers.push(compiled(name, operator, reader.string(), token))
    return undefined
  }
}

function hasOffset(expr: { readonly offsetMs: number; readonly offsetExpr?: unknown }): boolean {
  return expr.offsetMs !== 0 || expr.offsetExpr !== undefined
}

function compiled(name: string, operator: MatchOperator, value: string, token: Token): Matcher {
  const result = matcher(name, operator, value)
  if (!result.ok) throw new ParseFailure(result.error, token)
  return result.value
}

/** Keywords and word operators that are metrics where an operand is due. SOURCE: prometheus promql/parser (metric_identifier). */
const METRIC_WORDS: ReadonlySet<string> = new Set([
  'and',
  'or',
  'unless',
  'offset',
  'by',
  'without',
  'fill',
  'fill_left',
  'fill_right',
  'anchored',
  'smoothed',
])

function isMetricName(token: Token): boolean {
  if (token.kind === 'keyword' || token.kind === 'operator') return METRIC_WORDS.has(token.value)
  return isName(token)
}

/** Whether the token can be a label name: all words can. */
function isName(token: Token): boolean {
  switch (token.kind) {
    case 'identifier':
    case 'metric-identifier':
    case 'keyword':
    case 'aggregator':
      return true
    case 'operator':
      return /^[a-zA-Z]/.test(token.text)
    case 'number':
    case 'duration':
    case 'string':
    case 'punctuation':
    case 'end':
    case 'error':
      return false
  }
}
