import { assert } from '@signalbox/base'

const encoder = new TextEncoder()

/** Appends numbers and text to a buffer that grows by doubling. All little-endian; `docs/formats/wal.md` names the forms. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  /** What was written: a view that is overwritten after `clear` or `truncate` and goes stale when the buffer grows. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  /** Takes back everything after the first `length` bytes. */
  truncate(length: number): void {
    assert(length <= this.#length, 'a writer is cut within what was written')
    this.#length = length
  }

  u8(value: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = value
  }

  u32(value: number): void {
    this.#room(4)
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  /** Overwrites four bytes that were written before. */
  u32At(at: number, value: number): void {
    assert(at + 4 <= this.#length, 'only what was written is overwritten')
    this.#view.setUint32(at, value, true)
  }

  /** Keeps every bit of a NaN. */
  f64(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  /** An integer from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#room(8)
    const bytes = this.#bytes
    let at = this.#length
    let rest = value
    // Bit operations hold 32 bits; what is larger is divided until it fits.
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    bytes[at] = rest
    this.#length = at + 1
  }

  /** An integer of at most 52 bits and a sign. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** UTF-8 after its length in bytes. */
  text(value: string): void {
    const bytes = encoder.encode(value)
    this.varint(bytes.length)
    this.raw(bytes)
  }

  /** Zeros up to the next multiple of `size`. */
  align(size: number): void {
    while (this.#length % size !== 0) this.u8(0)
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}
