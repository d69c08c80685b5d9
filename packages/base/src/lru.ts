import { assert } from './assert.ts'

/**
 * A map that keeps the `capacity` most recently used entries, on a Map's insertion order:
 * a hit is deleted and set again, the eviction candidate is the first key.
 */
export class LruMap<K, V> {
  readonly capacity: number
  readonly #entries = new Map<K, V>()

  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity > 0, `LRU capacity ${capacity}`)
    this.capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  /** Answers the value and makes it the most recent. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** Answers the value without making it recent. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** Inserts or replaces; answers the key that had to leave, if one had to. */
  set(key: K, value: V): K | undefined {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.capacity) return undefined
    const oldest = this.#entries.keys().next().value as K
    this.#entries.delete(oldest)
    return oldest
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }
}
