import { assert } from '@signalbox/base'

/** One below the largest u32, which therefore never names anything. */
const NUMBER_MAX = 0xfffffffe

/**
 * Small numbers for values that many records name. A number is kept while a record that used it may still
 * be alive: each use notes the record's sequence number, and once the table is longer than `sweepAt`,
 * values whose last use is older than the oldest record leave.
 */
export class Interner<T> {
  readonly #numbers = new Map<T, number>()
  readonly #values = new Map<number, { readonly value: T; lastUse: number }>()
  #next = 1
  #sweepAt: number

  constructor(sweepAt: number) {
    this.#sweepAt = sweepAt
  }

  get size(): number {
    return this.#values.size
  }

  /** The number of `value`, used by the record `sequence` (never decreasing). Numbers start at 1. */
  use(value: T, sequence: number): number {
    const known = this.#numbers.get(value)
    if (known !== undefined) {
      const entry = this.#values.get(known)
      assert(entry !== undefined, 'an interned value lost its number')
      entry.lastUse = sequence
      return known
    }
    const number = this.#next
    this.#next = number === NUMBER_MAX ? 1 : number + 1
    assert(!this.#values.has(number), 'the interner has run out of numbers')
    this.#numbers.set(value, number)
    this.#values.set(number, { value, lastUse: sequence })
    return number
  }

  /** The number of a value without using it; undefined: no live record names it. */
  numberOf(value: T): number | undefined {
    return this.#numbers.get(value)
  }

  valueOf(number: number): T {
    const entry = this.#values.get(number)
    assert(entry !== undefined, `no interned value ${number}`)
    return entry.value
  }

  /** Drops what only records before `oldest` used, when the table has grown enough to be worth it. */
  sweep(oldest: number): void {
    if (this.#values.size <= this.#sweepAt) return
    for (const [number, { value, lastUse }] of this.#values) {
      if (lastUse >= oldest) continue
      this.#values.delete(number)
      this.#numbers.delete(value)
    }
    // Half as much again as what is alive, so that sweeps cost O(1) a use.
    this.#sweepAt = Math.max(this.#sweepAt, Math.ceil(this.#values.size * 1.5))
  }
}
