/** Wall-clock time as a port, so that core code runs unchanged in virtual time. */
export interface Clock {
  /** Milliseconds since the Unix epoch, fractional, never decreasing within a process. */
  nowMs(): number
}

/** A clock that moves only when told to. For tests and simulation. */
export class VirtualClock implements Clock {
  #nowMs: number

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** Moves forward by `ms` (>= 0). */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`a clock cannot go back (${ms} ms)`)
    this.#nowMs += ms
  }
}
