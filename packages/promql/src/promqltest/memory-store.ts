import type { Labels } from '@signalbox/base'
import { isReset } from '../histogram/combine.ts'
import { compacted, equalNumbers, type FloatHistogram } from '../histogram/float-histogram.ts'
import { staleNaN } from '../stale.ts'
import type { Matcher, Queryable, SeriesColumns } from '../types.ts'

/** A stale marker has its own word: plain arrays do not keep its bits. */
export type StoredPoint = readonly [timeMs: number, value: number | FloatHistogram | 'stale', startedMs?: number]

/** A Queryable over plain arrays, for tests. */
export class MemoryStore implements Queryable {
  readonly #series = new Map<string, { readonly labels: Labels; readonly points: StoredPoint[] }>()

  /** Adds points; the order does not matter, a second point at a time replaces the first. */
  add(labels: Labels, points: Iterable<StoredPoint>): void {
    let series = this.#series.get(labels.key)
    if (series === undefined) {
      series = { labels, points: [] }
      this.#series.set(labels.key, series)
    }
    const byTime = new Map(series.points.map((point) => [point[0], point]))
    for (const point of points) byTime.set(point[0], point)
    const sorted = [...byTime.values()].sort(([a], [b]) => a - b)
    series.points.splice(0, series.points.length, ...withHints(sorted))
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    const selected: SeriesColumns[] = []
    for (const { labels, points } of this.#series.values()) {
      if (!matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))) continue
      const inside = points.filter(([timeMs]) => timeMs >= startMs && timeMs <= endMs)
      if (inside.length > 0) selected.push({ labels, ...columns(inside) })
    }
    return selected
  }
}

function columns(points: readonly StoredPoint[]): Omit<SeriesColumns, 'labels'> {
  const values = new Float64Array(points.length)
  const histograms = new Array<FloatHistogram | undefined>(points.length)
  for (const [i, [, value]] of points.entries()) {
    if (typeof value === 'object') histograms[i] = value
    else values[i] = value === 'stale' ? staleNaN() : value
  }
  const timestampsMs = Float64Array.from(points, ([timeMs]) => timeMs)
  const starts = Float64Array.from(points, ([, , startedMs]) => startedMs ?? 0)
  return {
    timestampsMs,
    values,
    ...(histograms.some((histogram) => histogram !== undefined) ? { histograms } : {}),
    ...(starts.some((startedMs) => startedMs !== 0) ? { startTimestampsMs: starts } : {}),
  }
}

/**
 * As a store answers them: the first histogram after anything else has an unknown hint, a later one says whether it follows a reset.
 * Explicit resets and gauges stay. SOURCE: prometheus tsdb/chunkenc/float_histogram.go (appendable, counterResetHint).
 */
function withHints(points: readonly StoredPoint[]): StoredPoint[] {
  let previous: FloatHistogram | undefined
  return points.map(([timeMs, value, startedMs]): StoredPoint => {
    if (typeof value !== 'object') {
      previous = undefined
      return [timeMs, value, startedMs ?? 0]
    }
    const before = previous
    const plain = compacted(value)
    previous = plain.resetHint === 'gauge' ? undefined : plain
    if (plain.resetHint === 'gauge' || plain.resetHint === 'reset') return [timeMs, plain, startedMs ?? 0]
    if (before === undefined) return [timeMs, { ...plain, resetHint: 'unknown' }, startedMs ?? 0]
    // A sample in another layout begins a new chunk, which only a lower count marks as a reset.
    const relaid =
      before.schema !== plain.schema || before.zeroThreshold !== plain.zeroThreshold || !equalNumbers(before.customBounds, plain.customBounds)
    const unhinted: FloatHistogram = { ...plain, resetHint: 'unknown' }
    if (relaid) return [timeMs, plain.count < before.count ? { ...plain, resetHint: 'reset' } : unhinted, startedMs ?? 0]
    return [timeMs, { ...plain, resetHint: isReset(before, unhinted) ? 'reset' : 'not_reset' }, startedMs ?? 0]
  })
}
