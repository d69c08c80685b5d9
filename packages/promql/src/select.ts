import type { Boundaries } from './ast.ts'
import type { RangeVector, Samples, Windows } from './context.ts'
import type { FloatHistogram } from './histogram/float-histogram.ts'
import { type Grid, type LazySeries, Row, timeAt } from './series.ts'
import { isStale } from './stale.ts'
import type { SeriesColumns } from './types.ts'

/** The times at which a selector looks, one a step: shifted by its offset, or pinned by `@`. */
export interface Lookup {
  readonly count: number
  timeMs(step: number): number
}

export function lookup(grid: Grid, offsetMs: number, atMs: number | undefined): Lookup {
  if (atMs !== undefined) return { count: grid.count, timeMs: () => atMs - offsetMs }
  return { count: grid.count, timeMs: (step) => timeAt(grid, step) - offsetMs }
}

/** What of a sample becomes the point: its value, or a time in seconds. */
export type PointOf = 'value' | 'sampled' | 'started'

/**
 * The instant vector's row of one series: at each step the newest sample in (t - lookback, t], nothing when that is a stale marker.
 * With 'started' an unknown start is 0.
 */
export function instantRow(columns: SeriesColumns, at: Lookup, lookbackMs: number, point: PointOf = 'value'): Row {
  const { timestampsMs, values, histograms } = columns
  const row = new Row(at.count)
  let next = 0
  for (let step = 0; step < at.count; step++) {
    const timeMs = at.timeMs(step)
    while (next < timestampsMs.length && (timestampsMs[next] as number) <= timeMs) next++
    if (next === 0) continue
    const sampleMs = timestampsMs[next - 1] as number
    const value = values[next - 1] as number
    if (sampleMs <= timeMs - lookbackMs) continue
    // Only a NaN can be a marker; most values never reach the second test.
    if (Number.isNaN(value) && isStale(value)) continue
    if (point === 'value') {
      const histogram = histograms?.[next - 1]
      if (histogram === undefined) row.set(step, value)
      else row.setHistogram(step, histogram)
    } else if (point === 'sampled') row.set(step, sampleMs / 1000)
    else row.set(step, (columns.startTimestampsMs?.[next - 1] ?? 0) / 1000)
  }
  return row
}

/** The samples without stale markers; the store's own arrays when there are none. */
export function withoutStale(columns: SeriesColumns): Samples {
  const { timestampsMs, values, histograms, startTimestampsMs } = columns
  let kept = 0
  while (kept < values.length && !isStale(values[kept] as number)) kept++
  if (kept === values.length) return columns
  const times = timestampsMs.slice()
  const plain = values.slice()
  const starts = startTimestampsMs?.slice()
  const native = histograms?.slice()
  for (let i = kept + 1; i < values.length; i++) {
    if (isStale(values[i] as number)) continue
    times[kept] = timestampsMs[i] as number
    plain[kept] = values[i] as number
    if (native !== undefined) native[kept] = histograms?.[i]
    if (starts !== undefined) starts[kept] = startTimestampsMs?.[i] as number
    kept++
  }
  const samples: Samples = { timestampsMs: times.subarray(0, kept), values: plain.subarray(0, kept) }
  return {
    ...samples,
    ...(native === undefined ? {} : { histograms: native.slice(0, kept) }),
    ...(starts === undefined ? {} : { startTimestampsMs: starts.subarray(0, kept) }),
  }
}

export function windowsOf(at: Lookup, rangeMs: number, lookbackMs: number, boundaries: Boundaries = 'sampled'): Windows {
  return { rangeMs, count: at.count, endMs: at.timeMs, boundaries, lookbackMs }
}

/** The inner series of a subquery as a range vector: their points become samples at the inner steps. */
export function subqueryRange(inner: readonly LazySeries[], grid: Grid, windows: Windows, loaded: (samples: number) => void): RangeVector {
  return {
    windows,
    series: inner.map((series) => ({
      labels: series.labels,
      dropsName: series.dropsName ?? false,
      samples() {
        const samples = pointsOf(series.row(), grid)
        loaded(samples.values.length)
        return samples
      },
    })),
  }
}

/** The present points of a row, as samples. */
export function pointsOf(row: Row, grid: Grid): Samples {
  let count = 0
  for (let i = 0; i < grid.count; i++) if (row.hasPoint(i)) count++
  const timestampsMs = new Float64Array(count)
  const values = new Float64Array(count)
  const histograms: (FloatHistogram | undefined)[] | undefined = row.hasHistograms ? new Array(count) : undefined
  for (let i = 0, n = 0; i < grid.count; i++) {
    if (!row.hasPoint(i)) continue
    timestampsMs[n] = timeAt(grid, i)
    if (row.has(i)) values[n] = row.at(i)
    else if (histograms !== undefined) histograms[n] = row.histogramAt(i)
    n++
  }
  return histograms === undefined ? { timestampsMs, values } : { timestampsMs, values, histograms }
}

/**
 * A smoothed instant vector: at each step the value on the line between the samples around it, at most the lookback away; the last value
 * where no later one is known. Histograms are left out. SOURCE: prometheus promql/engine.go (smoothSeries).
 */
export function smoothedRow({ timestampsMs, values, histograms }: Samples, at: Lookup, lookbackMs: number): Row {
  const row = new Row(at.count)
  let next = 0
  for (let step = 0; step < at.count; step++) {
    const timeMs = at.timeMs(step)
    while (next < timestampsMs.length && (timestampsMs[next] as number) < timeMs) next++
    const before = next > 0 && (timestampsMs[next - 1] as number) > timeMs - lookbackMs && histograms?.[next - 1] === undefined
    const after = next < timestampsMs.length && (timestampsMs[next] as number) <= timeMs + lookbackMs && histograms?.[next] === undefined
    if (after && timestampsMs[next] === timeMs) row.set(step, values[next] as number)
    else if (before && after) {
      const [t1, t2] = [timestampsMs[next - 1] as number, timestampsMs[next] as number]
      const [y1, y2] = [values[next - 1] as number, values[next] as number]
      row.set(step, y1 + ((y2 - y1) * (timeMs - t1)) / (t2 - t1))
    } else if (before) row.set(step, values[next - 1] as number)
  }
  return row
}
