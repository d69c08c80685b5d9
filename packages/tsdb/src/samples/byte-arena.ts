import { assert } from '@signalbox/base'
import { type ChunkMemory, SLAB_BYTES } from './chunk-memory.ts'

/**
 * Room for byte strings that are written once, read often and released roughly in the order of their writing: a slab goes as a whole
 * when the last string in it was released. An object for each string would cost more than most strings.
 */
export class ByteArena {
  readonly #memory: ChunkMemory
  /** Bytes in use, by slab. */
  #live: number[] = []
  /** Of the newest slab. */
  #used = SLAB_BYTES

  constructor(memory: ChunkMemory) {
    this.#memory = memory
  }

  /** Of the slabs held. */
  get bytes(): number {
    return this.#memory.bytes.held * SLAB_BYTES
  }

  /** Copies `source[0..length)`; answers its place: `slab * SLAB_BYTES + offset`, an integer below 2^53. */
  add(source: Uint8Array, length: number): number {
    assert(length <= SLAB_BYTES, 'a string fits a slab')
    if (this.#used + length > SLAB_BYTES) {
      this.#memory.bytes.set(this.#live.length, new SharedArrayBuffer(SLAB_BYTES))
      this.#live.push(0)
      this.#used = 0
    }
    const slab = this.#live.length - 1
    this.#memory.bytes.at(slab).set(source.subarray(0, length), this.#used)
    const place = slab * SLAB_BYTES + this.#used
    this.#used += length
    this.#live[slab] = (this.#live[slab] as number) + length
    return place
  }

  release(place: number, length: number): void {
    const slab = Math.floor(place / SLAB_BYTES)
    const live = this.#live[slab] ?? 0
    assert(live >= length && this.#memory.bytes.has(slab), 'a string is released once')
    this.#live[slab] = live - length
    if (live > length) return
    this.#memory.bytes.drop(slab)
    if (slab === this.#live.length - 1) this.#used = SLAB_BYTES
    if (this.#memory.bytes.held === 0) this.#live = []
  }
}
