import type { At, DurationExpr, Expr, VectorSelector } from '../ast.ts'

const READ_THE_TIME = /^(?:time|timestamp|predict_linear|minute|hour|day_of_week|day_of_month|day_of_year|days_in_month|month|year)$/

/** The expression with `@ time` on every selector that has none. */
export function pinned(expr: Expr, timeMs: number): Expr {
  const pin = (inner: Expr): Expr => pinned(inner, timeMs)
  const pinSelector = (selector: VectorSelector): VectorSelector => ({ ...selector, at: selector.at ?? { kind: 'time', timeMs } })
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr
    case 'vector-selector':
      return pinSelector(expr)
    case 'matrix-selector':
      return { ...expr, selector: pinSelector(expr.selector) }
    case 'subquery':
      return { ...expr, at: expr.at ?? { kind: 'time', timeMs } }
    case 'paren':
    case 'unary':
      return { ...expr, expr: pin(expr.expr) }
    case 'binary':
      return { ...expr, left: pin(expr.left), right: pin(expr.right) }
    case 'call':
      return { ...expr, args: expr.args.map(pin) }
    case 'aggregate':
      return { ...expr, expr: pin(expr.expr), parameter: expr.parameter === undefined ? undefined : pin(expr.parameter) }
  }
}

/** Whether any function in it reads the evaluation time. */
export function readsTheTime(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector-selector':
    case 'matrix-selector':
      return false
    case 'subquery':
    case 'paren':
    case 'unary':
      return readsTheTime(expr.expr)
    case 'binary':
      return readsTheTime(expr.left) || readsTheTime(expr.right)
    case 'call':
      return READ_THE_TIME.test(expr.name) || expr.args.some(readsTheTime)
    case 'aggregate':
      return readsTheTime(expr.expr) || (expr.parameter !== undefined && readsTheTime(expr.parameter))
  }
}

/** Whether its value depends on the range and step of the whole query. */
export function readsTheQuery(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return false
    case 'vector-selector':
      return ofQuery(expr.at, expr.offsetExpr)
    case 'matrix-selector':
      return ofQuery(expr.selector.at, expr.selector.offsetExpr, expr.rangeExpr)
    case 'subquery':
      return ofQuery(expr.at, expr.offsetExpr, expr.rangeExpr, expr.stepExpr) || readsTheQuery(expr.expr)
    case 'paren':
    case 'unary':
      return readsTheQuery(expr.expr)
    case 'binary':
      return readsTheQuery(expr.left) || readsTheQuery(expr.right)
    case 'call':
      return /^(?:start|end|step|range)$/.test(expr.name) || expr.args.some(readsTheQuery)
    case 'aggregate':
      return readsTheQuery(expr.expr) || (expr.parameter !== undefined && readsTheQuery(expr.parameter))
  }
}

function ofQuery(at: At | undefined, ...durations: (DurationExpr | undefined)[]): boolean {
  return at?.kind === 'start' || at?.kind === 'end' || durations.some((duration) => duration !== undefined && readsStepOrRange(duration))
}

function readsStepOrRange(expr: DurationExpr): boolean {
  switch (expr.kind) {
    case 'literal':
      return false
    case 'step':
    case 'range':
      return true
    case 'paren':
      return readsStepOrRange(expr.inner)
    case 'unary':
      return readsStepOrRange(expr.operand)
    case 'binary':
      return readsStepOrRange(expr.left) || readsStepOrRange(expr.right)
  }
}
