/** Slots of an allocation: 1 MiB. Larger ones are given back to the system by each query and asked for again by the next. */
const SLAB_SLOTS_MAX = 1 << 17

/** Columns for one answer, many of them in one allocation: ten thousand short ones cost more by themselves than all of their samples. */
export class ColumnSlabs {
  #slab = new ArrayBuffer(0)
  #used = 0
  #room: number

  /** `room`: the slots of all columns that will be asked for. */
  constructor(room: number) {
    this.#room = room
  }

  /** A column of zeros. */
  column(length: number): Float64Array {
    const bytes = length * 8
    if (this.#used + bytes > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(8 * Math.max(length, Math.min(this.#room, SLAB_SLOTS_MAX)))
      this.#used = 0
    }
    const column = new Float64Array(this.#slab, this.#used, length)
    this.#used += bytes
    this.#room -= length
    return column
  }
}
