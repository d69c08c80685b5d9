import { normal, type Random } from '@signalbox/base'

/** Most tokens of a drawn length, as a multiple of the mean: the tail of a log-normal has no end. */
const LONGEST = 20

/** A log-normal length of at least 1 with this mean and this standard deviation over the mean; 0 is always the mean. Means are kept to about a percent in spite of the cut at 20 means. */
export function lengthOf(random: Random, mean: number, spread: number): number {
  const variance = Math.log(1 + spread * spread)
  const length = Math.exp(normal(random, Math.log(mean) - variance / 2, Math.sqrt(variance)))
  return Math.max(1, Math.round(Math.min(length, mean * LONGEST)))
}

/** A geometric number from 1 with this mean (at least 1). */
export function geometric(random: Random, mean: number): number {
  if (mean <= 1) return 1
  return 1 + Math.floor(Math.log(1 - random.next()) / Math.log(1 - 1 / mean))
}

/** Draws 0 .. count - 1 with odds falling as 1 / (rank ^ exponent), Zipf's law; exponent 0 draws evenly. */
export class Popularity {
  readonly #cumulated: Float64Array

  constructor(count: number, exponent: number) {
    this.#cumulated = new Float64Array(count)
    let sum = 0
    for (let rank = 0; rank < count; rank++) {
      sum += (rank + 1) ** -exponent
      this.#cumulated[rank] = sum
    }
  }

  draw(random: Random): number {
    const target = random.next() * (this.#cumulated.at(-1) as number)
    let low = 0
    let high = this.#cumulated.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#cumulated[middle] as number) > target) high = middle
      else low = middle + 1
    }
    return low
  }
}
