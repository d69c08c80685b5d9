import { assert } from '@signalbox/base'
import { CHUNK_SAMPLES, type ChunkMemory, SLAB_ROWS } from './chunk-memory.ts'

/** Free rows of one slab: `[0, count)` of a stack. */
interface FreeRows {
  readonly stack: Uint8Array
  count: number
}

/** Rows for the values of open chunks, known by number from 1. The lowest slab with room gives the next one, so that the others run empty. */
export class RowPool {
  readonly #memory: ChunkMemory
  #free: (FreeRows | undefined)[] = []
  /** No slab before it has room. */
  #firstRoom = 0

  constructor(memory: ChunkMemory) {
    this.#memory = memory
  }

  get bytes(): number {
    return this.#memory.rows.held * SLAB_ROWS * CHUNK_SAMPLES * 8
  }

  take(): number {
    for (let slab = this.#firstRoom; ; slab++) {
      let free = this.#free[slab]
      if (free === undefined) {
        free = { stack: Uint8Array.from({ length: SLAB_ROWS }, (_, i) => SLAB_ROWS - 1 - i), count: SLAB_ROWS }
        this.#free[slab] = free
        this.#memory.rows.set(slab, new SharedArrayBuffer(SLAB_ROWS * CHUNK_SAMPLES * 8))
      }
      if (free.count === 0) continue
      this.#firstRoom = slab
      free.count -= 1
      return slab * SLAB_ROWS + (free.stack[free.count] as number) + 1
    }
  }

  give(row: number): void {
    const slab = (row - 1) >>> 6
    const free = this.#free[slab]
    assert(free !== undefined && free.count < SLAB_ROWS, 'a row that was taken')
    free.stack[free.count++] = (row - 1) & (SLAB_ROWS - 1)
    if (slab < this.#firstRoom) this.#firstRoom = slab
  }

  /** Gives back slabs without a row in use. */
  trim(): void {
    for (const [slab, free] of this.#free.entries()) {
      if (free?.count !== SLAB_ROWS) continue
      this.#free[slab] = undefined
      this.#memory.rows.drop(slab)
    }
    while (this.#free.length > 0 && this.#free.at(-1) === undefined) this.#free.pop()
    this.#firstRoom = Math.min(this.#firstRoom, this.#free.length)
  }
}
