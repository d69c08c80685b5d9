import { failure, ok, type Result } from '@signalbox/base'
import { goMax, goMin, power } from './arithmetic.ts'
import type { DurationExpr, Expr, VectorSelector } from './ast.ts'
import { EvaluationFailure } from './failure.ts'

/** What `step()` and `range()` stand for; both 0 in an instant query. */
export interface QuerySpan {
  readonly stepMs: number
  readonly rangeMs: number
}

/** The value of a duration expression in seconds; fails on a division by zero, naming the offsets of its operands in the text. */
export function durationSeconds(expr: DurationExpr, span: QuerySpan): Result<number, string> {
  switch (expr.kind) {
    case 'literal':
      return ok(expr.seconds)
    case 'step':
      return ok(span.stepMs / 1000)
    case 'range':
      return ok(span.rangeMs / 1000)
    case 'paren':
      return durationSeconds(expr.inner, span)
    case 'unary': {
      const operand = durationSeconds(expr.operand, span)
      return operand.ok && expr.operator === '-' ? ok(-operand.value) : operand
    }
    case 'binary':
      return binarySeconds(expr, span)
  }
}

function binarySeconds(expr: DurationExpr & { kind: 'binary' }, span: QuerySpan): Result<number, string> {
  const left = durationSeconds(expr.left, span)
  if (!left.ok) return left
  const right = durationSeconds(expr.right, span)
  if (!right.ok) return right
  switch (expr.operator) {
    case '+':
      return ok(left.value + right.value)
    case '-':
      return ok(left.value - right.value)
    case '*':
      return ok(left.value * right.value)
    case '/':
      return right.value === 0 ? failure(`${at(expr)}: division by zero`) : ok(left.value / right.value)
    case '%':
      return right.value === 0 ? failure(`${at(expr)}: modulo by zero`) : ok(left.value % right.value)
    case '^':
      return ok(power(left.value, right.value))
    case 'min_of':
      return ok(goMin(left.value, right.value))
    case 'max_of':
      return ok(goMax(left.value, right.value))
  }
}

function at({ place }: DurationExpr): string {
  return `${place.start}:${place.end}`
}

/** Whole milliseconds; fails the query over a duration that is out of range, or not positive where it must be. */
function resolved(expr: DurationExpr, span: QuerySpan, signed: boolean): number {
  const seconds = durationSeconds(expr, span)
  if (!seconds.ok) throw new EvaluationFailure('execution', seconds.error)
  const ms = Math.trunc(seconds.value * 1000)
  if (!signed && !(seconds.value > 0)) throw new EvaluationFailure('execution', `${at(expr)}: duration must be greater than 0`)
  if (!(Math.abs(ms) < 2 ** 63 / 1e6)) throw new EvaluationFailure('execution', `${at(expr)}: duration is out of range`)
  return ms
}

/** The tree with every computed duration in place; the same tree when there is none. Throws EvaluationFailure. */
export function resolveDurations(expr: Expr, span: QuerySpan): Expr {
  const inner = (one: Expr): Expr => resolveDurations(one, span)
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr
    case 'vector-selector':
      return resolveSelector(expr, span)
    case 'matrix-selector':
      return {
        ...expr,
        selector: resolveSelector(expr.selector, span),
        rangeMs: expr.rangeExpr === undefined ? expr.rangeMs : resolved(expr.rangeExpr, span, false),
      }
    case 'subquery':
      return {
        ...expr,
        expr: inner(expr.expr),
        rangeMs: expr.rangeExpr === undefined ? expr.rangeMs : resolved(expr.rangeExpr, span, false),
        stepMs: expr.stepExpr === undefined ? expr.stepMs : resolved(expr.stepExpr, span, false),
        offsetMs: expr.offsetExpr === undefined ? expr.offsetMs : resolved(expr.offsetExpr, span, true),
      }
    case 'paren':
    case 'unary':
      return { ...expr, expr: inner(expr.expr) }
    case 'binary':
      return { ...expr, left: inner(expr.left), right: inner(expr.right) }
    case 'call':
      return { ...expr, args: expr.args.map(inner) }
    case 'aggregate':
      return { ...expr, expr: inner(expr.expr), parameter: expr.parameter === undefined ? undefined : inner(expr.parameter) }
  }
}

function resolveSelector(selector: VectorSelector, span: QuerySpan): VectorSelector {
  return selector.offsetExpr === undefined ? selector : { ...selector, offsetMs: resolved(selector.offsetExpr, span, true) }
}
