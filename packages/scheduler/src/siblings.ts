import { LruMap } from '@signalbox/base'
import { DueQueue } from './due-queue.ts'
import type { FeedEvent } from './feed.ts'
import type { PrefixIndex } from './prefix-index.ts'
import { type Reservation, Reservations } from './reservations.ts'

/** Siblings at once. */
const SIBLINGS_MAX = 64
/** Reservations of one sibling; the oldest leaves for a further one. */
const RESERVATIONS_MAX = 10_000
/** No request lasts longer than an engine may be silent: a reservation whose end was lost leaves after so long. */
const RESERVATION_MS = 600_000
/** Attempts of one sibling whose end is remembered, so that what arrives late of them changes nothing. */
const ENDED_MAX = 2048
const ID_CHARS_MAX = 256
/** Beyond any prompt: a number above it is a mistake of the sender. */
const TOKENS_MAX = 100_000_000

/** One attempt of a sibling that is under way. */
interface SiblingRequest {
  readonly key: string
  readonly reservation: Reservation<undefined>
  /** When it is given up. */
  readonly dueMs: number
  duePlace: number
  isStarted: boolean
}

interface Sibling {
  readonly requests: Map<string, SiblingRequest>
  /** The same, the oldest first. */
  readonly due: DueQueue<SiblingRequest>
  /** Keys of attempts that ended. */
  readonly ended: LruMap<string, true>
  heardMs: number
}

/**
 * What the other gateways of the fleet have sent to each endpoint, as they say. It counts as own requests do: waiting ones in Q and
 * in own waiting, decoding ones in n; and their prompts enter the prefix index provisionally when dispatched, for good when
 * started, and leave when they fail.
 *
 * Each event is taken for what it says alone: `started` before `dispatched` counts as decoding at once, `dispatched` after the end
 * as nothing, a second of its kind changes nothing. The FCFS rule is the sender's to apply: it publishes `started` for what it releases,
 * and in which order engines see the requests of two senders nobody knows. What a lost event leaves goes after 10 minutes, or with
 * the sibling; its blocks stay in the index and age there, as all do.
 *
 * Bounded: 64 siblings (a further one is heard once another is gone or silent for 10 minutes), 10,000 reservations and
 * 2,048 remembered ends a sibling.
 */
export class Siblings {
  readonly #siblings = new Map<string, Sibling>()
  readonly #reservations: Reservations<undefined>
  readonly #index: PrefixIndex

  constructor(options: { readonly slotsMax: number; readonly index: PrefixIndex }) {
    this.#reservations = new Reservations({ slotsMax: options.slotsMax, order: 'other' })
    this.#index = options.index
  }

  /** Siblings heard of. */
  get size(): number {
    return this.#siblings.size
  }

  /** `name` said `event` of the endpoint in `slot`. */
  said(name: string, event: FeedEvent, at: { readonly slot: number; readonly nowMs: number }): void {
    const sibling = this.#sibling(name, at.nowMs)
    if (sibling === undefined || event.id.length > ID_CHARS_MAX) return
    const key = `${event.endpoint}\u0000${event.id}`
    if (sibling.ended.peek(key) !== undefined) return
    const known = sibling.requests.get(key)
    switch (event.kind) {
      case 'dispatched':
        if (known !== undefined) return
        this.#open(sibling, key, { ...at, tokens: tokensOf(event.uncachedTokens) })
        this.#index.begin(event.prefixHashes, at.slot)
        return
      case 'started':
        this.#start(known ?? this.#open(sibling, key, { ...at, tokens: 0 }), event.prefixHashes)
        return
      case 'ended':
        if (known === undefined || !known.isStarted) this.#index.confirm(event.prefixHashes, at.slot)
        break
      case 'failed':
        if (known !== undefined && !known.isStarted) this.#index.withdraw(event.prefixHashes, at.slot)
    }
    sibling.ended.set(key, true)
    if (known !== undefined) this.#release(sibling, known)
  }

  /** The sibling is gone: releases all that it reserved. */
  gone(name: string): void {
    const sibling = this.#siblings.get(name)
    if (sibling === undefined) return
    for (const request of sibling.requests.values()) this.#reservations.ended(request.reservation, false)
    this.#siblings.delete(name)
  }

  /** Gives up what was reserved 10 minutes ago. */
  expire(nowMs: number): void {
    for (const sibling of this.#siblings.values()) this.#expire(sibling, nowMs)
  }

  /** Another endpoint moves in: forgets what was reserved there. */
  resetSlot(slot: number): void {
    for (const sibling of this.#siblings.values())
      for (const request of sibling.requests.values()) if (request.reservation.slot === slot) this.#release(sibling, request)
    this.#reservations.resetSlot(slot)
  }

  /** A good poll: what was reserved before is in the engine's own numbers from now on. */
  polled(slot: number): void {
    this.#reservations.polled(slot)
  }

  inFlight(slot: number): number {
    return this.#reservations.inFlight(slot)
  }

  waiting(slot: number): number {
    return this.#reservations.waiting(slot)
  }

  decoding(slot: number): number {
    return this.#reservations.decoding(slot)
  }

  reservedTokens(slot: number): number {
    return this.#reservations.reservedTokens(slot)
  }

  sincePollTokens(slot: number): number {
    return this.#reservations.sincePollTokens(slot)
  }

  sincePollRequests(slot: number): number {
    return this.#reservations.sincePollRequests(slot)
  }

  /** Undefined: there is no room for another one. */
  #sibling(name: string, nowMs: number): Sibling | undefined {
    let sibling = this.#siblings.get(name)
    if (sibling === undefined) {
      if (this.#siblings.size >= SIBLINGS_MAX) this.#forgetSilent(nowMs)
      if (this.#siblings.size >= SIBLINGS_MAX || name.length > ID_CHARS_MAX) return undefined
      sibling = { requests: new Map(), due: new DueQueue(), ended: new LruMap(ENDED_MAX), heardMs: nowMs }
      this.#siblings.set(name, sibling)
    }
    sibling.heardMs = nowMs
    return sibling
  }

  #forgetSilent(nowMs: number): void {
    for (const [name, { heardMs }] of this.#siblings) if (nowMs - heardMs >= RESERVATION_MS) this.gone(name)
  }

  #open(
    sibling: Sibling,
    key: string,
    { slot, nowMs, tokens }: { readonly slot: number; readonly nowMs: number; readonly tokens: number },
  ): SiblingRequest {
    if (sibling.requests.size >= RESERVATIONS_MAX) {
      const oldest = sibling.due.popDue(Number.POSITIVE_INFINITY)
      if (oldest !== undefined) this.#release(sibling, oldest)
    }
    const reservation = this.#reservations.open(slot, tokens, Number.POSITIVE_INFINITY, undefined)
    const request: SiblingRequest = { key, reservation, dueMs: nowMs + RESERVATION_MS, duePlace: -1, isStarted: false }
    sibling.requests.set(key, request)
    sibling.due.push(request)
    return request
  }

  #start(request: SiblingRequest, prefixHashes: Uint32Array): void {
    if (request.isStarted) return
    request.isStarted = true
    this.#reservations.started(request.reservation)
    this.#index.confirm(prefixHashes, request.reservation.slot)
  }

  #release(sibling: Sibling, request: SiblingRequest): void {
    sibling.requests.delete(request.key)
    sibling.due.remove(request)
    this.#reservations.ended(request.reservation, false)
  }

  #expire(sibling: Sibling, nowMs: number): void {
    for (let request = sibling.due.popDue(nowMs); request !== undefined; request = sibling.due.popDue(nowMs)) this.#release(sibling, request)
  }
}

/** A whole number of tokens; what is none counts as 0. */
function tokensOf(value: number): number {
  return value > 0 ? Math.min(TOKENS_MAX, Math.round(value)) : 0
}
