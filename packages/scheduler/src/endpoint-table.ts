import { assert } from '@signalbox/base'
import { atLeastZero } from './estimates.ts'
import { ModelMasks } from './model-masks.ts'
import type { EndpointSpec, EngineState } from './types.ts'

/** State is fresh while it is at most so many polls old. */
const FRESH_POLLS = 3
const HOLD_OUT_MIN_MS = 1000
const HOLD_OUT_MAX_MS = 30_000
const REASON_CHARS_MAX = 200
/** Above any queue and any cache, in tokens. */
const VALUE_MAX = 1e9

/** What the table says of one endpoint's reachability; the names of `EndpointView.state`. */
export type EndpointStateName = 'ready' | 'stale' | 'held-out' | 'unknown'

/**
 * The endpoints of the pool in dense slots: specification, last observed engine state, hold-out, draining.
 *
 *     slot            0        1        2        3 ...
 *     spec            a        b       (free)    d          objects
 *     running         4        0                 7          one Float64Array a signal, NaN: not said
 *     observedMs      ...                                   NaN: never
 *
 * A slot is reused only after `free`. Columns have their full length from the start (`slotsMax` times
 * about 100 bytes) and stay inside the class; readers use the named accessors.
 *
 * Hold-out: a failed dispatch holds the endpoint out for 1 s, doubling up to 30 s with each failure after a
 * release, and until a poll that began after the failure succeeds; the doubling starts over when a request
 * is answered. Failures while held out move the moment that a poll must be newer than, and double nothing:
 * a dying engine fails all its streams at once. An endpoint whose polls never succeeded (it may not have
 * metrics at all) is released by time alone.
 */
export class EndpointTable {
  readonly slotsMax: number
  readonly #freshMs: number
  readonly #pollIntervalMs: number
  readonly #specs: (EndpointSpec | undefined)[]
  readonly #slots = new Map<string, number>()
  readonly #models = new ModelMasks()
  readonly #adapters = new ModelMasks()
  readonly #running: Float64Array
  readonly #waiting: Float64Array
  readonly #othersRunning: Float64Array
  readonly #othersWaiting: Float64Array
  readonly #kvUsage: Float64Array
  readonly #kvCapacity: Float64Array
  readonly #observedMs: Float64Array
  readonly #pollStartedMs: Float64Array
  readonly #failedMs: Float64Array
  readonly #heldUntilMs: Float64Array
  readonly #backOffMs: Float64Array
  readonly #draining: Uint8Array
  readonly #unreachable: Uint8Array
  readonly #failure: (string | undefined)[]
  readonly #pollFailure: (string | undefined)[]
  #slotsEnd = 0

  constructor(options: { readonly slotsMax: number; readonly pollIntervalMs: number }) {
    assert(options.slotsMax > 0 && options.pollIntervalMs > 0, `table of ${options.slotsMax} slots, poll every ${options.pollIntervalMs} ms`)
    const column = () => new Float64Array(options.slotsMax).fill(Number.NaN)
    this.slotsMax = options.slotsMax
    this.#pollIntervalMs = options.pollIntervalMs
    this.#freshMs = options.pollIntervalMs * FRESH_POLLS
    this.#specs = new Array<EndpointSpec | undefined>(options.slotsMax).fill(undefined)
    this.#failure = new Array<string | undefined>(options.slotsMax).fill(undefined)
    this.#pollFailure = new Array<string | undefined>(options.slotsMax).fill(undefined)
    this.#running = column()
    this.#waiting = column()
    this.#othersRunning = column()
    this.#othersWaiting = column()
    this.#kvUsage = column()
    this.#kvCapacity = column()
    this.#observedMs = column()
    this.#pollStartedMs = column()
    this.#failedMs = column()
    this.#heldUntilMs = column()
    this.#backOffMs = new Float64Array(options.slotsMax)
    this.#draining = new Uint8Array(options.slotsMax)
    this.#unreachable = new Uint8Array(options.slotsMax)
  }

  /** One past the highest slot in use: the bound of a loop over slots. */
  get slotsEnd(): number {
    return this.#slotsEnd
  }

  slotOf(id: string): number | undefined {
    return this.#slots.get(id)
  }

  /** Undefined: the slot is free. */
  spec(slot: number): EndpointSpec | undefined {
    return this.#specs[slot]
  }

  /** Adds an endpoint, or renews the one of the same id, which stops draining. Undefined: every slot is taken. */
  add(spec: EndpointSpec): number | undefined {
    const known = this.#slots.get(spec.id)
    if (known !== undefined) {
      this.#specs[known] = spec
      this.#draining[known] = 0
      return known
    }
    const slot = this.#specs.indexOf(undefined)
    if (slot === -1) return undefined
    this.#specs[slot] = spec
    this.#slots.set(spec.id, slot)
    this.#slotsEnd = Math.max(this.#slotsEnd, slot + 1)
    return slot
  }

  /** No new requests; what runs there may end. */
  drain(slot: number): void {
    this.#draining[slot] = 1
  }

  isDraining(slot: number): boolean {
    return this.#draining[slot] === 1
  }

  /** Gives the slot back and clears every column. */
  free(slot: number): void {
    const spec = this.#specs[slot]
    assert(spec !== undefined, `slot ${slot} is free already`)
    this.#slots.delete(spec.id)
    this.#specs[slot] = undefined
    this.#models.set(slot, [])
    this.#adapters.set(slot, [])
    for (const column of [this.#running, this.#waiting, this.#othersRunning, this.#othersWaiting, this.#kvUsage]) column[slot] = Number.NaN
    for (const column of [this.#kvCapacity, this.#observedMs, this.#pollStartedMs]) column[slot] = Number.NaN
    this.#failedMs[slot] = Number.NaN
    this.#heldUntilMs[slot] = Number.NaN
    this.#backOffMs[slot] = 0
    this.#draining[slot] = 0
    this.#unreachable[slot] = 0
    this.#failure[slot] = undefined
    this.#pollFailure[slot] = undefined
    while (this.#slotsEnd > 0 && this.#specs[this.#slotsEnd - 1] === undefined) this.#slotsEnd -= 1
  }

  /**
   * A poll that began at `startedMs` succeeded; `own`: what the gateways had there at this moment, in flight and of those without a first content.
   * The rest is other senders', and is kept apart: what an engine says of our own requests is old at once, and we know better.
   * Numbers that no engine can mean (negative, above a billion) count as not said.
   */
  observed(
    slot: number,
    state: EngineState,
    at: { readonly nowMs: number; readonly startedMs: number; readonly own: { readonly inFlight: number; readonly waiting: number } },
  ): void {
    const running = plausible(state.runningRequests)
    const waiting = plausible(state.waitingRequests)
    const others = atLeastZero(atLeastZero(running) + atLeastZero(waiting) - at.own.inFlight)
    // Whose the waiting ones are is not said: as many are ours as wait for their first content.
    const othersWaiting = Math.min(others, atLeastZero(waiting - at.own.waiting))
    this.#othersWaiting[slot] = othersWaiting
    this.#othersRunning[slot] = others - othersWaiting
    this.#running[slot] = running
    this.#waiting[slot] = waiting
    this.#kvUsage[slot] = plausible(state.kvUsageRatio)
    this.#kvCapacity[slot] = plausible(state.kvCapacityTokens)
    this.#observedMs[slot] = at.nowMs
    this.#pollStartedMs[slot] = at.startedMs
    this.#pollFailure[slot] = undefined
    this.#unreachable[slot] = 0
    this.#models.set(slot, state.models)
    this.#adapters.set(slot, state.adaptersLoaded)
  }

  /** When a poll is reported without its start, it is taken to have begun one interval ago. */
  pollStartAssumed(nowMs: number): number {
    return nowMs - this.#pollIntervalMs
  }

  /** `unreachable`: nothing accepts connections there, so nothing would take a request either. */
  pollFailed(slot: number, reason: string, unreachable: boolean): void {
    this.#pollFailure[slot] = reason.slice(0, REASON_CHARS_MAX)
    this.#unreachable[slot] = unreachable ? 1 : 0
  }

  /** A dispatched request failed before its first byte. */
  attemptFailed(slot: number, reason: string, nowMs: number): void {
    if (!this.isHeldOut(slot, nowMs)) {
      const backOff = Math.min(HOLD_OUT_MAX_MS, Math.max(HOLD_OUT_MIN_MS, number(this.#backOffMs, slot) * 2))
      this.#backOffMs[slot] = backOff
      this.#heldUntilMs[slot] = nowMs + backOff
    }
    this.#failedMs[slot] = nowMs
    this.#failure[slot] = reason.slice(0, REASON_CHARS_MAX)
  }

  /** A request was answered: the next failure starts again at the shortest hold-out. */
  answered(slot: number, nowMs: number): void {
    if (!this.isHeldOut(slot, nowMs)) this.#backOffMs[slot] = 0
  }

  isHeldOut(slot: number, nowMs: number): boolean {
    if (this.isUnreachable(slot)) return true
    const failedMs = number(this.#failedMs, slot)
    if (Number.isNaN(failedMs)) return false
    if (nowMs < number(this.#heldUntilMs, slot)) return true
    return this.isObserved(slot) && number(this.#pollStartedMs, slot) < failedMs
  }

  /** The last poll found nobody listening. */
  isUnreachable(slot: number): boolean {
    return this.#unreachable[slot] === 1
  }

  isObserved(slot: number): boolean {
    return !Number.isNaN(number(this.#observedMs, slot))
  }

  /** Milliseconds since the last good poll; NaN: never. */
  stateAgeMs(slot: number, nowMs: number): number {
    return nowMs - number(this.#observedMs, slot)
  }

  isFresh(slot: number, nowMs: number): boolean {
    return this.stateAgeMs(slot, nowMs) <= this.#freshMs
  }

  stateName(slot: number, nowMs: number): EndpointStateName {
    if (this.isHeldOut(slot, nowMs)) return 'held-out'
    if (!this.isObserved(slot)) return 'unknown'
    return this.isFresh(slot, nowMs) ? 'ready' : 'stale'
  }

  /** Why the endpoint is not ready, for people; null when it is. */
  reason(slot: number, nowMs: number): string | null {
    if (this.isDraining(slot)) return 'draining: removed from the pool, its last requests run'
    switch (this.stateName(slot, nowMs)) {
      case 'ready':
        return null
      case 'held-out': {
        if (this.isUnreachable(slot)) return `held out until a poll succeeds: ${this.#pollFailure[slot] ?? 'cannot be reached'}`
        const leftMs = number(this.#heldUntilMs, slot) - nowMs
        const until = leftMs > 0 ? `for another ${(leftMs / 1000).toFixed(1)} s` : 'until a poll succeeds'
        return `held out ${until}: ${this.#failure[slot] ?? 'a request failed'}`
      }
      case 'unknown':
        return this.#pollFailure[slot] ?? 'not polled yet'
      case 'stale':
        return `no good poll for ${(this.stateAgeMs(slot, nowMs) / 1000).toFixed(1)} s: ${this.#pollFailure[slot] ?? 'no answer'}`
    }
  }

  runningRequests(slot: number): number {
    return number(this.#running, slot)
  }

  waitingRequests(slot: number): number {
    return number(this.#waiting, slot)
  }

  /** Requests of senders that tell us nothing, as of the last good poll; NaN: never polled. */
  othersRunning(slot: number): number {
    return number(this.#othersRunning, slot)
  }

  othersWaiting(slot: number): number {
    return number(this.#othersWaiting, slot)
  }

  kvUsageRatio(slot: number): number {
    return number(this.#kvUsage, slot)
  }

  kvCapacityTokens(slot: number): number {
    return number(this.#kvCapacity, slot)
  }

  /** Names that a client may ask for here; empty: the engine has not said. */
  models(slot: number): readonly string[] {
    return this.#models.names(slot)
  }

  /** By slot, 1 where `model` is served; undefined: nowhere that is known. Valid until the next change of the table. */
  servingMask(model: string): Uint8Array | undefined {
    return this.#models.mask(model)
  }

  /** By slot, 1 where the adapter is loaded; undefined: no engine has it loaded, or it is no adapter. */
  adapterMask(adapter: string): Uint8Array | undefined {
    return this.#adapters.mask(adapter)
  }
}

function number(column: Float64Array, slot: number): number {
  return column[slot] as number
}

function plausible(value: number): number {
  return value >= 0 && value <= VALUE_MAX ? value : Number.NaN
}
