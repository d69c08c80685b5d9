const decoder = new TextDecoder('utf-8')

/**
 * Reads what `ByteWriter` wrote, from bytes that may be anything. Reading beyond the end, or a number that is too large, answers 0
 * or '' and makes `sound` false for good: callers check it once a record, and before they trust a count.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #at: number
  #sound = true

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = start
    this.#end = end
  }

  get sound(): boolean {
    return this.#sound
  }

  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#end - this.#at
  }

  u8(): number {
    return this.#has(1) ? (this.#bytes[this.#at++] as number) : 0
  }

  u32(): number {
    if (!this.#has(4)) return 0
    this.#at += 4
    return this.#view.getUint32(this.#at - 4, true)
  }

  f64(): number {
    if (!this.#has(8)) return 0
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      if (!this.#has(1)) return 0
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 127) * scale
      if (byte < 128) return value <= Number.MAX_SAFE_INTEGER ? value : this.#broken()
      scale *= 128
    }
    return this.#broken()
  }

  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** A number of things of at least `bytesEach` bytes that are still to come: more than that cannot be. */
  count(bytesEach: number): number {
    const value = this.varint()
    return value * bytesEach <= this.left ? value : this.#broken()
  }

  /** A view of the next `length` bytes; empty beyond the end. */
  raw(length: number): Uint8Array {
    if (!this.#has(length)) return this.#bytes.subarray(0, 0)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  text(): string {
    return decoder.decode(this.raw(this.count(1)))
  }

  #has(bytes: number): boolean {
    if (this.#at + bytes <= this.#end) return this.#sound
    this.#broken()
    return false
  }

  #broken(): 0 {
    this.#sound = false
    return 0
  }
}
