import { byPriority, type Sequence } from './sequence.ts'

/**
 * Who waits, in order of service, linked through the sequences themselves. First come, first served: both ends and removal
 * from the middle are O(1). By priority: an arrival walks past those of lower priority, at most the whole queue, which
 * the engine bounds.
 */
export class SequenceQueue {
  readonly #ordered: boolean
  #first: Sequence | undefined
  #last: Sequence | undefined
  #size = 0

  constructor(scheduling: 'fcfs' | 'priority') {
    this.#ordered = scheduling === 'priority'
  }

  get size(): number {
    return this.#size
  }

  get first(): Sequence | undefined {
    return this.#first
  }

  /** A new request. */
  arrive(sequence: Sequence): void {
    let before = this.#last
    while (this.#ordered && before !== undefined && byPriority(before, sequence) > 0) before = before.before
    this.#insertAfter(before, sequence)
  }

  /** One that lost its blocks: before all others, or where its priority belongs. */
  comeBack(sequence: Sequence): void {
    let before: Sequence | undefined
    let next = this.#first
    while (this.#ordered && next !== undefined && byPriority(next, sequence) < 0) {
      before = next
      next = next.after
    }
    this.#insertAfter(before, sequence)
  }

  /** `sequence` must be in this queue. */
  remove(sequence: Sequence): void {
    if (sequence.before === undefined) this.#first = sequence.after
    else sequence.before.after = sequence.after
    if (sequence.after === undefined) this.#last = sequence.before
    else sequence.after.before = sequence.before
    sequence.before = undefined
    sequence.after = undefined
    this.#size -= 1
  }

  #insertAfter(before: Sequence | undefined, sequence: Sequence): void {
    const after = before === undefined ? this.#first : before.after
    sequence.before = before
    sequence.after = after
    if (before === undefined) this.#first = sequence
    else before.after = sequence
    if (after === undefined) this.#last = sequence
    else after.before = sequence
    this.#size += 1
  }
}
