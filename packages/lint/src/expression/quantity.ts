import type { Binary, Call, Expr, VectorSelector } from '@signalbox/promql'
import { unitOf } from '@signalbox/signals'
import { agreed, isCumulative, type Metric, metricOf, nameOf } from '../vocabulary.ts'
import { bare, binariesIn, constantOf, selectorsIn } from './walk.ts'

const KEEPING: ReadonlySet<string> = new Set([
  'abs',
  'ceil',
  'floor',
  'round',
  'clamp',
  'clamp_min',
  'clamp_max',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'quantile_over_time',
  'last_over_time',
  'label_replace',
  'label_join',
  'sort',
  'sort_desc',
  'increase',
  'delta',
  'idelta',
])
const RATES: ReadonlySet<string> = new Set(['rate', 'irate'])
const SUMMARIES: ReadonlySet<string> = new Set(['sum', 'avg', 'min', 'max', 'quantile', 'topk', 'bottomk', 'stddev'])

/** The unit of an expression's values, as the vocabulary names units, `…/s` for rates; undefined where it cannot be told. */
export function quantityOf(expr: Expr): string | undefined {
  const inner = bare(expr)
  switch (inner.kind) {
    case 'vector-selector':
      return metricOf(inner).unit
    case 'matrix-selector':
      return quantityOf(inner.selector)
    case 'subquery':
    case 'unary':
      return quantityOf(inner.expr)
    case 'aggregate':
      return SUMMARIES.has(inner.operator) ? quantityOf(inner.expr) : undefined
    case 'call':
      return callQuantity(inner)
    case 'binary':
      return binaryQuantity(inner)
    case 'number':
    case 'string':
      return undefined
  }
}

function callQuantity(call: Call): string | undefined {
  if (call.name === 'histogram_quantile') {
    const [bucket] = bucketsIn(call)
    return bucket === undefined ? undefined : quantityOfBuckets(metricOf(bucket))
  }
  const argument = call.name === 'quantile_over_time' ? call.args[1] : call.args[0]
  const inner = argument === undefined ? undefined : quantityOf(argument)
  if (inner === undefined) return undefined
  if (RATES.has(call.name)) return `${inner}/s`
  return KEEPING.has(call.name) ? inner : undefined
}

/** Selectors of buckets inside a quantile. */
export function bucketsIn(expr: Expr): readonly VectorSelector[] {
  return selectorsIn(expr).flatMap(({ expr: selector }) => (metricOf(selector).shape === 'bucket' ? [selector] : []))
}

function quantityOfBuckets({ meanings }: Metric): string | undefined {
  return agreed(meanings.map(({ entry }) => unitOf(entry)))
}

function binaryQuantity(expr: Binary): string | undefined {
  const { operator } = expr
  const [left, right] = [quantityOf(expr.left), quantityOf(expr.right)]
  if (operator === 'and' || operator === 'unless') return left
  if (operator === 'or') return right === undefined || left === right ? left : undefined
  if (['>', '<', '>=', '<=', '==', '!='].includes(operator)) return expr.bool ? undefined : (left ?? right)
  if (operator === '+' || operator === '-')
    return left === right ? left : constantOf(expr.left) !== undefined || constantOf(expr.right) !== undefined ? (left ?? right) : undefined
  if (operator === '/') return quotient(expr, left, right)
  if (operator !== '*') return undefined
  const factor = constantOf(expr.right) ?? constantOf(expr.left)
  return factor === undefined ? undefined : scaled(left ?? right, factor)
}

function quotient(expr: Binary, left: string | undefined, right: string | undefined): string | undefined {
  const divisor = constantOf(expr.right)
  if (divisor !== undefined) return scaled(left, 1 / divisor)
  const { factor, rest } = withoutFactor(expr.left)
  if (isShare({ ...expr, left: rest })) return scaled('ratio', factor)
  if (left === undefined || right === undefined) return undefined
  // A mean: what was added up by how many observations.
  const [sum, count] = [left.replace(/\/s$/, ''), right.replace(/\/s$/, '')]
  return count === 'observations' && sum !== 'observations' && left.endsWith('/s') === right.endsWith('/s') ? sum : undefined
}

function scaled(unit: string | undefined, factor: number): string | undefined {
  if (factor === 1 || unit === undefined) return unit
  const known: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
    ratio: [[100, 'percent']],
    percent: [[0.01, 'ratio']],
    seconds: [[1000, 'milliseconds']],
    milliseconds: [[0.001, 'seconds']],
    MiB: [[1_048_576, 'bytes']],
    mJ: [[0.001, 'joules']],
  }
  return known[unit]?.find(([by]) => Math.abs(by / factor - 1) < 1e-9)?.[1]
}

/** A number of things divided by a number of things of which they are a part: errors by requests, hits by lookups, a selection by the whole. */
export function isShare(expr: Binary): boolean {
  if (expr.operator !== '/' || isCalculated(expr.left) || isCalculated(expr.right)) return false
  const [part, whole] = [onlyMetric(expr.left), onlyMetric(expr.right)]
  if (part === undefined || whole === undefined || !isCumulative(part) || !isCumulative(whole)) return false
  const [a, b] = [part.meanings[0]?.entry.signal, whole.meanings[0]?.entry.signal]
  if (a === undefined || b === undefined) return false
  if (part.name === whole.name) return part.shape === 'counter' || part.shape === 'count'
  if (a === b) return part.shape === 'bucket' && whole.shape === 'count'
  return (/prefix_hits$/.test(a) && b === a.replace(/hits$/, 'queries')) || (a === 'gateway.request_errors' && b === 'gateway.requests')
}

/** A constant that multiplies an expression, and what it multiplies. */
function withoutFactor(expr: Expr): { readonly factor: number; readonly rest: Expr } {
  const inner = bare(expr)
  if (inner.kind !== 'binary' || inner.operator !== '*') return { factor: 1, rest: expr }
  const [left, right] = [constantOf(inner.left), constantOf(inner.right)]
  if (left !== undefined) return { factor: left, rest: inner.right }
  return right === undefined ? { factor: 1, rest: expr } : { factor: right, rest: inner.left }
}

function isCalculated(expr: Expr): boolean {
  return binariesIn(expr).some(({ expr: one }) => ['*', '/', '+', '-', '^', '%'].includes(one.operator))
}

/** The metric, where an expression is about one only. */
function onlyMetric(expr: Expr): Metric | undefined {
  const metrics = new Map(selectorsIn(expr).map(({ expr: selector }) => [nameOf(selector), metricOf(selector)]))
  return metrics.size === 1 ? [...metrics.values()][0] : undefined
}
