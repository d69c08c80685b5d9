import { assert } from '@signalbox/base'

const PAGE_CHUNKS = 4096
const FIELDS = 3

/**
 * Where sealed chunks are, 24 bytes each, known by number from 1. The chunks of a series are a list from the newest to the oldest.
 *
 *     number ->  | previous chunk f64 | column * 4096 + length f64 | place in the arena f64 |
 */
export class ChunkTable {
  #pages: Float64Array[] = []
  #free: number[] = []
  #next = 1
  #live = 0

  get bytes(): number {
    return this.#pages.length * PAGE_CHUNKS * FIELDS * 8
  }

  /** `length` is that of the encoded bytes, below 4,096. */
  add(previous: number, column: number, place: number, length: number): number {
    assert(length < 4096, 'an encoded chunk is short')
    const chunk = this.#free.pop() ?? this.#next++
    this.#live += 1
    if (chunk >>> 12 === this.#pages.length) this.#pages.push(new Float64Array(new SharedArrayBuffer(PAGE_CHUNKS * FIELDS * 8)))
    const page = this.#page(chunk)
    const at = (chunk & (PAGE_CHUNKS - 1)) * FIELDS
    page[at] = previous
    page[at + 1] = column * 4096 + length
    page[at + 2] = place
    return chunk
  }

  /** 0: it is the oldest. */
  previousOf(chunk: number): number {
    return this.#page(chunk)[(chunk & (PAGE_CHUNKS - 1)) * FIELDS] as number
  }

  columnOf(chunk: number): number {
    return Math.floor((this.#page(chunk)[(chunk & (PAGE_CHUNKS - 1)) * FIELDS + 1] as number) / 4096)
  }

  /** Of the encoded bytes. */
  lengthOf(chunk: number): number {
    return (this.#page(chunk)[(chunk & (PAGE_CHUNKS - 1)) * FIELDS + 1] as number) % 4096
  }

  placeOf(chunk: number): number {
    return this.#page(chunk)[(chunk & (PAGE_CHUNKS - 1)) * FIELDS + 2] as number
  }

  /** Makes it the oldest of its series. */
  cut(chunk: number): void {
    this.#page(chunk)[(chunk & (PAGE_CHUNKS - 1)) * FIELDS] = 0
  }

  release(chunk: number): void {
    this.#live -= 1
    if (this.#live > 0) {
      this.#free.push(chunk)
      return
    }
    this.#pages = []
    this.#free = []
    this.#next = 1
  }

  #page(chunk: number): Float64Array {
    const page = this.#pages[chunk >>> 12]
    assert(page !== undefined, 'a chunk that was not released')
    return page
  }
}
