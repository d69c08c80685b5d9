import { type Clock, ok, type Result } from '@signalbox/base'
import type { Engine, EngineEvent, EngineRequest, SubmitError } from '@signalbox/engine'

/** One-shot timers as a port, so that the loop runs in virtual time too. */
export interface Timers {
  /** Calls back once, not before about `ms`; answers how to call that off. */
  after(ms: number, callback: () => void): () => void
}

export const systemTimers: Timers = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

type FinishEvent = EngineEvent & { type: 'finish' }

/** What one step brought one request: a token, its end, or (the last token) both. */
export interface Output {
  readonly id: string
  readonly token: number | undefined
  readonly finish: FinishEvent | undefined
}

export type OutputListener = (output: Output) => void

/** Steps that may be made up for in one go before other work gets its turn. */
const STEPS_PER_TURN = 32
/** Lateness beyond this is given up: a machine that cannot keep pace is a slower engine, not a growing debt. */
const LATENESS_MAX_MS = 1000

/**
 * Runs an engine against a clock. The end of each step is due at the due end of the one before plus its duration, so late
 * timers do not add up. Without requests there is no timer. Where the engine has requests and can compute none of them, it is asked
 * again when it says that one is ready, and whenever something changes (`kick`).
 */
export class EngineLoop {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #speed: number
  readonly #listeners = new Map<string, OutputListener>()
  #slowFactor = 1
  /** Set while a step is under way. */
  #cancelTimer: (() => void) | undefined
  /** Set while requests are there of which none can be computed yet. */
  #cancelWait: (() => void) | undefined
  /** When the current step is due to end. */
  #dueMs = 0
  #stallMs = 0
  #onIdle: (() => void) | undefined

  /** `speed` > 0: 2 makes every step take half its time. */
  constructor(options: { engine: Engine; clock: Clock; timers: Timers; speed: number }) {
    this.#engine = options.engine
    this.#clock = options.clock
    this.#timers = options.timers
    this.#speed = options.speed
  }

  /** Requests that have not ended. */
  get size(): number {
    return this.#listeners.size
  }

  /** Submits all or none of the requests; `listener` is told of each until its finish. */
  submit(requests: readonly EngineRequest[], listener: OutputListener): Result<void, SubmitError> {
    const nowMs = this.#clock.nowMs()
    for (const [index, request] of requests.entries()) {
      const submitted = this.#engine.submit(request, nowMs)
      if (submitted.ok) continue
      for (const { id } of requests.slice(0, index)) this.#engine.abort(id, nowMs)
      return submitted
    }
    for (const { id } of requests) this.#listeners.set(id, listener)
    this.kick()
    return ok(undefined)
  }

  /** Tells the loop that the engine may have something to compute that it had not before. */
  kick(): void {
    if (this.#cancelTimer !== undefined) return
    this.#cancelWait?.()
    this.#cancelWait = undefined
    const nowMs = this.#clock.nowMs()
    if (this.#begin(nowMs)) this.#arm()
    else this.#waitUntilReady()
  }

  /** Ends a request without telling its listener; false: it has ended already. */
  abort(id: string): boolean {
    if (!this.#listeners.delete(id)) return false
    this.#engine.abort(id, this.#clock.nowMs())
    this.#settle()
    // What it held may be what others wait for.
    this.kick()
    return true
  }

  /** Ends every request with reason `error`; their listeners are told. */
  failAll(): void {
    for (const id of [...this.#listeners.keys()]) this.#dispatch(this.#engine.abort(id, this.#clock.nowMs(), 'error'))
    this.#settle()
  }

  /** Makes the current step, or the next one, take that much longer. */
  stall(ms: number): void {
    if (this.#cancelTimer === undefined) this.#stallMs += ms
    else {
      this.#cancelTimer()
      this.#dueMs += ms
      this.#arm()
    }
  }

  /** Steps that begin from now on take so many times as long (> 0). */
  slow(factor: number): void {
    this.#slowFactor = factor
  }

  /** Forgets every request without a word to its listener, and does nothing ever after: its process is gone. */
  discard(): void {
    this.#cancelTimer?.()
    this.#cancelWait?.()
    this.#cancelTimer = undefined
    this.#cancelWait = undefined
    const nowMs = this.#clock.nowMs()
    for (const id of this.#listeners.keys()) this.#engine.abort(id, nowMs)
    this.#listeners.clear()
    this.#settle()
  }

  /** Resolves when no request is left. One waiter at a time. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve
      this.#settle()
    })
  }

  #begin(startMs: number): boolean {
    const durationMs = this.#engine.beginStep(this.#clock.nowMs())
    if (durationMs === undefined) return false
    this.#dueMs = startMs + (durationMs * this.#slowFactor) / this.#speed + this.#stallMs
    this.#stallMs = 0
    return true
  }

  #arm(): void {
    this.#cancelTimer = this.#timers.after(Math.max(0, this.#dueMs - this.#clock.nowMs()), () => this.#fire())
  }

  #fire(): void {
    for (let steps = 0; steps < STEPS_PER_TURN; steps++) {
      const nowMs = this.#clock.nowMs()
      const startMs = nowMs - this.#dueMs > LATENESS_MAX_MS ? nowMs : this.#dueMs
      this.#dispatch(this.#engine.endStep(nowMs))
      if (!this.#begin(startMs)) {
        this.#cancelTimer = undefined
        this.#settle()
        this.#waitUntilReady()
        return
      }
      if (this.#dueMs > this.#clock.nowMs()) break
    }
    this.#arm()
  }

  #waitUntilReady(): void {
    const readyMs = this.#engine.readyAtMs()
    if (readyMs === undefined) return
    this.#cancelWait = this.#timers.after(Math.max(0, readyMs - this.#clock.nowMs()), () => {
      this.#cancelWait = undefined
      this.kick()
    })
  }

  /** The engine puts a request's finish right behind its last token. */
  #dispatch(events: readonly EngineEvent[]): void {
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as EngineEvent
      const next = events[index + 1]
      const finish = event.type === 'finish' ? event : next?.type === 'finish' && next.id === event.id ? next : undefined
      if (event.type === 'token' && finish !== undefined) index += 1
      const listener = this.#listeners.get(event.id)
      if (finish !== undefined) this.#listeners.delete(event.id)
      listener?.({ id: event.id, token: event.type === 'token' ? event.token : undefined, finish })
    }
  }

  #settle(): void {
    if (this.#listeners.size > 0) return
    this.#onIdle?.()
    this.#onIdle = undefined
  }
}
