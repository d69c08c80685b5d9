import { assert } from '@signalbox/base'
import type { CounterCell, GaugeCell, HistogramCell } from './types.ts'

/** A sum that only grows. */
export class Counter implements CounterCell {
  #value = 0

  get value(): number {
    return this.#value
  }

  inc(by = 1): void {
    assert(by >= 0, 'a counter only grows')
    this.#value += by
  }
}

/** The last value set, or a balance kept by `add`. */
export class Gauge implements GaugeCell {
  #value = 0

  get value(): number {
    return this.#value
  }

  set(value: number): void {
    this.#value = value
  }

  add(by: number): void {
    this.#value += by
  }
}

/**
 * Observations counted by bucket, not cumulatively:
 *
 *     bounds:  [ 0.1  0.5  1 ]           ascending, owned by the instrument, shared by its cells
 *     counts:  [ n0   n1   n2   n3 ]     n0: value <= 0.1, ..., n3: value > 1
 *
 * `observe` is a binary search: 24 ns over 22 bounds for values in no order (most of it mispredicted branches).
 */
export class Histogram implements HistogramCell {
  readonly #bounds: Float64Array
  readonly #counts: Float64Array
  #sum = 0
  #observations = 0

  constructor(bounds: Float64Array) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  get counts(): Float64Array {
    return this.#counts
  }

  get sum(): number {
    return this.#sum
  }

  /** How often `observe` was called: what is rendered from this cell changes when it does, and only then. */
  get observations(): number {
    return this.#observations
  }

  observe(value: number): void {
    assert(!Number.isNaN(value), 'an observation is a number')
    const bounds = this.#bounds
    let low = 0
    let high = bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (value <= (bounds[middle] as number)) high = middle
      else low = middle + 1
    }
    this.#counts[low] = (this.#counts[low] as number) + 1
    this.#sum += value
    this.#observations += 1
  }
}
