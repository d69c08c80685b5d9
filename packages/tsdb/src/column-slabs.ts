/** Slots of an allocation: the first takes 4 KiB, each further one twice the last up to 1 MiB, so that little is wasted of either. */
const SLAB_SLOTS_MIN = 1 << 9
const SLAB_SLOTS_MAX = 1 << 17

/** Kept for the next answers: 128 MiB, 10,000 series over 6 h at 15 s. */
const KEPT_SLOTS_MAX = 1 << 24

/**
 * Columns of answers, many of them in one allocation: ten thousand short ones cost more by themselves than all of their samples. After
 * `rewind` the same memory is given out again: that of a large answer, if it were left to the collector, would make it run several times a query.
 */
export class ColumnSlabs {
  #slabs: ArrayBuffer[] = []
  #keptSlots = 0
  #next = 0
  #slab = new ArrayBuffer(0)
  #used = 0

  /** A column that holds anything. */
  column(length: number): Float64Array {
    const bytes = length * 8
    while (this.#used + bytes > this.#slab.byteLength) {
      this.#slab = this.#slabs[this.#next++] ?? this.#allocate(length)
      this.#used = 0
    }
    const column = new Float64Array(this.#slab, this.#used, length)
    this.#used += bytes
    return column
  }

  /** All columns given out so far are done with. */
  rewind(): void {
    this.#next = 0
    this.#slab = new ArrayBuffer(0)
    this.#used = 0
  }

  /** Lets the memory go to whoever still has columns of it. */
  forget(): void {
    this.#slabs = []
    this.#keptSlots = 0
    this.rewind()
  }

  #allocate(length: number): ArrayBuffer {
    const slots = Math.max(length, Math.min(SLAB_SLOTS_MIN << Math.min(this.#slabs.length, 8), SLAB_SLOTS_MAX))
    const slab = new ArrayBuffer(8 * slots)
    if (this.#keptSlots + slots > KEPT_SLOTS_MAX) return slab
    this.#slabs.push(slab)
    this.#keptSlots += slots
    return slab
  }
}
