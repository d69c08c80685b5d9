import type { Labels } from '@signalbox/base'
import { type CallContext, materialise } from './context.ts'
import { warnQuantile } from './functions/over-time.ts'
import { type FunctionDefinition, vectorFunction } from './functions/signature.ts'
import { type LazySeries, mergeEqual, Row, withoutName } from './series.ts'

/** Buckets that differ by less than this part are equal: sums of floats in different order. SOURCE: prometheus promql/quantile.go. */
const SMALL_DELTA = 1e-12
const LE: ReadonlySet<string> = new Set(['le'])

interface Bucket {
  readonly upperBound: number
  readonly row: Row
}

interface Histogram {
  readonly labels: Labels
  readonly metric: string
  readonly buckets: Bucket[]
}

function histogramQuantile(call: CallContext): LazySeries[] {
  const q = call.scalar(0)
  const histograms = collect(call)
  warnQuantile(call, q)
  const results = [...histograms.values()].map((histogram): LazySeries => {
    histogram.buckets.sort((a, b) => a.upperBound - b.upperBound)
    return { labels: withoutName(histogram.labels), row: () => quantileRow(call, histogram, q) }
  })
  return mergeEqual(results)
}

/** The rows of the argument, by their labels without `le`. */
function collect(call: CallContext): Map<string, Histogram> {
  const histograms = new Map<string, Histogram>()
  for (const { labels, row } of materialise(call.vector(1), call.keepRows)) {
    const le = labels.get('le')
    const upperBound = parseBound(le)
    if (upperBound === undefined) {
      const metric = labels.get('__name__')
      const about = metric === '' ? '' : ` for metric name "${metric}"`
      call.annotations.warn(`bucket label "le" is missing or has a malformed value of "${le}"${about}`, call.arg(1).place)
      continue
    }
    const rest = labels.omit(LE)
    let histogram = histograms.get(rest.key)
    if (histogram === undefined) {
      histogram = { labels: rest, metric: labels.get('__name__'), buckets: [] }
      histograms.set(rest.key, histogram)
    }
    histogram.buckets.push({ upperBound, row })
  }
  return histograms
}

function parseBound(le: string): number | undefined {
  if (/^\+?inf(?:inity)?$/i.test(le)) return Number.POSITIVE_INFINITY
  if (/^-inf(?:inity)?$/i.test(le)) return Number.NEGATIVE_INFINITY
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(le) ? Number(le) : undefined
}

function quantileRow(call: CallContext, histogram: Histogram, q: Float64Array): Row {
  const { buckets } = histogram
  const row = new Row(call.grid.count)
  const bounds = new Float64Array(buckets.length)
  const counts = new Float64Array(buckets.length)
  for (let step = 0; step < row.values.length; step++) {
    let used = 0
    let any = false
    for (const bucket of buckets) {
      if (!bucket.row.has(step)) continue
      any = true
      // Equal bounds spelt differently ("1", "1.0") are one bucket.
      if (used > 0 && bounds[used - 1] === bucket.upperBound) counts[used - 1] = (counts[used - 1] as number) + bucket.row.at(step)
      else {
        bounds[used] = bucket.upperBound
        counts[used++] = bucket.row.at(step)
      }
    }
    if (!any) continue
    const result = bucketQuantile(q[step] as number, bounds.subarray(0, used), counts.subarray(0, used))
    row.set(step, result.value)
    if (result.forced) noteForced(call, histogram.metric)
  }
  return row
}

function noteForced(call: CallContext, metric: string): void {
  const help = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile'
  const about = metric === '' ? '' : ` for metric name "${metric}"`
  call.annotations.info(`input to histogram_quantile needed to be fixed for monotonicity (see ${help})${about}`, call.arg(1).place)
}

/**
 * The q-quantile of a cumulative histogram by linear interpolation within its bucket. `bounds` ascend strictly; `counts` is changed
 * so that it never decreases, and `forced` says whether that took more than rounding.
 * SOURCE: prometheus promql/quantile.go (BucketQuantile).
 */
export function bucketQuantile(q: number, bounds: Float64Array, counts: Float64Array): { value: number; forced: boolean } {
  const last = bounds.length - 1
  if (Number.isNaN(q)) return { value: Number.NaN, forced: false }
  if (q < 0) return { value: Number.NEGATIVE_INFINITY, forced: false }
  if (q > 1) return { value: Number.POSITIVE_INFINITY, forced: false }
  if (bounds[last] !== Number.POSITIVE_INFINITY) return { value: Number.NaN, forced: false }
  const forced = ensureMonotonic(counts)
  if (bounds.length < 2) return { value: Number.NaN, forced }
  const observations = counts[last] as number
  if (observations === 0) return { value: Number.NaN, forced }
  return { value: interpolate(q * observations, bounds, counts), forced }
}

function interpolate(rank: number, bounds: Float64Array, counts: Float64Array): number {
  const last = bounds.length - 1
  let bucket = 0
  // Written so that a NaN rank reaches the last bucket.
  while (bucket < last && !((counts[bucket] as number) >= rank)) bucket++
  if (bucket === last) return bounds[last - 1] as number
  const end = bounds[bucket] as number
  if (bucket === 0 && end <= 0) return end
  const start = bucket === 0 ? 0 : (bounds[bucket - 1] as number)
  const before = bucket === 0 ? 0 : (counts[bucket - 1] as number)
  return start + (end - start) * ((rank - before) / ((counts[bucket] as number) - before))
}

function ensureMonotonic(counts: Float64Array): boolean {
  let forced = false
  let previous = counts[0] as number
  for (let i = 1; i < counts.length; i++) {
    const count = counts[i] as number
    if (count === previous) continue
    const small = Math.abs(count - previous) < SMALL_DELTA * (Math.abs(count) + Math.abs(previous))
    if (small || count < previous) {
      counts[i] = previous
      if (!small) forced = true
      continue
    }
    previous = count
  }
  return forced
}

export const histogramFunctions: readonly FunctionDefinition[] = [
  vectorFunction('histogram_quantile', ['scalar', 'instant vector'], histogramQuantile),
]
