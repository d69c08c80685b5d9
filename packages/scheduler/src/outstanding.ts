import { type Announced, Announcer, type Feed, type FeedEvent } from './feed.ts'
import type { PrefixIndex } from './prefix-index.ts'
import { type EngineOrder, type Reservation, Reservations } from './reservations.ts'
import { Siblings } from './siblings.ts'

/** A request of ours at one endpoint; siblings know it under `holder`, when there is a feed. */
export type OwnReservation = Reservation<Announced | undefined>

export interface OutstandingOptions {
  readonly slotsMax: number
  readonly order: EngineOrder
  readonly index: PrefixIndex
  readonly feed: Feed | undefined
}

/** What is under way at each endpoint: our requests, told to the feed, and those that siblings say they have. Unless it says "own", a count is of both. */
export class Outstanding {
  readonly #own: Reservations<Announced | undefined>
  readonly #siblings: Siblings
  readonly #announcer: Announcer | undefined

  constructor({ slotsMax, order, index, feed }: OutstandingOptions) {
    const announcer = feed === undefined ? undefined : new Announcer(feed)
    const onStart = announcer && ((attempt: Announced | undefined) => attempt !== undefined && announcer.said('started', attempt))
    this.#own = new Reservations({ slotsMax, order, onStart })
    this.#siblings = new Siblings({ slotsMax, index })
    this.#announcer = announcer
  }

  /** Reserves `tokens` on `slot` for a request that was sent to `endpoint`, and tells siblings. `dueMs` as of `Reservations.open`. */
  open(
    request: { readonly id: string; readonly model: string; readonly prefixHashes: Uint32Array },
    to: { readonly slot: number; readonly endpoint: string },
    work: { readonly tokens: number; readonly outputTokens: number; readonly dueMs: number },
  ): OwnReservation {
    const attempt = this.#announcer?.name(request, to.endpoint)
    const reservation = this.#own.open(to.slot, work.tokens, work.dueMs, attempt)
    if (attempt !== undefined)
      this.#announcer?.dispatched(attempt, { model: request.model, uncachedTokens: work.tokens, outputTokens: work.outputTokens })
    return reservation
  }

  /** First content. */
  started(reservation: OwnReservation): void {
    this.#own.started(reservation)
  }

  /** `finished` as of `Reservations.ended`; `answered`: there was content. */
  ended(reservation: OwnReservation, { finished, answered }: { readonly finished: boolean; readonly answered: boolean }): void {
    this.#own.ended(reservation, finished)
    if (reservation.holder !== undefined) this.#announcer?.said(answered || finished ? 'ended' : 'failed', reservation.holder)
  }

  siblingSaid(sibling: string, event: FeedEvent, at: { readonly slot: number; readonly nowMs: number }): void {
    this.#siblings.said(sibling, event, at)
  }

  siblingGone(sibling: string): void {
    this.#siblings.gone(sibling)
  }

  /** Presumes starts, and gives up what siblings never ended. */
  expire(nowMs: number): void {
    this.#own.expire(nowMs)
    this.#siblings.expire(nowMs)
  }

  /** A good poll of the endpoint. */
  polled(slot: number): void {
    this.#own.polled(slot)
    this.#siblings.polled(slot)
  }

  /** Another endpoint moves in: only once nothing of ours is in flight. What siblings have there is forgotten. */
  resetSlot(slot: number): void {
    this.#own.resetSlot(slot)
    this.#siblings.resetSlot(slot)
  }

  ownInFlight(slot: number): number {
    return this.#own.inFlight(slot)
  }

  /** The number of our last request there, over all endpoints; 0: none yet. */
  ownLastTurn(slot: number): number {
    return this.#own.lastTurn(slot)
  }

  inFlight(slot: number): number {
    return this.#own.inFlight(slot) + this.#siblings.inFlight(slot)
  }

  /** Sent, and not started as far as is known. */
  waiting(slot: number): number {
    return this.#own.waiting(slot) + this.#siblings.waiting(slot)
  }

  decoding(slot: number): number {
    return this.#own.decoding(slot) + this.#siblings.decoding(slot)
  }

  /** Uncached tokens of the waiting ones. */
  reservedTokens(slot: number): number {
    return this.#own.reservedTokens(slot) + this.#siblings.reservedTokens(slot)
  }

  sincePollTokens(slot: number): number {
    return this.#own.sincePollTokens(slot) + this.#siblings.sincePollTokens(slot)
  }

  sincePollRequests(slot: number): number {
    return this.#own.sincePollRequests(slot) + this.#siblings.sincePollRequests(slot)
  }
}
