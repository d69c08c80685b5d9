const SLAB_VALUES = 8192
const PIECE_VALUES_MAX = 1024

/**
 * Cuts small arrays out of larger ones: a small typed array with memory of its own costs more than what is done with it.
 * Pieces are never given back; a slab goes when its last piece does, so they are for what lives as long as a request.
 */
export class Slab {
  #values = new Float64Array(SLAB_VALUES)
  #used = 0

  /** Zeros, the caller's own. */
  take(length: number): Float64Array {
    if (length > PIECE_VALUES_MAX) return new Float64Array(length)
    if (this.#used + length > this.#values.length) {
      this.#values = new Float64Array(SLAB_VALUES)
      this.#used = 0
    }
    const start = this.#used
    this.#used += length
    return this.#values.subarray(start, this.#used)
  }

  /** A copy of the first `length` values. */
  copy(values: Float64Array, length: number): Float64Array {
    const copied = this.take(length)
    for (let at = 0; at < length; at += 1) copied[at] = values[at] as number
    return copied
  }
}
