import type { Windows } from '../context.ts'
import type { RateKind } from './rate-row.ts'

/**
 * What `rate`, `increase` and `delta` take from the timestamps of a series alone, for all windows: which samples bound each of them, and by
 * what their difference is multiplied to cover the window. Series of one scrape share it.
 */
export class RatePlan {
  readonly timestampsMs: Float64Array
  /** 1 for the windows of two samples and more; the columns below count only for these. */
  readonly present: Uint8Array
  /** Indexes of the first and the last sample. */
  readonly first: Int32Array
  readonly last: Int32Array
  /** Seconds from the first to the last sample, and from there to where the line is drawn to on both sides. */
  readonly sampled: Float64Array
  readonly toStart: Float64Array
  readonly toEnd: Float64Array
  /** The multiplier of a change that `toStart` holds for. */
  readonly factor: Float64Array
  /** A counter whose first value is more than its change this many times is far enough from zero for `factor`, rounding allowed for. */
  readonly farRatio: Float64Array
  readonly #seconds: number

  /** Both ends of the windows slide forward only. */
  constructor(timestampsMs: Float64Array, windows: Windows, kind: RateKind) {
    const { count, rangeMs } = windows
    this.timestampsMs = timestampsMs
    this.present = new Uint8Array(count)
    this.first = new Int32Array(count)
    this.last = new Int32Array(count)
    this.sampled = new Float64Array(count)
    this.toStart = new Float64Array(count)
    this.toEnd = new Float64Array(count)
    this.factor = new Float64Array(count)
    this.farRatio = new Float64Array(count)
    this.#seconds = kind.perSecond ? rangeMs / 1000 : 1
    let low = 0
    let high = 0
    for (let step = 0; step < count; step++) {
      const endMs = windows.endMs(step)
      const startMs = endMs - rangeMs
      while (high < timestampsMs.length && (timestampsMs[high] as number) <= endMs) high++
      while (low < high && (timestampsMs[low] as number) <= startMs) low++
      if (high - low < 2) continue
      this.#bound(step, low, high - 1)
      this.#reach(step, startMs, endMs)
    }
  }

  /** The multiplier for a counter of this first value and change: it is drawn no further back than to where it would have been zero. */
  counterFactor(step: number, first: number, change: number): number {
    const sampled = this.sampled[step] as number
    const toStart = this.toStart[step] as number
    if (!(change > 0 && first >= 0)) return this.factor[step] as number
    const toZero = sampled * (first / change)
    if (!(toZero < toStart)) return this.factor[step] as number
    return (sampled + toZero + (this.toEnd[step] as number)) / sampled / this.#seconds
  }

  #bound(step: number, first: number, last: number): void {
    this.present[step] = 1
    this.first[step] = first
    this.last[step] = last
  }

  #reach(step: number, startMs: number, endMs: number): void {
    const [first, last] = [this.first[step] as number, this.last[step] as number]
    const [firstMs, lastMs] = [this.timestampsMs[first] as number, this.timestampsMs[last] as number]
    const reach = reachOf({ startMs, endMs, firstMs, lastMs, count: last - first + 1 })
    this.sampled[step] = reach.sampled
    this.toStart[step] = reach.toStart
    this.toEnd[step] = reach.toEnd
    this.factor[step] = (reach.sampled + reach.toStart + reach.toEnd) / reach.sampled / this.#seconds
    this.farRatio[step] = (reach.toStart / reach.sampled) * (1 + 1e-9)
  }
}

/** The plans of one call, of which the last is at hand: a store answers the series of a scrape one after another. */
export class RatePlans {
  readonly #windows: Windows
  readonly #kind: RateKind
  #last: RatePlan | undefined

  constructor(windows: Windows, kind: RateKind) {
    this.#windows = windows
    this.#kind = kind
  }

  planOf(timestampsMs: Float64Array): RatePlan {
    if (this.#last === undefined || !areSame(this.#last.timestampsMs, timestampsMs)) {
      this.#last = new RatePlan(timestampsMs, this.#windows, this.#kind)
    }
    return this.#last
  }
}

function areSame(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export interface SampledTimes {
  readonly startMs: number
  readonly endMs: number
  readonly firstMs: number
  readonly lastMs: number
  readonly count: number
}

/**
 * Seconds between the first and the last sample of a window, and how far the line through them is drawn on: to a boundary when the nearest
 * sample is within 1.1 average intervals of it, else by half an interval. SOURCE: prometheus promql/functions.go (extrapolatedRate).
 */
export function reachOf({ startMs, endMs, firstMs, lastMs, count }: SampledTimes): { sampled: number; toStart: number; toEnd: number } {
  const sampled = (lastMs - firstMs) / 1000
  const interval = sampled / (count - 1)
  const threshold = interval * 1.1
  const toStart = (firstMs - startMs) / 1000
  const toEnd = (endMs - lastMs) / 1000
  return { sampled, toStart: toStart >= threshold ? interval / 2 : toStart, toEnd: toEnd >= threshold ? interval / 2 : toEnd }
}
