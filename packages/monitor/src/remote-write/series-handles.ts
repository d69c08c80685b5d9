import { assert, type Labels } from '@signalbox/base'
import type { Store } from '../ports.ts'

/** Open series of senders, about 200 bytes each here and as many with the worker. */
const HANDLES_MAX = 50_000

/** Handles of the series that senders wrote last; one that must leave is released. Begins anew with each epoch of the store. */
export class SeriesHandles {
  readonly #store: Store
  readonly #capacity: number
  /** By key of the labels, the least recently used first. */
  readonly #handles = new Map<string, number>()
  #epoch: number

  constructor(store: Store, capacity: number = HANDLES_MAX) {
    assert(capacity > 0, 'at least one series can be open')
    this.#store = store
    this.#capacity = capacity
    this.#epoch = store.epoch
  }

  /** Good until the batch under way is committed: a later call may release it, which takes effect after the batch's samples. */
  of(labels: Labels): number {
    if (this.#store.epoch !== this.#epoch) {
      this.#epoch = this.#store.epoch
      this.#handles.clear()
    }
    const known = this.#handles.get(labels.key)
    if (known !== undefined) this.#handles.delete(labels.key)
    else if (this.#handles.size >= this.#capacity) this.#evict()
    const handle = known ?? this.#store.appender.series(labels)
    this.#handles.set(labels.key, handle)
    return handle
  }

  #evict(): void {
    const [oldest] = this.#handles
    assert(oldest !== undefined, 'a full map has a first entry')
    this.#handles.delete(oldest[0])
    this.#store.appender.release(oldest[1])
  }
}
