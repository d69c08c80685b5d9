import type { Aggregate, Binary, Call, Expr, MatrixSelector, Paren, VectorSelector } from '@signalbox/promql'

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector-selector':
      return []
    case 'matrix-selector':
      return [expr.selector]
    case 'subquery':
    case 'paren':
    case 'unary':
      return [expr.expr]
    case 'binary':
      return [expr.left, expr.right]
    case 'call':
      return expr.args
    case 'aggregate':
      return expr.parameter === undefined ? [expr.expr] : [expr.parameter, expr.expr]
  }
}

/** A part of an expression with what surrounds it, the nearest first. */
export interface Spot<T extends Expr = Expr> {
  readonly expr: T
  readonly around: readonly Expr[]
}

/** Every part of the expression, outermost first, in the order of the text. */
export function spotsOf(root: Expr): readonly Spot[] {
  const spots: Spot[] = []
  const visit = (expr: Expr, around: readonly Expr[]): void => {
    spots.push({ expr, around })
    const next = [expr, ...around]
    for (const child of childrenOf(expr)) visit(child, next)
  }
  visit(root, [])
  return spots
}

export function selectorsIn(root: Expr): readonly Spot<VectorSelector>[] {
  return spotsOf(root).filter((spot): spot is Spot<VectorSelector> => spot.expr.kind === 'vector-selector')
}

export function callsIn(root: Expr, ...names: readonly string[]): readonly Spot<Call>[] {
  return spotsOf(root).filter((spot): spot is Spot<Call> => spot.expr.kind === 'call' && (names.length === 0 || names.includes(spot.expr.name)))
}

export function aggregatesIn(root: Expr): readonly Spot<Aggregate>[] {
  return spotsOf(root).filter((spot): spot is Spot<Aggregate> => spot.expr.kind === 'aggregate')
}

export function binariesIn(root: Expr): readonly Spot<Binary>[] {
  return spotsOf(root).filter((spot): spot is Spot<Binary> => spot.expr.kind === 'binary')
}

export function rangesIn(root: Expr): readonly Spot<MatrixSelector>[] {
  return spotsOf(root).filter((spot): spot is Spot<MatrixSelector> => spot.expr.kind === 'matrix-selector')
}

/** Without the parentheses around it. */
export function bare(expr: Expr): Exclude<Expr, Paren> {
  let inner = expr
  while (inner.kind === 'paren') inner = inner.expr
  return inner
}

/** The number that an expression without series is; undefined for all else. */
export function constantOf(expr: Expr): number | undefined {
  const inner = bare(expr)
  if (inner.kind === 'number') return inner.value
  if (inner.kind === 'unary') {
    const value = constantOf(inner.expr)
    return value === undefined || inner.operator === '+' ? value : -value
  }
  if (inner.kind !== 'binary') return undefined
  const [left, right] = [constantOf(inner.left), constantOf(inner.right)]
  if (left === undefined || right === undefined) return undefined
  if (inner.operator === '*') return left * right
  if (inner.operator === '/') return left / right
  if (inner.operator === '+') return left + right
  return inner.operator === '-' ? left - right : undefined
}

export type Comparison = '==' | '!=' | '<' | '>' | '<=' | '>='
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>='])
const MIRRORED: Readonly<Record<string, Comparison>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=', '==': '==', '!=': '!=' }

export function isComparison(expr: Expr): expr is Binary & { readonly operator: Comparison } {
  return expr.kind === 'binary' && COMPARISONS.has(expr.operator)
}

/** A comparison of series with a number, the series on the left. */
export interface Limit {
  readonly value: Expr
  readonly operator: Comparison
  readonly limit: number
}

export function limitOf(expr: Expr): Limit | undefined {
  if (!isComparison(expr)) return undefined
  const { operator } = expr
  const right = constantOf(expr.right)
  const left = constantOf(expr.left)
  if (right !== undefined && left === undefined) return { value: expr.left, operator, limit: right }
  if (left !== undefined && right === undefined) return { value: expr.right, operator: MIRRORED[operator] ?? operator, limit: left }
  return undefined
}

/** The parts that decide whether an alert fires: what `and` and `or` join, and the left side of `unless`. */
export function conditionsOf(expr: Expr): readonly Expr[] {
  const inner = bare(expr)
  if (inner.kind === 'binary' && (inner.operator === 'and' || inner.operator === 'or')) {
    return [...conditionsOf(inner.left), ...conditionsOf(inner.right)]
  }
  if (inner.kind === 'binary' && inner.operator === 'unless') return conditionsOf(inner.left)
  return [inner]
}
