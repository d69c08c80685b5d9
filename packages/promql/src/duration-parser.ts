import type { DurationExpr, DurationOperator } from './ast.ts'
import { durationSeconds } from './duration-expr.ts'
import { ParseFailure } from './parse-failure.ts'
import type { TokenReader } from './token-reader.ts'

/** Deeper nesting is refused, so that a hostile text cannot exhaust the stack. */
const DEPTH_MAX = 100
const TIME_MS_MAX = 2 ** 63
const EXPECTED = 'number, duration, step(), or range()'

/** Binding strengths; all but `^` group to the left. */
const STRENGTH: ReadonlyMap<string, number> = new Map([
  ['+', 1],
  ['-', 1],
  ['*', 2],
  ['/', 2],
  ['%', 2],
  ['^', 3],
])

/** A length of time: known at once, or an expression over `step()` and `range()` that the query resolves. */
export interface ParsedDuration {
  /** Milliseconds; 0 when `expr` is to be resolved. */
  readonly ms: number
  readonly expr: DurationExpr | undefined
}

/** What stands in brackets: a whole expression, positive where it can be known already. */
export function positiveDuration(reader: TokenReader, context: string): ParsedDuration {
  const token = reader.current
  const expr = sum(reader, context, 0, 0)
  const literal = literalSeconds(expr)
  if (literal === undefined) return { ms: 0, expr }
  const ms = Math.round(literal * 1000)
  if (!(ms > 0)) throw new ParseFailure('duration must be greater than 0', token)
  if (ms * 1e6 >= TIME_MS_MAX) throw new ParseFailure('duration out of range', token)
  return { ms, expr: undefined }
}

/** What follows `offset`: one operand, signed; more only in parentheses. */
export function offsetDuration(reader: TokenReader): ParsedDuration {
  const token = reader.current
  const expr = signed(reader, 'offset', 0)
  const literal = literalSeconds(expr)
  if (literal === undefined) return { ms: 0, expr }
  const ms = Math.round(literal * 1000)
  if (!Number.isFinite(ms) || Math.abs(ms) * 1e6 >= TIME_MS_MAX) throw new ParseFailure('duration out of range', token)
  return { ms, expr: undefined }
}

/** The seconds of a literal with its sign; undefined for anything that is computed. */
function literalSeconds(expr: DurationExpr): number | undefined {
  const plain = expr.kind === 'literal' || (expr.kind === 'unary' && expr.operand.kind === 'literal')
  if (!plain) return undefined
  const seconds = durationSeconds(expr, { stepMs: 0, rangeMs: 0 })
  return seconds.ok ? seconds.value : undefined
}

function sum(reader: TokenReader, context: string, strengthMin: number, depth: number): DurationExpr {
  if (depth > DEPTH_MAX) throw new ParseFailure(`duration expression nested deeper than ${DEPTH_MAX} levels`, reader.current)
  let left = signed(reader, context, depth)
  let operators = 0
  for (;;) {
    const token = reader.current
    const strength = token.kind === 'operator' ? STRENGTH.get(token.value) : undefined
    if (strength === undefined || strength < strengthMin) return left
    if (++operators > DEPTH_MAX) throw new ParseFailure(`duration expression has more than ${DEPTH_MAX} operators`, token)
    reader.advance()
    const right = sum(reader, context, token.value === '^' ? strength : strength + 1, depth + 1)
    left = { kind: 'binary', operator: token.value as DurationOperator, left, right, place: reader.placeFrom(left.place.start) }
  }
}

/** A sign binds weaker than `^` and as strongly as `*`. */
function signed(reader: TokenReader, context: string, depth: number): DurationExpr {
  const token = reader.current
  if (token.kind !== 'operator' || (token.value !== '-' && token.value !== '+')) return operand(reader, context, depth)
  reader.advance()
  const inner = context === 'offset' ? operand(reader, context, depth) : sum(reader, context, STRENGTH.get('^') as number, depth + 1)
  return { kind: 'unary', operator: token.value, operand: inner, place: reader.placeFrom(token.start) }
}

function operand(reader: TokenReader, context: string, depth: number): DurationExpr {
  const token = reader.current
  if (token.kind === 'number' || token.kind === 'duration') {
    return { kind: 'literal', seconds: reader.seconds(), duration: token.kind === 'duration', place: reader.placeOf(token) }
  }
  if (reader.take('(')) {
    const inner = sum(reader, '', 0, depth + 1)
    reader.expect(')', 'duration expression')
    return { kind: 'paren', inner, place: reader.placeFrom(token.start) }
  }
  const name = token.kind === 'identifier' ? token.value.toLowerCase() : ''
  if (name === 'step' || name === 'range') {
    reader.advance()
    reader.expect('(', 'duration expression')
    reader.expect(')', 'duration expression')
    return { kind: name, place: reader.placeFrom(token.start) }
  }
  if (name !== 'min_of' && name !== 'max_of') return reader.unexpected(context === '' ? 'duration expression' : context, EXPECTED)
  reader.advance()
  reader.expect('(', 'duration expression')
  const left = sum(reader, '', 0, depth + 1)
  reader.expect(',', 'duration expression')
  const right = sum(reader, '', 0, depth + 1)
  reader.expect(')', 'duration expression')
  return { kind: 'binary', operator: name, left, right, place: reader.placeFrom(token.start) }
}
