import { type Result, seededRandom } from '@signalbox/base'
import { Engine, type EngineEvent, type EngineObserver, type FinishedRequest, type SubmitError } from '@signalbox/engine'
import type { EngineState } from '@signalbox/scheduler'
import type { FleetEngine } from './fleet.ts'
import type { Flight } from './flight.ts'

/** What an endpoint has done since the start, its lives added up. */
export interface EndpointTotals {
  /** Requests that were sent there and taken. */
  requests: number
  /** Prompt tokens of the admitted, found in its prefix cache and not. */
  cachedTokens: number
  uncachedTokens: number
  /** Prompt tokens computed, those computed again after a preemption included. */
  prefillTokens: number
  generatedTokens: number
  preemptions: number
  steps: number
  /** Time that steps took. */
  busyMs: number
}

/**
 * One engine in the simulation's time, with the books that an observer who sees everything would keep.
 *
 *     submit ─> waiting (no first token yet) ─> decoding ─> ended         sets and sums over flights
 *                backlogTokens: uncached tokens of the waiting, less what was computed of them
 *
 * Whoever drives it calls `begin` when a step may start, and `endStep` when the time that `begin` answered has passed.
 * `stop` is the death of the process: all requests are lost, and `start` is a new one with an empty cache.
 */
export class SimulatedEndpoint {
  readonly id: string
  readonly profile: string
  readonly totals: EndpointTotals = {
    requests: 0,
    cachedTokens: 0,
    uncachedTokens: 0,
    prefillTokens: 0,
    generatedTokens: 0,
    preemptions: 0,
    steps: 0,
    busyMs: 0,
  }
  /** Flights without a first token, in order of arrival here; and those with one. */
  readonly waiting = new Set<Flight>()
  readonly decoding = new Set<Flight>()
  /** Sum of the lengths of the decoding ones. */
  contextTokens = 0
  isUp = true
  /** Grows with each life: events of an earlier one are void. */
  life = 0
  /** When the step under way ends; NaN: none is. */
  stepEndMs = Number.NaN
  /** Of the flights that the last `endStep` ended, in the order of its events. */
  readonly finished: FinishedRequest[] = []
  readonly #plan: FleetEngine
  readonly #models: readonly string[]
  #engine: Engine
  /** Uncached tokens and attention pairs of the waiting, as of their dispatch. */
  #waitingTokens = 0
  #waitingPairs = 0
  /** Prompt tokens computed, less those of flights that have their first token. */
  #computedTokens = 0

  constructor(plan: FleetEngine, models: readonly string[]) {
    this.id = plan.id
    this.profile = plan.profile
    this.#plan = plan
    this.#models = models
    this.#engine = this.#newEngine()
  }

  get engine(): Engine {
    return this.#engine
  }

  get isStepping(): boolean {
    return !Number.isNaN(this.stepEndMs)
  }

  /** Uncached prompt tokens that are still to be computed, about. */
  get backlogTokens(): number {
    return Math.max(0, this.#waitingTokens - this.#computedTokens)
  }

  /** Attention pairs of one of them, on average. */
  get pairsPerToken(): number {
    return this.#waitingTokens === 0 ? 0 : this.#waitingPairs / this.#waitingTokens
  }

  /** What a poll reads. */
  get state(): EngineState {
    const { running, waiting, kvUsageRatio, options } = this.#engine
    return {
      runningRequests: running,
      waitingRequests: waiting,
      kvUsageRatio,
      kvCapacityTokens: (options.blocksTotal - 1) * options.blockTokens,
      models: this.#models,
      adaptersLoaded: [],
    }
  }

  /** Hands a flight over. `uncachedTokens` of the flight says what is to be computed of it. */
  submit(flight: Flight, nowMs: number): Result<void, SubmitError> {
    const byPriority = this.#plan.options.scheduling === 'priority'
    const submitted = this.#engine.submit(
      {
        id: flight.id,
        promptTokens: flight.promptTokens,
        answerTokens: flight.answerTokens,
        finishReason: 'stop',
        cacheSeed: flight.request.model,
        ...(byPriority ? { priority: flight.request.priority } : {}),
      },
      nowMs,
    )
    if (!submitted.ok) return submitted
    this.totals.requests += 1
    this.waiting.add(flight)
    this.#waitingTokens += flight.uncachedTokens
    this.#waitingPairs += flight.uncachedPairs
    return submitted
  }

  /** Starts a step unless one is under way; answers how long it takes, or undefined: there is nothing to compute now. */
  begin(nowMs: number): number | undefined {
    if (!this.isUp || this.isStepping) return undefined
    const durationMs = this.#engine.beginStep(nowMs)
    if (durationMs === undefined) return undefined
    this.stepEndMs = nowMs + durationMs
    this.totals.steps += 1
    this.totals.busyMs += durationMs
    return durationMs
  }

  /** Ends the step under way. Tell of each first token (`started`) and each end (`ended`). */
  endStep(nowMs: number): readonly EngineEvent[] {
    this.stepEndMs = Number.NaN
    this.finished.length = 0
    return this.#engine.endStep(nowMs)
  }

  /** The flight has its first token. */
  started(flight: Flight): void {
    this.#leaveWaiting(flight)
    // What was computed of it is no longer part of the backlog, whatever its dispatch expected.
    this.#computedTokens = Math.max(0, this.#computedTokens - flight.uncachedTokens)
    this.decoding.add(flight)
    this.contextTokens += flight.prompt.tokens
  }

  /** One more token of a flight that has started; the first one too. */
  generated(): void {
    this.contextTokens += 1
  }

  ended(flight: Flight): void {
    this.#leaveWaiting(flight)
    if (this.decoding.delete(flight)) this.contextTokens -= flight.prompt.tokens + flight.generatedTokens
    if (this.waiting.size === 0) this.#computedTokens = 0
  }

  /** The process dies. Answers the flights that it had, oldest first. */
  stop(): readonly Flight[] {
    const lost = [...this.decoding, ...this.waiting].sort((a, b) => a.index - b.index)
    this.isUp = false
    this.life += 1
    this.stepEndMs = Number.NaN
    this.finished.length = 0
    this.decoding.clear()
    this.waiting.clear()
    this.contextTokens = 0
    this.#waitingTokens = 0
    this.#waitingPairs = 0
    this.#computedTokens = 0
    this.#engine = this.#newEngine()
    return lost
  }

  /** A new process, with nothing in its cache. */
  start(): void {
    this.isUp = true
  }

  #leaveWaiting(flight: Flight): void {
    if (!this.waiting.delete(flight)) return
    this.#waitingTokens -= flight.uncachedTokens
    this.#waitingPairs -= flight.uncachedPairs
  }

  #newEngine(): Engine {
    const { totals } = this
    const observer: EngineObserver = {
      refused: () => {},
      admitted: ({ promptTokens, cachedTokens }) => {
        totals.cachedTokens += cachedTokens
        totals.uncachedTokens += promptTokens - cachedTokens
      },
      firstToken: () => {},
      laterToken: () => {},
      stepped: ({ prefillTokens, generatedTokens }) => {
        totals.prefillTokens += prefillTokens
        totals.generatedTokens += generatedTokens
        this.#computedTokens += prefillTokens
      },
      preempted: () => {
        totals.preemptions += 1
      },
      finished: (request) => this.finished.push(request),
      kvExpired: () => {},
    }
    return new Engine(this.#plan.options, seededRandom(this.#plan.seed + this.life), observer)
  }
}
