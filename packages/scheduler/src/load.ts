import { assert } from '@signalbox/base'

/**
 * What is under way at each endpoint, in sums that several `Reservations` share.
 *
 *     slot                  0     1     2 ...
 *     waiting               1     0     4        sent and not started; with their tokens: reservedTokens
 *     decoding              7     0     2        started and not ended
 *     sincePollRequests     2     0     1        sent since the last good poll and not ended; with their tokens: sincePollTokens
 *
 * No sum is ever negative, and all are 0 when all reservations have ended.
 */
export class Load {
  readonly #waiting: Uint32Array
  readonly #decoding: Uint32Array
  readonly #reservedTokens: Float64Array
  readonly #sincePollTokens: Float64Array
  readonly #sincePollRequests: Uint32Array

  constructor(slotsMax: number) {
    this.#waiting = new Uint32Array(slotsMax)
    this.#decoding = new Uint32Array(slotsMax)
    this.#reservedTokens = new Float64Array(slotsMax)
    this.#sincePollTokens = new Float64Array(slotsMax)
    this.#sincePollRequests = new Uint32Array(slotsMax)
  }

  inFlight(slot: number): number {
    return at(this.#waiting, slot) + at(this.#decoding, slot)
  }

  /** Sent, and not started as far as is known. */
  waiting(slot: number): number {
    return at(this.#waiting, slot)
  }

  decoding(slot: number): number {
    return at(this.#decoding, slot)
  }

  /** Uncached tokens of the waiting ones. */
  reservedTokens(slot: number): number {
    return at(this.#reservedTokens, slot)
  }

  /** Uncached tokens sent since the last good poll, less those of requests that ended since. */
  sincePollTokens(slot: number): number {
    return at(this.#sincePollTokens, slot)
  }

  sincePollRequests(slot: number): number {
    return at(this.#sincePollRequests, slot)
  }

  /** One was sent. */
  opened(slot: number, tokens: number): void {
    add(this.#waiting, slot, 1)
    add(this.#reservedTokens, slot, tokens)
    add(this.#sincePollTokens, slot, tokens)
    add(this.#sincePollRequests, slot, 1)
  }

  /** One waits no longer: `decodes`, or it ended. */
  leftWaiting(slot: number, tokens: number, decodes: boolean): void {
    add(this.#waiting, slot, -1)
    add(this.#reservedTokens, slot, -tokens)
    if (decodes) add(this.#decoding, slot, 1)
  }

  leftDecoding(slot: number): void {
    add(this.#decoding, slot, -1)
  }

  /** One that was sent since the last good poll ended. */
  endedSincePoll(slot: number, tokens: number): void {
    add(this.#sincePollTokens, slot, -tokens)
    add(this.#sincePollRequests, slot, -1)
  }

  polled(slot: number): void {
    this.#sincePollTokens[slot] = 0
    this.#sincePollRequests[slot] = 0
  }
}

type Column = Uint32Array | Float64Array

function at(column: Column, slot: number): number {
  return column[slot] as number
}

function add(column: Column, slot: number, amount: number): void {
  const sum = at(column, slot) + amount
  assert(sum >= 0, `a count of slot ${slot} fell below 0`)
  column[slot] = sum
}
