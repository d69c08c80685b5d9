import type { Expr } from '@signalbox/promql'
import { bare } from './walk.ts'

/**
 * What is known of the labels of an expression's series. `exact`: these and no others. `series`: those of the scraped series, which
 * always have `instance` and `job`. `open`: anything.
 */
export type ResultLabels = { readonly kind: 'exact'; readonly names: ReadonlySet<string> } | { readonly kind: 'series' } | { readonly kind: 'open' }

const OPEN: ResultLabels = { kind: 'open' }
const NONE: ResultLabels = { kind: 'exact', names: new Set() }
/** Functions whose argument's labels are not those of their result, or that make their own. */
const RELABELLING: ReadonlySet<string> = new Set(['absent', 'absent_over_time', 'label_replace', 'label_join', 'info'])
const SCALAR: ReadonlySet<string> = new Set(['vector', 'scalar', 'time', 'pi'])

/** The labels of the series that `expr` makes; the metric's name does not count as one. `recorded` tells names whose labels are those of a rule. */
export function resultLabels(expr: Expr, recorded: ReadonlySet<string>): ResultLabels {
  const inner = bare(expr)
  switch (inner.kind) {
    case 'vector-selector':
      return recorded.has(inner.name) || inner.name.includes(':') ? seriesOf(inner.name, recorded) : { kind: 'series' }
    case 'matrix-selector':
      return resultLabels(inner.selector, recorded)
    case 'subquery':
    case 'unary':
      return resultLabels(inner.expr, recorded)
    case 'aggregate': {
      if (inner.operator === 'topk' || inner.operator === 'bottomk') return resultLabels(inner.expr, recorded)
      if (inner.without) return OPEN
      if (inner.operator === 'count_values') return OPEN
      return { kind: 'exact', names: new Set(inner.grouping) }
    }
    case 'call': {
      if (SCALAR.has(inner.name) || inner.args.length === 0) return NONE
      if (RELABELLING.has(inner.name)) return OPEN
      const argument = inner.args.find((one) => bare(one).kind !== 'number' && bare(one).kind !== 'string')
      if (argument === undefined) return NONE
      const labels = resultLabels(argument, recorded)
      if (inner.name !== 'histogram_quantile' || labels.kind !== 'exact') return labels
      return { kind: 'exact', names: new Set([...labels.names].filter((name) => name !== 'le')) }
    }
    case 'binary':
      return binaryLabels(inner, recorded)
    case 'number':
    case 'string':
      return NONE
  }
}

/** Names with a colon are recorded somewhere, unless an engine exposes them so (`vllm:`). */
function seriesOf(name: string, recorded: ReadonlySet<string>): ResultLabels {
  return recorded.has(name) || !/^(ray_)?(vllm|sglang|llamacpp):[a-z0-9_]+$/.test(name) ? OPEN : { kind: 'series' }
}

function binaryLabels(expr: Extract<Expr, { kind: 'binary' }>, recorded: ReadonlySet<string>): ResultLabels {
  const [left, right] = [resultLabels(expr.left, recorded), resultLabels(expr.right, recorded)]
  if (expr.operator === 'and' || expr.operator === 'unless') return left
  if (expr.operator === 'or') return sameLabels(left, right) ? left : OPEN
  if (isNumber(expr.right)) return left
  if (isNumber(expr.left)) return right
  const { matching } = expr
  if (matching === undefined) return left.kind === 'exact' ? left : right
  if (matching.cardinality !== 'one-to-one') return OPEN
  return matching.on ? { kind: 'exact', names: new Set(matching.labels) } : OPEN
}

/** True for what has no labels because it is no vector. */
export function isNumber(expr: Expr): boolean {
  const inner = bare(expr)
  if (inner.kind === 'number') return true
  if (inner.kind === 'call') return inner.name === 'scalar' || inner.name === 'time' || inner.name === 'pi'
  if (inner.kind === 'unary') return isNumber(inner.expr)
  return inner.kind === 'binary' && isNumber(inner.left) && isNumber(inner.right)
}

export function sameLabels(a: ResultLabels, b: ResultLabels): boolean {
  if (a.kind !== 'exact' || b.kind !== 'exact') return false
  return a.names.size === b.names.size && [...a.names].every((name) => b.names.has(name))
}
