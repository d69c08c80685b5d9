import type { Random } from '@signalbox/base'
import { type Quantiles, quantilesOf } from '@signalbox/replay'

/** Most values that are kept: quantiles of more are those of a uniform sample of so many. */
const samplesMax = 200_000

/**
 * The distribution of any number of values in bounded memory (1.6 MB at most): exact up to 200,000 of them, then by a uniform sample; mean and
 * maximum are always exact. SOURCE: J. S. Vitter, "Random Sampling with a Reservoir", algorithm R.
 */
export class CappedSamples {
  readonly #random: Random
  #values = new Float64Array(1024)
  #count = 0
  #sum = 0
  #max = Number.NEGATIVE_INFINITY

  constructor(random: Random) {
    this.#random = random
  }

  get count(): number {
    return this.#count
  }

  add(value: number): void {
    this.#sum += value
    this.#max = Math.max(this.#max, value)
    const place = this.#count < samplesMax ? this.#count : Math.floor(this.#random.next() * (this.#count + 1))
    this.#count += 1
    if (place >= samplesMax) return
    if (place >= this.#values.length) {
      const larger = new Float64Array(Math.min(samplesMax, this.#values.length * 2))
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[place] = value
  }

  /** Null: there is no value. */
  quantiles(): Quantiles | null {
    if (this.#count === 0) return null
    const kept = this.#values.slice(0, Math.min(this.#count, samplesMax))
    return { ...quantilesOf(kept), mean: this.#sum / this.#count, max: this.#max }
  }
}
