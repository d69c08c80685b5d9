import { type Labels, Ring } from '@signalbox/base'
import type { Exemplar } from '@signalbox/exposition'
import { compareLabels, type Matcher } from '@signalbox/promql'

/** An exemplar with the time that it has or was given. */
interface TimedExemplar {
  readonly labels: Labels
  readonly value: number
  /** Milliseconds since the epoch. */
  readonly timestampMs: number
}

/** The exemplars of one series, the oldest first. */
export interface SeriesExemplars {
  /** `__name__` included. */
  readonly series: Labels
  readonly exemplars: readonly TimedExemplar[]
}

export interface ExemplarLimits {
  readonly exemplarsMax: number
  /** Of memory, as `bytesOf` estimates it. */
  readonly bytesMax: number
}

const exemplarLimitsDefault: ExemplarLimits = { exemplarsMax: 100_000, bytesMax: 16 * 1024 * 1024 }

/** Code points of an exemplar's names and values. SOURCE: OpenMetrics 1.0.0, section "Exemplars". */
const LABELS_LENGTH_MAX = 128

interface Entry extends TimedExemplar {
  readonly of: Series
  /** Of the series, undefined for its newest. */
  next: Entry | undefined
}

interface Series {
  readonly labels: Labels
  oldest: Entry | undefined
  newest: Entry | undefined
}

/**
 * Exemplars in memory, in the order of their coming: at the limit the oldest of all goes, and a series with its last one.
 *
 *     ring:    [ a1 b1 a2 a3 b2 ]       global order, the next to go first
 *     series:  a -> a1 -> a2 -> a3      b -> b1 -> b2
 *
 * Times of a series never decrease. SOURCE: Prometheus tsdb/exemplar.go.
 */
export class ExemplarStore {
  readonly #limits: ExemplarLimits
  readonly #ring: Ring<Entry>
  readonly #series = new Map<string, Series>()
  #bytes = 0

  constructor(limits: ExemplarLimits = exemplarLimitsDefault) {
    this.#limits = limits
    this.#ring = new Ring(limits.exemplarsMax)
  }

  get size(): number {
    return this.#ring.size
  }

  /** Estimated. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * False, with nothing changed, for an exemplar that is there already (a page shows it until another takes its place), that is older than
   * its series' newest, or whose labels are too long. One without a time of its own gets `timestampMs`, and is the same as long as labels and value are.
   */
  add(series: Labels, exemplar: Exemplar, timestampMs: number): boolean {
    if (codePointsOf(exemplar.labels) > LABELS_LENGTH_MAX) return false
    const newest = this.#series.get(series.key)?.newest
    const atMs = exemplar.timestampMs ?? timestampMs
    if (newest !== undefined && (atMs < newest.timestampMs || isSame(newest, exemplar))) return false
    if (this.#ring.size === this.#ring.capacity) this.#dropOldest()
    const of = this.#open(series)
    const { labels, value } = exemplar
    const entry: Entry = { labels, value, timestampMs: atMs, of, next: undefined }
    if (of.newest === undefined) of.oldest = entry
    else of.newest.next = entry
    of.newest = entry
    this.#ring.push(entry)
    this.#bytes += bytesOf(labels)
    while (this.#bytes > this.#limits.bytesMax && this.#ring.size > 0) this.#dropOldest()
    return true
  }

  /**
   * Series that satisfy all matchers of one of `selectors`, sorted by labels, with their exemplars in [startMs, endMs], both inclusive;
   * series without any are left out. At most `exemplarsMax` exemplars; `isCut` says whether there were more.
   */
  select(
    selectors: readonly (readonly Matcher[])[],
    range: { readonly startMs: number; readonly endMs: number },
    exemplarsMax: number,
  ): { readonly found: readonly SeriesExemplars[]; readonly isCut: boolean } {
    const matching = [...this.#series.values()].filter(({ labels }) => selectors.some((matchers) => isMatch(labels, matchers)))
    matching.sort((a, b) => compareLabels(a.labels, b.labels))
    const found: SeriesExemplars[] = []
    let left = exemplarsMax
    for (const { labels, oldest } of matching) {
      const exemplars: TimedExemplar[] = []
      for (let entry = oldest; entry !== undefined; entry = entry.next) {
        if (entry.timestampMs < range.startMs || entry.timestampMs > range.endMs) continue
        if (left === 0) return { found: exemplars.length > 0 ? [...found, { series: labels, exemplars }] : found, isCut: true }
        left -= 1
        exemplars.push(entry)
      }
      if (exemplars.length > 0) found.push({ series: labels, exemplars })
    }
    return { found, isCut: false }
  }

  #open(labels: Labels): Series {
    const known = this.#series.get(labels.key)
    if (known !== undefined) return known
    const series: Series = { labels, oldest: undefined, newest: undefined }
    this.#series.set(labels.key, series)
    this.#bytes += bytesOf(labels)
    return series
  }

  /** The oldest of all is the oldest of its series. */
  #dropOldest(): void {
    const entry = this.#ring.shift()
    if (entry === undefined) return
    this.#bytes -= bytesOf(entry.labels)
    entry.of.oldest = entry.next
    if (entry.next !== undefined) return
    this.#series.delete(entry.of.labels.key)
    this.#bytes -= bytesOf(entry.of.labels)
  }
}

/** What comes again with the next page: an exemplar without a time of its own is the same at any time. */
function isSame(newest: TimedExemplar, { labels, value, timestampMs }: Exemplar): boolean {
  return Object.is(newest.value, value) && newest.labels.key === labels.key && (timestampMs === undefined || timestampMs === newest.timestampMs)
}

function isMatch(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))
}

/** Objects and array slots of one entry, and its texts at two bytes a unit, keys included. An estimate, on the safe side. */
function bytesOf(labels: Labels): number {
  let length = 0
  for (let i = 0; i < labels.size; i++) length += (labels.names[i] as string).length + (labels.values[i] as string).length
  return 160 + 32 * labels.size + 4 * length
}

function codePointsOf(labels: Labels): number {
  let points = 0
  for (let i = 0; i < labels.size; i++) points += Array.from(labels.names[i] as string).length + Array.from(labels.values[i] as string).length
  return points
}
