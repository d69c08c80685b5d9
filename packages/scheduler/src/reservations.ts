import { assert } from '@signalbox/base'
import { type Due, DueQueue } from './due-queue.ts'

/** In which order an engine starts what it is sent; `other` turns the release by a later request's start off. */
export type EngineOrder = 'fcfs' | 'other'

/** One request's claim on one endpoint. Owned by `Reservations`; others only pass it back. */
export interface Reservation<Holder> {
  readonly slot: number
  /** Whom it is for. */
  readonly holder: Holder
  /** Uncached prompt tokens, a whole number, so that sums return to exactly 0. */
  readonly tokens: number
}

interface Entry<Holder> extends Reservation<Holder>, Due {
  /** Order of dispatch, over all endpoints. */
  readonly sequence: number
  readonly pollTurn: number
  phase: 'waiting' | 'decoding' | 'ended'
  older: Entry<Holder> | undefined
  newer: Entry<Holder> | undefined
}

export interface ReservationsOptions<Holder> {
  readonly slotsMax: number
  readonly order: EngineOrder
  /** Told of each reservation that leaves `waiting` other than by its end. It must not call back. */
  readonly onStart?: ((holder: Holder, slot: number) => void) | undefined
}

/**
 * What a sender (this gateway, or its siblings together) has sent to each endpoint and not yet seen finished.
 *
 *     open ──> waiting ──────────────> decoding ──> ended        counts in   waiting: Q and own waiting
 *                 └─────────────────────────────────^                        decoding: n      both: in flight
 *
 * A reservation leaves `waiting` exactly once, at the first of:
 * - its first content;
 * - the first content or the proper end of a request dispatched later to the same endpoint (FCFS engines only).
 *   A later request that failed or was cancelled proves nothing and releases nobody else;
 * - `dueMs`: for answers that are not streamed, twice the predicted TTFT;
 * - its end, however it ends.
 * One released by the second or the third rule is presumed to have started: it counts as decoding until its
 * end, otherwise a load of answers that are not streamed would leave every endpoint looking idle.
 *
 * Waiting reservations of a slot are linked in order of dispatch, so that the FCFS rule costs what it releases.
 */
export class Reservations<Holder> {
  readonly #order: EngineOrder
  readonly #onStart: ((holder: Holder, slot: number) => void) | undefined
  readonly #oldest: (Entry<Holder> | undefined)[]
  readonly #newest: (Entry<Holder> | undefined)[]
  readonly #due = new DueQueue<Entry<Holder>>()
  readonly #waiting: Uint32Array
  readonly #decoding: Uint32Array
  readonly #reservedTokens: Float64Array
  readonly #sincePollTokens: Float64Array
  readonly #sincePollRequests: Uint32Array
  readonly #pollTurn: Uint32Array
  readonly #lastTurn: Float64Array
  #sequence = 0

  constructor(options: ReservationsOptions<Holder>) {
    this.#order = options.order
    this.#onStart = options.onStart
    this.#oldest = new Array<Entry<Holder> | undefined>(options.slotsMax).fill(undefined)
    this.#newest = new Array<Entry<Holder> | undefined>(options.slotsMax).fill(undefined)
    this.#waiting = new Uint32Array(options.slotsMax)
    this.#decoding = new Uint32Array(options.slotsMax)
    this.#reservedTokens = new Float64Array(options.slotsMax)
    this.#sincePollTokens = new Float64Array(options.slotsMax)
    this.#sincePollRequests = new Uint32Array(options.slotsMax)
    this.#pollTurn = new Uint32Array(options.slotsMax)
    this.#lastTurn = new Float64Array(options.slotsMax)
  }

  /** Reserves `tokens` on `slot`. `dueMs`: when to presume the start; Infinity: never. */
  open(slot: number, tokens: number, dueMs: number, holder: Holder): Reservation<Holder> {
    assert(Number.isInteger(tokens) && tokens >= 0, `reservation of ${tokens} tokens`)
    this.#sequence += 1
    const entry: Entry<Holder> = {
      slot,
      tokens,
      holder,
      dueMs,
      duePlace: -1,
      sequence: this.#sequence,
      pollTurn: at(this.#pollTurn, slot),
      phase: 'waiting',
      older: this.#newest[slot],
      newer: undefined,
    }
    if (entry.older === undefined) this.#oldest[slot] = entry
    else entry.older.newer = entry
    this.#newest[slot] = entry
    if (dueMs !== Number.POSITIVE_INFINITY) this.#due.push(entry)
    add(this.#waiting, slot, 1)
    add(this.#reservedTokens, slot, tokens)
    add(this.#sincePollTokens, slot, tokens)
    add(this.#sincePollRequests, slot, 1)
    this.#lastTurn[slot] = this.#sequence
    return entry
  }

  /** First content: the reservation and those dispatched before it start. */
  started(reservation: Reservation<Holder>): void {
    const entry = reservation as Entry<Holder>
    assert(entry.phase !== 'ended', 'first content after the end')
    if (entry.phase === 'waiting') this.#start(entry)
    this.#startOlder(entry)
  }

  /** `finished`: the engine said all it had to say; otherwise the request failed or was cancelled. */
  ended(reservation: Reservation<Holder>, finished: boolean): void {
    const entry = reservation as Entry<Holder>
    assert(entry.phase !== 'ended', 'a reservation ends once')
    if (entry.phase === 'waiting') this.#leaveWaiting(entry)
    else add(this.#decoding, entry.slot, -1)
    entry.phase = 'ended'
    if (entry.pollTurn === at(this.#pollTurn, entry.slot)) {
      add(this.#sincePollTokens, entry.slot, -entry.tokens)
      add(this.#sincePollRequests, entry.slot, -1)
    }
    if (finished) this.#startOlder(entry)
  }

  /** Presumes the start of what is due. */
  expire(nowMs: number): void {
    for (let entry = this.#due.popDue(nowMs); entry !== undefined; entry = this.#due.popDue(nowMs)) this.#start(entry)
  }

  /** A good poll: what was sent before is in the engine's own numbers from now on. */
  polled(slot: number): void {
    add(this.#pollTurn, slot, 1)
    this.#sincePollTokens[slot] = 0
    this.#sincePollRequests[slot] = 0
  }

  /** Another endpoint moves in: only once nothing is in flight. */
  resetSlot(slot: number): void {
    assert(this.inFlight(slot) === 0, `slot ${slot} has requests in flight`)
    this.polled(slot)
    this.#lastTurn[slot] = 0
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

  /** The sender's part of Q: uncached tokens of the waiting ones. */
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

  /** The pool-wide number of the last request sent there; 0: none yet. */
  lastTurn(slot: number): number {
    return at(this.#lastTurn, slot)
  }

  #startOlder(entry: Entry<Holder>): void {
    if (this.#order !== 'fcfs') return
    for (let oldest = this.#oldest[entry.slot]; oldest !== undefined && oldest.sequence < entry.sequence; oldest = this.#oldest[entry.slot])
      this.#start(oldest)
  }

  #start(entry: Entry<Holder>): void {
    this.#leaveWaiting(entry)
    entry.phase = 'decoding'
    add(this.#decoding, entry.slot, 1)
    this.#onStart?.(entry.holder, entry.slot)
  }

  #leaveWaiting(entry: Entry<Holder>): void {
    const { slot, older, newer } = entry
    if (older === undefined) this.#oldest[slot] = newer
    else older.newer = newer
    if (newer === undefined) this.#newest[slot] = older
    else newer.older = older
    entry.older = undefined
    entry.newer = undefined
    this.#due.remove(entry)
    add(this.#waiting, slot, -1)
    add(this.#reservedTokens, slot, -entry.tokens)
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
