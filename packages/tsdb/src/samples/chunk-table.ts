import { assert } from '@signalbox/base'
import { CHUNK_FIELDS, type ChunkMemory, chunkOffset, PAGE_CHUNKS } from './chunk-memory.ts'

/** Gives out entries for sealed chunks, 24 bytes each, known by number from 1. The chunks of a series are a list from the newest to the oldest. */
export class ChunkTable {
  readonly #memory: ChunkMemory
  #free: number[] = []
  #next = 1
  #live = 0

  constructor(memory: ChunkMemory) {
    this.#memory = memory
  }

  get bytes(): number {
    return this.#memory.chunks.held * PAGE_CHUNKS * CHUNK_FIELDS * 8
  }

  /** `length` is that of the encoded bytes, below 4,096. */
  add(previous: number, column: number, place: number, length: number): number {
    assert(length < 4096, 'an encoded chunk is short')
    const chunk = this.#free.pop() ?? this.#next++
    this.#live += 1
    const index = chunk >>> 12
    if (index === this.#memory.chunks.length) this.#memory.chunks.set(index, new SharedArrayBuffer(PAGE_CHUNKS * CHUNK_FIELDS * 8))
    const page = this.#memory.chunks.at(index)
    const at = chunkOffset(chunk)
    page[at] = previous
    page[at + 1] = column * 4096 + length
    page[at + 2] = place
    return chunk
  }

  /** Makes it the oldest of its series. */
  cut(chunk: number): void {
    this.#memory.chunks.at(chunk >>> 12)[chunkOffset(chunk)] = 0
  }

  /** The number may be given out again. */
  release(chunk: number): void {
    this.#live -= 1
    if (this.#live > 0) {
      this.#free.push(chunk)
      return
    }
    this.#memory.chunks.clear()
    this.#free = []
    this.#next = 1
  }
}
