import type { Expr } from './ast.ts'

/** Functions that read the evaluation time itself. */
const READ_THE_TIME: ReadonlySet<string> = new Set([
  'time',
  'timestamp',
  'start_timestamp',
  'predict_linear',
  'minute',
  'hour',
  'day_of_week',
  'day_of_month',
  'day_of_year',
  'days_in_month',
  'month',
  'year',
])

/** Whether the expression has the same value at every step: all its selectors are pinned by `@` and nothing reads the time. */
export function isStepInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return true
    case 'vector-selector':
    case 'subquery':
      return expr.at !== undefined
    case 'matrix-selector':
      return expr.selector.at !== undefined
    case 'paren':
    case 'unary':
      return isStepInvariant(expr.expr)
    case 'binary':
      return isStepInvariant(expr.left) && isStepInvariant(expr.right)
    case 'call':
      return !READ_THE_TIME.has(expr.name) && expr.args.every(isStepInvariant)
    case 'aggregate':
      return isStepInvariant(expr.expr) && (expr.parameter === undefined || isStepInvariant(expr.parameter))
  }
}
