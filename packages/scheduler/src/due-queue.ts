import { assert } from '@signalbox/base'

/** What a `DueQueue` holds. The queue alone writes `duePlace`: the item's place in it, -1 outside. */
export interface Due {
  readonly dueMs: number
  duePlace: number
}

/**
 * A binary heap by due time in which each item knows its place, so that one that ends early leaves in
 * O(log n) at once and the queue is never larger than what is in flight.
 */
export class DueQueue<T extends Due> {
  readonly #heap: T[] = []

  get size(): number {
    return this.#heap.length
  }

  push(item: T): void {
    assert(item.duePlace === -1, 'the item is queued already')
    this.#heap.push(item)
    this.#up(item, this.#heap.length - 1)
  }

  /** The earliest item that is due at `nowMs`, taken out; undefined: none is. */
  popDue(nowMs: number): T | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.dueMs > nowMs) return undefined
    this.remove(first)
    return first
  }

  /** Takes the item out; nothing happens when it is not in. */
  remove(item: T): void {
    const place = item.duePlace
    if (place === -1) return
    item.duePlace = -1
    const last = this.#heap.pop()
    if (last === undefined || last === item) return
    this.#up(last, place)
    this.#down(last, last.duePlace)
  }

  #up(item: T, from: number): void {
    let place = from
    while (place > 0) {
      const parent = this.#heap[(place - 1) >>> 1]
      if (parent === undefined || parent.dueMs <= item.dueMs) break
      this.#put(parent, place)
      place = (place - 1) >>> 1
    }
    this.#put(item, place)
  }

  #down(item: T, from: number): void {
    let place = from
    for (;;) {
      const left = this.#heap[place * 2 + 1]
      const right = this.#heap[place * 2 + 2]
      const child = right !== undefined && left !== undefined && right.dueMs < left.dueMs ? right : left
      if (child === undefined || child.dueMs >= item.dueMs) break
      const childPlace = child.duePlace
      this.#put(child, place)
      place = childPlace
    }
    this.#put(item, place)
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item
    item.duePlace = place
  }
}
