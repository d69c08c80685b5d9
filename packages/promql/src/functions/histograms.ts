import type { Labels } from '@signalbox/base'
import { type CallContext, type KeptSeries, materialise } from '../context.ts'
import { bucketFraction, bucketQuantile, parseBound } from '../histogram/classic.ts'
import type { FloatHistogram } from '../histogram/float-histogram.ts'
import { type Estimate, fractionOf, quantileOf, varianceOf } from '../histogram/histogram-value.ts'
import { type LazySeries, mapValues, mergeEqual, Row } from '../series.ts'
import { warnQuantile } from './over-time.ts'
import { type FunctionDefinition, vectorFunction } from './signature.ts'

const LE: ReadonlySet<string> = new Set(['le'])

interface Bucket {
  readonly upperBound: number
  readonly row: Row
}

/** What one set of labels without `le` holds: a classic histogram's buckets, a native one, or at a step by mistake both. */
interface Source {
  readonly labels: Labels
  readonly dropsName: boolean
  readonly buckets: Bucket[]
  native: Row | undefined
}

/** How a number is read from either kind at one step. */
interface Reader {
  classic(bounds: Float64Array, counts: Float64Array, source: Source, step: number): number
  native(histogram: FloatHistogram, source: Source, step: number): number
}

/** The histograms among the series of an argument. */
function sources(call: CallContext, argument: number): Source[] {
  const byKey = new Map<string, Source>()
  const sourceOf = (series: KeptSeries): Source => {
    const labels = series.labels.omit(LE)
    let source = byKey.get(labels.key)
    if (source === undefined) {
      source = { labels, dropsName: series.dropsName ?? false, buckets: [], native: undefined }
      byKey.set(labels.key, source)
    }
    return source
  }
  for (const series of materialise(call.vector(argument), call.keepRows)) {
    if (series.row.hasHistograms) sourceOf(series).native = series.row
    if (!series.row.present.includes(1)) continue
    const le = series.labels.get('le')
    const upperBound = parseBound(le)
    if (upperBound !== undefined) sourceOf(series).buckets.push({ upperBound, row: series.row })
    else {
      const message = `bucket label "le" is missing or has a malformed value of "${le}"${about(series.labels.get('__name__'))}`
      call.annotations.warn(message, call.arg(argument).place)
    }
  }
  for (const { buckets } of byKey.values()) buckets.sort((a, b) => a.upperBound - b.upperBound)
  return [...byKey.values()]
}

function about(metric: string): string {
  return metric === '' ? '' : ` for metric name "${metric}"`
}

function readRow(call: CallContext, argument: number, source: Source, reader: Reader): Row {
  const { buckets } = source
  const row = new Row(call.grid.count)
  const bounds = new Float64Array(buckets.length)
  const counts = new Float64Array(buckets.length)
  for (let step = 0; step < row.values.length; step++) {
    let used = 0
    for (const bucket of buckets) {
      if (!bucket.row.has(step)) continue
      // Equal bounds spelt differently ("1", "1.0") are one bucket.
      if (used > 0 && bounds[used - 1] === bucket.upperBound) counts[used - 1] = (counts[used - 1] as number) + bucket.row.at(step)
      else {
        bounds[used] = bucket.upperBound
        counts[used++] = bucket.row.at(step)
      }
    }
    const native = source.native?.histogramAt(step)
    if (native !== undefined && used > 0) {
      const message = `vector contains a mix of classic and native histograms${about(source.labels.get('__name__'))}`
      call.annotations.warn(message, call.arg(argument).place)
    } else if (native !== undefined) row.set(step, reader.native(native, source, step))
    else if (used > 0) row.set(step, reader.classic(bounds.subarray(0, used), counts.subarray(0, used), source, step))
  }
  return row
}

function read(call: CallContext, argument: number, all: readonly Source[], reader: Reader): LazySeries[] {
  return all.map((source): LazySeries => {
    const identity = call.unnamed(source)
    return { labels: identity.labels, dropsName: identity.dropsName ?? false, row: () => readRow(call, argument, source, reader) }
  })
}

function noted(call: CallContext, source: Source, { value, note }: Estimate): number {
  const what =
    note === 'nan-result'
      ? 'histogram_quantile has NaN observations, result is NaN'
      : note === 'nan-skew'
        ? 'histogram_quantile has NaN observations, result is skewed higher'
        : 'histogram_fraction has NaN observations, which are excluded from all fractions'
  if (note !== undefined) call.annotations.info(`input to ${what}${about(call.shownName(source.labels))}`, call.arg(0).place)
  return value
}

/** Reads the quantile `q` of each step. */
function quantileReader(call: CallContext, q: Float64Array, argument: number): Reader {
  return {
    classic(bounds, counts, source, step) {
      const { value, forced } = bucketQuantile(q[step] as number, bounds, counts)
      if (forced !== undefined) {
        const timeMs = call.grid.startMs + step * call.grid.stepMs
        call.annotations.forced(call.shownName(source.labels), call.arg(argument).place, { timeMs, ...forced })
      }
      return value
    },
    native: (histogram, source, step) => noted(call, source, quantileOf(q[step] as number, histogram)),
  }
}

function histogramQuantile(call: CallContext): LazySeries[] {
  const q = call.scalar(0)
  warnQuantile(call, q)
  return mergeEqual(read(call, 1, sources(call, 1), quantileReader(call, q, 1)))
}

function histogramQuantiles(call: CallContext): LazySeries[] {
  const label = call.string(1)
  const all = sources(call, 0)
  const results: LazySeries[] = []
  for (let i = 2; i < call.call.args.length; i++) {
    const q = call.scalar(i)
    warnQuantile(call, q, i)
    for (const series of read(call, 0, all, quantileReader(call, q, 0))) results.push(...labelledByQuantile(series, label, q))
  }
  return mergeEqual(results)
}

/** A series for each value that `q` takes on, as a label. */
function labelledByQuantile(series: LazySeries, label: string, q: Float64Array): LazySeries[] {
  return [...new Set(q)].map((value) => ({
    labels: series.labels.with(label, formatOpenMetrics(value)),
    dropsName: series.dropsName ?? false,
    row() {
      const row = series.row()
      for (let i = 0; i < q.length; i++) if (!Object.is(q[i], value)) row.remove(i)
      return row
    },
  }))
}

/** A number as OpenMetrics writes label values: always recognisable as a float. */
function formatOpenMetrics(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

function histogramFraction(call: CallContext): LazySeries[] {
  const [lower, upper] = [call.scalar(0), call.scalar(1)]
  const reader: Reader = {
    classic: (bounds, counts, _, step) => bucketFraction({ lower: lower[step] as number, upper: upper[step] as number }, bounds, counts),
    native: (histogram, source, step) => noted(call, source, fractionOf(lower[step] as number, upper[step] as number, histogram)),
  }
  return mergeEqual(read(call, 2, sources(call, 2), reader))
}

/** A number of each native histogram; floats have none. */
function ofNative(name: string, compute: (histogram: FloatHistogram) => number): FunctionDefinition {
  const change = (row: Row): void => {
    for (let i = 0; i < row.present.length; i++) {
      const histogram = row.histogramAt(i)
      if (histogram === undefined) row.remove(i)
      else row.set(i, compute(histogram))
    }
  }
  return vectorFunction(name, ['instant vector'], (call) =>
    mergeEqual(call.vector(0).map((series) => mapValues(series, change, call.unnamed(series)))),
  )
}

export const histogramFunctions: readonly FunctionDefinition[] = [
  vectorFunction('histogram_quantile', ['scalar', 'instant vector'], histogramQuantile),
  vectorFunction('histogram_quantiles', ['instant vector', 'string', 'scalar'], histogramQuantiles, { repeats: true, experimental: true }),
  vectorFunction('histogram_fraction', ['scalar', 'scalar', 'instant vector'], histogramFraction),
  ofNative('histogram_count', (histogram) => histogram.count),
  ofNative('histogram_sum', (histogram) => histogram.sum),
  ofNative('histogram_avg', (histogram) => histogram.sum / histogram.count),
  ofNative('histogram_stddev', (histogram) => Math.sqrt(varianceOf(histogram))),
  ofNative('histogram_stdvar', varianceOf),
]
