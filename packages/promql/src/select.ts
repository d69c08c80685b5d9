import type { RangeVector, Samples, Windows } from './context.ts'
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

/**
 * The instant vector's row of one series: at each step the newest sample in (t - lookback, t], nothing when that is a stale marker.
 * With `times` the row holds the samples' own timestamps in seconds.
 */
export function instantRow(columns: SeriesColumns, at: Lookup, lookbackMs: number, times = false): Row {
  const { timestampsMs, values } = columns
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
    row.set(step, times ? sampleMs / 1000 : value)
  }
  return row
}

/** The samples without stale markers; the store's own arrays when there are none. */
export function withoutStale(columns: SeriesColumns): Samples {
  const { timestampsMs, values } = columns
  let kept = 0
  while (kept < values.length && !isStale(values[kept] as number)) kept++
  if (kept === values.length) return columns
  const times = timestampsMs.slice()
  const plain = values.slice()
  for (let i = kept + 1; i < values.length; i++) {
    if (isStale(values[i] as number)) continue
    times[kept] = timestampsMs[i] as number
    plain[kept] = values[i] as number
    kept++
  }
  return { timestampsMs: times.subarray(0, kept), values: plain.subarray(0, kept) }
}

export function windowsOf(at: Lookup, rangeMs: number): Windows {
  return { rangeMs, count: at.count, endMs: at.timeMs }
}

/** The inner series of a subquery as a range vector: their points become samples at the inner steps. */
export function subqueryRange(inner: readonly LazySeries[], grid: Grid, windows: Windows, loaded: (samples: number) => void): RangeVector {
  return {
    windows,
    series: inner.map((series) => ({
      labels: series.labels,
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
  for (let i = 0; i < grid.count; i++) count += row.present[i] as number
  const timestampsMs = new Float64Array(count)
  const values = new Float64Array(count)
  for (let i = 0, n = 0; i < grid.count; i++) {
    if (!row.has(i)) continue
    timestampsMs[n] = timeAt(grid, i)
    values[n++] = row.at(i)
  }
  return { timestampsMs, values }
}
