import { assert } from '@signalbox/base'

const LENGTH_INITIAL = 1024

/** One thing that will happen in a simulation. */
export interface QueuedEvent {
  atMs: number
  kind: number
  /** Whom it concerns: a request, an endpoint, a pair of them; what it means is the kind's. */
  subject: number
  /** What else the kind needs, the life of an engine say. */
  tag: number
}

/**
 * The events to come, earliest first; those of one moment in the order in which they were pushed, so that a run is the same each time.
 *
 *     place   0        1        2        3 ...             binary heap: children of i at 2i + 1 and 2i + 2
 *     atMs    12.5     13       80       13                Float64Array
 *     order   7        9        3        11                Float64Array, grows with each push: breaks ties
 *     kind, subject, tag                                   Int32Array each
 *
 * Owner: one simulation. Grows by doubling, 28 bytes an event; holds what is to come only, never a whole trace.
 */
export class EventQueue {
  #atMs = new Float64Array(LENGTH_INITIAL)
  #order = new Float64Array(LENGTH_INITIAL)
  #kind = new Int32Array(LENGTH_INITIAL)
  #subject = new Int32Array(LENGTH_INITIAL)
  #tag = new Int32Array(LENGTH_INITIAL)
  #size = 0
  #pushed = 0

  get size(): number {
    return this.#size
  }

  /** When the earliest event is due; Infinity: there is none. */
  get nextMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#atMs[0] as number)
  }

  push(atMs: number, kind: number, subject: number, tag = 0): void {
    assert(!Number.isNaN(atMs), 'an event needs a time')
    if (this.#size === this.#atMs.length) this.#grow()
    this.#pushed += 1
    const order = this.#pushed
    let place = this.#size
    this.#size += 1
    while (place > 0) {
      const parent = (place - 1) >>> 1
      if (!this.#isAfter(parent, atMs, order)) break
      this.#move(parent, place)
      place = parent
    }
    this.#atMs[place] = atMs
    this.#order[place] = order
    this.#kind[place] = kind
    this.#subject[place] = subject
    this.#tag[place] = tag
  }

  /** Takes the earliest event out into `event`; false: there is none. */
  pop(event: QueuedEvent): boolean {
    if (this.#size === 0) return false
    event.atMs = this.#atMs[0] as number
    event.kind = this.#kind[0] as number
    event.subject = this.#subject[0] as number
    event.tag = this.#tag[0] as number
    this.#size -= 1
    if (this.#size > 0) this.#sink(this.#size)
    return true
  }

  /** Moves what is at `from`, one past the end, to the root and down to its place. */
  #sink(from: number): void {
    const atMs = this.#atMs[from] as number
    const order = this.#order[from] as number
    const size = this.#size
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= size) break
      if (child + 1 < size && this.#isAfter(child, this.#atMs[child + 1] as number, this.#order[child + 1] as number)) child += 1
      if (this.#isAfter(child, atMs, order)) break
      this.#move(child, place)
      place = child
    }
    this.#move(from, place)
  }

  /** Whether the event at `place` comes after one of this time and order. */
  #isAfter(place: number, atMs: number, order: number): boolean {
    const placed = this.#atMs[place] as number
    return placed > atMs || (placed === atMs && (this.#order[place] as number) > order)
  }

  #move(from: number, to: number): void {
    this.#atMs[to] = this.#atMs[from] as number
    this.#order[to] = this.#order[from] as number
    this.#kind[to] = this.#kind[from] as number
    this.#subject[to] = this.#subject[from] as number
    this.#tag[to] = this.#tag[from] as number
  }

  #grow(): void {
    const length = this.#atMs.length * 2
    this.#atMs = copied(this.#atMs, new Float64Array(length))
    this.#order = copied(this.#order, new Float64Array(length))
    this.#kind = copied(this.#kind, new Int32Array(length))
    this.#subject = copied(this.#subject, new Int32Array(length))
    this.#tag = copied(this.#tag, new Int32Array(length))
  }
}

function copied<T extends Float64Array | Int32Array>(from: T, into: T): T {
  into.set(from)
  return into
}
