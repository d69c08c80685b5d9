import type { Labels } from '@signalbox/base'
import { staleNaN } from '../stale.ts'
import type { Matcher, Queryable, SeriesColumns } from '../types.ts'

/** A stale marker has its own word: plain arrays do not keep its bits. */
export type StoredPoint = readonly [timeMs: number, value: number | 'stale']

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
    const byTime = new Map(series.points)
    for (const [timeMs, value] of points) byTime.set(timeMs, value)
    series.points.splice(0, series.points.length, ...[...byTime].sort(([a], [b]) => a - b))
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    const selected: SeriesColumns[] = []
    for (const { labels, points } of this.#series.values()) {
      if (!matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))) continue
      const inside = points.filter(([timeMs]) => timeMs >= startMs && timeMs <= endMs)
      if (inside.length === 0) continue
      const values = new Float64Array(inside.length)
      for (const [i, [, value]] of inside.entries()) values[i] = value === 'stale' ? staleNaN() : value
      selected.push({ labels, timestampsMs: Float64Array.from(inside, ([timeMs]) => timeMs), values })
    }
    return selected
  }
}
