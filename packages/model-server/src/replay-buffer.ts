import { Ring } from '@signalbox/base'

/**
 * The newest payloads of one publisher, by sequence number: consecutive, so that the oldest number and the order give every other.
 *
 *     [ 41 | 42 | 43 ]    oldest 41, next 44
 *
 * Bounded in number and in bytes; the oldest go first.
 */
export class ReplayBuffer {
  readonly #payloads: Ring<Uint8Array>
  readonly #bytesMax: number
  #next = 0
  #bytes = 0

  constructor(options: { payloadsMax: number; bytesMax: number }) {
    this.#payloads = new Ring(options.payloadsMax)
    this.#bytesMax = options.bytesMax
  }

  /** The number that the next payload gets. */
  get next(): number {
    return this.#next
  }

  /** The smallest number that is kept; `next` without any. */
  get oldest(): number {
    return this.#next - this.#payloads.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Keeps the payload, perhaps in place of older ones, and answers its number. One over `bytesMax` alone is not kept. */
  add(payload: Uint8Array): number {
    const dropped = this.#payloads.pushEvicting(payload)
    this.#bytes += payload.length - (dropped?.length ?? 0)
    while (this.#bytes > this.#bytesMax) this.#bytes -= this.#payloads.shift()?.length ?? 0
    this.#next += 1
    return this.#next - 1
  }

  /** Undefined for a number that is not kept. */
  at(sequence: number): Uint8Array | undefined {
    return this.#payloads.at(sequence - this.oldest)
  }
}
