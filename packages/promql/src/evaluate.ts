import { failure, Labels, ok, type Result } from '@signalbox/base'
import { type Expr, unwrap } from './ast.ts'
import type { Samples } from './context.ts'
import { type QuerySpan, resolveDurations } from './duration-expr.ts'
import { Evaluator } from './evaluator.ts'
import { EvaluationFailure } from './failure.ts'
import { compareLabels } from './labels-text.ts'
import { Query } from './query.ts'
import { boundedSamples } from './rate/boundary-samples.ts'
import { pointsOf } from './select.ts'
import { type Grid, type LazySeries, withNamesDropped, withoutName } from './series.ts'
import { typeOf } from './type-check.ts'
import type { EvaluationError, EvaluationOptions, Queryable, QueryOutput, QueryValue, SeriesColumns, VectorSample } from './types.ts'

/** SOURCE: prometheus web/api/v1 (query_range). */
const POINTS_MAX = 11_000

const INSTANT: QuerySpan = { stepMs: 0, rangeMs: 0 }

/** The ends are both evaluated when the step divides their distance. Milliseconds; the step is positive. */
export interface TimeRange {
  readonly startMs: number
  readonly endMs: number
  readonly stepMs: number
}

/**
 * The expression's value at one time: whatever type it has. A vector comes in the order of its making (sorted by `sort`, `topk`), a matrix
 * sorted by labels.
 */
export function evaluateInstant(
  expr: Expr,
  queryable: Queryable,
  timeMs: number,
  options: EvaluationOptions = {},
): Result<QueryOutput, EvaluationError> {
  const grid: Grid = { startMs: timeMs, stepMs: 0, count: 1 }
  return run(queryable, grid, options, (query, evaluator) => {
    const resolved = resolveDurations(expr, INSTANT)
    switch (typeOf(expr)) {
      case 'scalar':
        return { type: 'scalar', timestampMs: timeMs, value: evaluator.scalar(resolved)[0] as number }
      case 'string': {
        const inner = unwrap(expr)
        return { type: 'string', timestampMs: timeMs, value: inner.kind === 'string' ? inner.value : '' }
      }
      case 'range vector':
        return { type: 'matrix', series: rawSamples(evaluator, resolved, query) }
      case 'instant vector':
        return { type: 'vector', samples: instantSamples(evaluator.vector(resolved), query, timeMs) }
    }
  })
}

/**
 * The expression's value at each step of the range, always a matrix sorted by labels. Fails with 'limit' over `pointsMax` steps, and with
 * 'execution' for expressions that are neither scalar nor instant vector.
 */
export function evaluateRange(
  expr: Expr,
  queryable: Queryable,
  range: TimeRange,
  options: EvaluationOptions = {},
): Result<QueryOutput, EvaluationError> {
  const { startMs, endMs, stepMs } = range
  const type = typeOf(expr)
  if (type === 'string' || type === 'range vector') {
    return failure({ code: 'execution', message: `invalid expression type "${type}" for range query, must be Scalar or instant Vector` })
  }
  if (!(stepMs > 0)) return failure({ code: 'execution', message: 'zero or negative query resolution step widths are not accepted' })
  const count = endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1
  const pointsMax = options.limits?.pointsMax ?? POINTS_MAX
  if (count > pointsMax) {
    const shown = String(pointsMax).replace(/\B(?=(?:\d{3})+$)/g, ',')
    const message = `exceeded maximum resolution of ${shown} points per timeseries. Try decreasing the query resolution (?step=XX)`
    return failure({ code: 'limit', message })
  }
  const grid: Grid = { startMs, stepMs, count }
  return run(queryable, grid, options, (query, evaluator) => {
    if (count === 0) return { type: 'matrix', series: [] }
    const resolved = resolveDurations(expr, { stepMs, rangeMs: endMs - startMs })
    const all = type === 'scalar' ? [scalarSeries(evaluator, resolved, grid)] : rangeSeries(evaluator.vector(resolved), query, grid)
    return { type: 'matrix', series: all }
  })
}

function run(
  queryable: Queryable,
  grid: Grid,
  options: EvaluationOptions,
  evaluate: (query: Query, evaluator: Evaluator) => QueryValue,
): Result<QueryOutput, EvaluationError> {
  const query = new Query(queryable, grid, options)
  try {
    const value = evaluate(query, new Evaluator(query, grid))
    return ok({ value, warnings: query.warnings, infos: query.infos })
  } catch (error) {
    if (error instanceof EvaluationFailure) return failure({ code: error.code, message: error.message })
    throw error
  } finally {
    queryable.release?.()
  }
}

function instantSamples(all: readonly LazySeries[], query: Query, timestampMs: number): VectorSample[] {
  const samples: VectorSample[] = []
  for (const series of withNamesDropped(all)) {
    query.poll()
    const row = series.row()
    const histogram = row.histogramAt(0)
    if (histogram !== undefined) samples.push({ labels: series.labels, timestampMs, value: Number.NaN, histogram })
    else if (row.has(0)) samples.push({ labels: series.labels, timestampMs, value: row.at(0) })
  }
  return samples
}

function rangeSeries(all: readonly LazySeries[], query: Query, grid: Grid): SeriesColumns[] {
  const matrix: SeriesColumns[] = []
  for (const series of withNamesDropped(all)) {
    query.poll()
    const points = pointsOf(series.row(), grid)
    query.keep(points.values.length)
    if (points.values.length > 0) matrix.push({ labels: series.labels, ...points })
  }
  return matrix.sort((a, b) => compareLabels(a.labels, b.labels))
}

function scalarSeries(evaluator: Evaluator, expr: Expr, grid: Grid): SeriesColumns {
  const timestampsMs = Float64Array.from({ length: grid.count }, (_, i) => grid.startMs + i * grid.stepMs)
  return { labels: Labels.empty, timestampsMs, values: evaluator.scalar(expr) }
}

/** The samples of the one window of an instant query. */
function rawSamples(evaluator: Evaluator, expr: Expr, query: Query): SeriesColumns[] {
  const { series, windows } = evaluator.range(expr)
  const endMs = windows.endMs(0)
  const startMs = endMs - windows.rangeMs
  const matrix: SeriesColumns[] = []
  for (const one of series) {
    const samples = one.samples()
    query.poll()
    const labels = one.dropsName ? withoutName(one.labels) : one.labels
    const points = windows.boundaries === 'sampled' ? samplesWithin(samples, startMs, endMs) : boundedSamples(samples, windows)
    if (points.timestampsMs.length > 0) matrix.push({ labels, ...points })
  }
  return matrix.sort((a, b) => compareLabels(a.labels, b.labels))
}

function samplesWithin({ timestampsMs, values, histograms }: Samples, afterMs: number, untilMs: number): Samples {
  let low = 0
  let high = timestampsMs.length
  while (low < high && (timestampsMs[low] as number) <= afterMs) low++
  while (high > low && (timestampsMs[high - 1] as number) > untilMs) high--
  const points = { timestampsMs: timestampsMs.slice(low, high), values: values.slice(low, high) }
  return histograms === undefined ? points : { ...points, histograms: histograms.slice(low, high) }
}
