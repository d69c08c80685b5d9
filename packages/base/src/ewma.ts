import { assert } from './assert.ts'

/**
 * Exponentially weighted mean by sample count: mean += alpha * (x - mean). Before the first
 * sample it answers the prior, and the prior counts as one sample.
 */
export class Ewma {
  readonly #alpha: number
  #mean: number
  #count = 0

  /** `alpha` in (0, 1]: the weight of the newest sample. */
  constructor(alpha: number, prior: number) {
    assert(alpha > 0 && alpha <= 1, `alpha ${alpha}`)
    this.#alpha = alpha
    this.#mean = prior
  }

  get mean(): number {
    return this.#mean
  }

  get count(): number {
    return this.#count
  }

  add(sample: number): void {
    this.#count += 1
    this.#mean += this.#alpha * (sample - this.#mean)
  }
}
