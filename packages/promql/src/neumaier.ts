/** A compensated sum that keeps the low-order bits a plain sum loses. SOURCE: A. Neumaier, 1974 (improved Kahan-Babuška). */
export class NeumaierSum {
  sum = 0
  compensation = 0

  reset(sum = 0): void {
    this.sum = sum
    this.compensation = 0
  }

  add(value: number): void {
    const total = this.sum + value
    this.compensation += lostIn(this.sum, value, total)
    if (total === Number.POSITIVE_INFINITY || total === Number.NEGATIVE_INFINITY) this.compensation = 0
    this.sum = total
  }

  get total(): number {
    return this.sum + this.compensation
  }
}

/** The part of `sum + value` that rounding lost in `total`. */
export function lostIn(sum: number, value: number, total: number): number {
  return Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum
}

/**
 * A mean that survives overflow: a compensated sum while that is finite, from then on an incremental mean.
 * SOURCE: prometheus promql/functions.go (avg_over_time), promql/engine.go (avg).
 */
export class RunningMean {
  #count = 0
  #sum = 0
  #compensation = 0
  #incremental = false

  add(value: number): void {
    this.#count++
    const n = this.#count
    if (n === 1) {
      this.#sum = value
      return
    }
    if (!this.#incremental) {
      const total = this.#sum + value
      if (Math.abs(total) !== Number.POSITIVE_INFINITY) {
        this.#compensation += lostIn(this.#sum, value, total)
        this.#sum = total
        return
      }
      this.#incremental = true
      this.#sum /= n - 1
      this.#compensation /= n - 1
    }
    const kept = (n - 1) / n
    const mean = this.#sum * kept
    const part = value / n
    const total = mean + part
    this.#compensation = Math.abs(total) === Number.POSITIVE_INFINITY ? 0 : this.#compensation * kept + lostIn(mean, part, total)
    this.#sum = total
  }

  get count(): number {
    return this.#count
  }

  get mean(): number {
    return this.#incremental ? this.#sum + this.#compensation : this.#sum / this.#count + this.#compensation / this.#count
  }
}
