import { assert } from './assert.ts'

/**
 * A bounded first-in first-out queue over a fixed array.
 *
 *     slots:  [ . . a b c . . . ]      head -> a, size 3
 *     full:   size === capacity; push answers false and changes nothing
 *
 * Push and shift are O(1) whatever the depth (Array.prototype.shift is not).
 */
export class Ring<T> {
  readonly capacity: number
  readonly #slots: (T | undefined)[]
  #head = 0
  #size = 0

  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity > 0, `ring capacity ${capacity}`)
    this.capacity = capacity
    this.#slots = new Array<T | undefined>(capacity).fill(undefined)
  }

  get size(): number {
    return this.#size
  }

  /** False when full. */
  push(item: T): boolean {
    if (this.#size === this.capacity) return false
    this.#slots[(this.#head + this.#size) % this.capacity] = item
    this.#size += 1
    return true
  }

  /** Pushes, dropping the oldest item when full; answers what was dropped. */
  pushEvicting(item: T): T | undefined {
    const dropped = this.#size === this.capacity ? this.shift() : undefined
    this.push(item)
    return dropped
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) % this.capacity
    this.#size -= 1
    return item
  }

  /** The item at `index` from the oldest (0) to the newest (size - 1). */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#size) return undefined
    return this.#slots[(this.#head + index) % this.capacity]
  }
}
