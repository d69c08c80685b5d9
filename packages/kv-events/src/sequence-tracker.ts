/** Both inclusive. */
export interface MissingRange {
  readonly from: number
  readonly to: number
}

/** What a sequence number says about those before it. */
export interface Sighting {
  readonly verdict: 'next' | 'duplicate' | 'gap' | 'restart'
  /** With 'gap', and with 'restart' where the first batches of the new life are already past. */
  readonly missing: MissingRange | undefined
}

const NEXT: Sighting = { verdict: 'next', missing: undefined }
const DUPLICATE: Sighting = { verdict: 'duplicate', missing: undefined }

/**
 * Follows the sequence numbers of one publisher, live and replayed.
 *
 *     taken:  0 1 2 3 4 | next = 5        replayed up to 4, last live 2
 *     live 5 next    live 8 gap 5..7    live 3 duplicate (it came by replay)    live 2 restart
 *
 * A publisher sends each live number once and upwards, so that one which is not above the last live one is of a new life. A restart
 * that is not seen before the new numbers have passed the old looks like a gap. SOURCE: `docs/formats/kv-events.md`.
 */
export class SequenceTracker {
  #next: number
  #lastLive: number

  /** `first`: the first number that is wanted; what is before it is not missing. */
  constructor(first = 0) {
    this.#next = first
    this.#lastLive = first - 1
  }

  /** The number that would be in order. */
  get next(): number {
    return this.#next
  }

  /** What `sequence` would be; nothing changes. */
  look(sequence: number, origin: 'live' | 'replay'): Sighting {
    if (sequence === this.#next) return NEXT
    if (sequence > this.#next) return { verdict: 'gap', missing: { from: this.#next, to: sequence - 1 } }
    if (origin === 'replay' || sequence > this.#lastLive) return DUPLICATE
    return { verdict: 'restart', missing: sequence > 0 ? { from: 0, to: sequence - 1 } : undefined }
  }

  /** As `look`, and goes on from there: missing numbers are given up, after a restart counting begins anew. */
  take(sequence: number, origin: 'live' | 'replay'): Sighting {
    const sighting = this.look(sequence, origin)
    if (sighting.verdict !== 'duplicate') this.#next = sequence + 1
    if (origin === 'live') this.#lastLive = sequence
    return sighting
  }

  /** Expects 0 next: the publisher lives anew. */
  restart(): void {
    this.#next = 0
    this.#lastLive = -1
  }
}
