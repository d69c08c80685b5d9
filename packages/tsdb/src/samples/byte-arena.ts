import { assert } from '@signalbox/base'

const SLAB_BYTES = 1 << 18

/** Encoded bytes, in slabs of 256 KiB that a reader in another thread may map. */
interface Slab {
  readonly bytes: Uint8Array<SharedArrayBuffer>
  live: number
}

/**
 * Room for byte strings that are written once, read often and released roughly in the order of their writing: a slab goes as a whole
 * when the last string in it was released. An object for each string would cost more than most strings.
 */
export class ByteArena {
  #slabs: (Slab | undefined)[] = []
  #held = 0
  /** Of the newest slab. */
  #used = SLAB_BYTES

  /** Of the slabs held. */
  get bytes(): number {
    return this.#held * SLAB_BYTES
  }

  /** Copies `source[0..length)`; answers its place: `slab * SLAB_BYTES + offset`, an integer below 2^53. */
  add(source: Uint8Array, length: number): number {
    assert(length <= SLAB_BYTES, 'a string fits a slab')
    if (this.#used + length > SLAB_BYTES) this.#next()
    const slab = this.#slabs.at(-1) as Slab
    slab.bytes.set(source.subarray(0, length), this.#used)
    const place = (this.#slabs.length - 1) * SLAB_BYTES + this.#used
    this.#used += length
    slab.live += length
    return place
  }

  /** The slab of a place; the string begins at `offsetOf(place)`. */
  slabOf(place: number): Uint8Array {
    const slab = this.#slabs[Math.floor(place / SLAB_BYTES)]
    assert(slab !== undefined, 'a place that was not released')
    return slab.bytes
  }

  offsetOf(place: number): number {
    return place % SLAB_BYTES
  }

  release(place: number, length: number): void {
    const index = Math.floor(place / SLAB_BYTES)
    const slab = this.#slabs[index]
    assert(slab !== undefined && slab.live >= length, 'a string is released once')
    slab.live -= length
    if (slab.live > 0) return
    this.#slabs[index] = undefined
    this.#held -= 1
    if (index === this.#slabs.length - 1) this.#used = SLAB_BYTES
    if (this.#held === 0) this.#slabs = []
  }

  #next(): void {
    this.#slabs.push({ bytes: new Uint8Array(new SharedArrayBuffer(SLAB_BYTES)), live: 0 })
    this.#held += 1
    this.#used = 0
  }
}
