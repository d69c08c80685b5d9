/** Slots of an allocation: the first takes 4 KiB, each further one twice the last up to 1 MiB. Larger ones the system would clear page by page for each query. */
const SLAB_SLOTS_MIN = 1 << 9
const SLAB_SLOTS_MAX = 1 << 17

/** Columns for one answer, many of them in one allocation: ten thousand short ones cost more by themselves than all of their samples. */
export class ColumnSlabs {
  #slab = new ArrayBuffer(0)
  #used = 0
  #slots = SLAB_SLOTS_MIN

  /** A column of zeros. */
  column(length: number): Float64Array {
    const bytes = length * 8
    if (this.#used + bytes > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(8 * Math.max(length, this.#slots))
      this.#slots = Math.min(2 * this.#slots, SLAB_SLOTS_MAX)
      this.#used = 0
    }
    const column = new Float64Array(this.#slab, this.#used, length)
    this.#used += bytes
    return column
  }
}
