import { assert } from '@signalbox/base'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const TEXT_BYTES_MAX = 0xffff
const ASCII_MAX = 128

/** Appends little-endian values to a buffer of its own that doubles as needed and is reused by `reset`. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  constructor(initialBytes = 4096) {
    this.#bytes = new Uint8Array(initialBytes)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  reset(): void {
    this.#length = 0
  }

  /** What was written; valid until the next write or reset. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  u8(value: number): void {
    this.#view.setUint8(this.#take(1), value)
  }

  u16(value: number): void {
    this.#view.setUint16(this.#take(2), value, true)
  }

  u32(value: number): void {
    this.#view.setUint32(this.#take(4), value, true)
  }

  f64(value: number): void {
    this.#view.setFloat64(this.#take(8), value, true)
  }

  f64s(values: Float64Array): void {
    let offset = this.#take(values.length * 8)
    for (const value of values) {
      this.#view.setFloat64(offset, value, true)
      offset += 8
    }
  }

  /** A u16 of bytes, then UTF-8, cut at a character when longer than 65,535 bytes. */
  text(value: string): void {
    const at = this.#take(2)
    const room = Math.min(value.length * 3, TEXT_BYTES_MAX)
    const start = this.#take(room)
    const written = this.#ascii(value, start) ? value.length : encoder.encodeInto(value, this.#bytes.subarray(start, start + room)).written
    this.#view.setUint16(at, written, true)
    this.#length = start + written
  }

  /** Most texts are short and ASCII, and then this is faster than the encoder. False: nothing of use was written. */
  #ascii(value: string, start: number): boolean {
    if (value.length > ASCII_MAX) return false
    for (let at = 0; at < value.length; at += 1) {
      const unit = value.charCodeAt(at)
      if (unit > 0x7f) return false
      this.#bytes[start + at] = unit
    }
    return true
  }

  /** Overwrites a u32 written before. */
  patchU32(offset: number, value: number): void {
    assert(offset + 4 <= this.#length, `patch at ${offset} of ${this.#length}`)
    this.#view.setUint32(offset, value, true)
  }

  #take(bytes: number): number {
    const offset = this.#length
    this.#length += bytes
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(this.#length)))
      grown.set(this.#bytes.subarray(0, offset))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return offset
  }
}

/** Reads what a `ByteWriter` wrote, from an offset on. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  offset: number

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.offset = offset
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#skip(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#skip(8), true)
  }

  f64s(count: number): Float64Array {
    const values = new Float64Array(count)
    for (let at = 0; at < count; at += 1) values[at] = this.f64()
    return values
  }

  text(): string {
    const length = this.u16()
    const start = this.#skip(length)
    return decoder.decode(this.#bytes.subarray(start, start + length))
  }

  #skip(bytes: number): number {
    const offset = this.offset
    this.offset += bytes
    return offset
  }
}
