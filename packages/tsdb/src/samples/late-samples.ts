import { assert } from '@signalbox/base'

/** Samples that came late in one series, at most this many until they are merged. SOURCE: Prometheus' out_of_order_cap_max, default 32. */
export const LATE_SAMPLES_MAX = 32

/** A short column, ascending by time without repetition. */
export class LateSamples {
  readonly timestampsMs = new Float64Array(LATE_SAMPLES_MAX)
  readonly values = new Float64Array(LATE_SAMPLES_MAX)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Index of the first sample at or after `timeMs`, `length` when there is none. */
  from(timeMs: number): number {
    let at = 0
    while (at < this.#length && (this.timestampsMs[at] as number) < timeMs) at += 1
    return at
  }

  /** Its time is not among them, and there is room. */
  insert(timestampMs: number, value: number): void {
    assert(this.#length < LATE_SAMPLES_MAX, 'late samples are merged before they are too many')
    const at = this.from(timestampMs)
    this.timestampsMs.copyWithin(at + 1, at, this.#length)
    this.values.copyWithin(at + 1, at, this.#length)
    this.timestampsMs[at] = timestampMs
    this.values[at] = value
    this.#length += 1
  }

  /** Adds a sample that is newer than all. */
  push(timestampMs: number, value: number): void {
    assert(this.#length < LATE_SAMPLES_MAX, 'late samples are merged before they are too many')
    this.timestampsMs[this.#length] = timestampMs
    this.values[this.#length] = value
    this.#length += 1
  }

  /** Drops those before `beforeMs`; answers how many. */
  truncate(beforeMs: number): number {
    const dropped = this.from(beforeMs)
    this.timestampsMs.copyWithin(0, dropped, this.#length)
    this.values.copyWithin(0, dropped, this.#length)
    this.#length -= dropped
    return dropped
  }
}

/** Columns of which the first `length` count. */
export interface Samples {
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
  readonly length: number
}

/** Two ascending columns without a common time, as one. Every bit of a value stays. */
export function mergeSamples(a: Samples, b: Samples, timestampsMs: Float64Array, values: Float64Array): void {
  let i = 0
  let k = 0
  for (let at = 0; at < a.length + b.length; at++) {
    const isA = k === b.length || (i < a.length && (a.timestampsMs[i] as number) < (b.timestampsMs[k] as number))
    const from = isA ? a : b
    const index = isA ? i++ : k++
    timestampsMs[at] = from.timestampsMs[index] as number
    values[at] = from.values[index] as number
  }
}
