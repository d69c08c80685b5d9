import { assert } from '@signalbox/base'
import type { Failures, Objectives } from './run-result.ts'
import { type Quantiles, quantilesOf } from './statistics.ts'

/** Share of the requests, by arrival, that no distribution counts. */
const WARM_UP_RATIO = 0.1

const PENDING = 0
const COMPLETED = 1
const FAILED = 2

/** A completed request. Times in milliseconds; NaN: it has none. */
export interface Completion {
  readonly arrivedMs: number
  readonly endedMs: number
  /** NaN for an answer that is not streamed: its client sees no first token. */
  readonly firstTokenMs: number
  readonly queueMs: number
  /** Of the attempt that answered. */
  readonly pickedMs: number
  readonly predictedTtftMs: number
  readonly outputTokens: number
}

/**
 * What became of each request, a column a value and a place a request: 66 bytes each. Exactly one of `completed` and `failed` is told of
 * each request, once.
 */
export class Outcomes {
  readonly #status: Uint8Array
  readonly #ttftMs: Float64Array
  readonly #tpotMs: Float64Array
  readonly #e2eMs: Float64Array
  readonly #queueMs: Float64Array
  readonly #ttftErrorMs: Float64Array
  readonly #regretMs: Float64Array
  readonly #endedMs: Float64Array
  readonly #objectives: Objectives
  /** Whether a request came among the first: no distribution counts it. */
  readonly #isEarly: Uint8Array
  readonly #earlyMax: number
  readonly #failures: { -readonly [reason in keyof Failures]: number } = { tooLong: 0, noEndpoint: 0, attemptsFailed: 0, cutShort: 0 }
  #arrived = 0
  #completed = 0
  #failed = 0
  #good = 0

  constructor(requests: number, objectives: Objectives) {
    const column = () => new Float64Array(requests).fill(Number.NaN)
    this.#status = new Uint8Array(requests)
    this.#ttftMs = column()
    this.#tpotMs = column()
    this.#e2eMs = column()
    this.#queueMs = column()
    this.#ttftErrorMs = column()
    this.#regretMs = column()
    this.#endedMs = column()
    this.#objectives = objectives
    this.#isEarly = new Uint8Array(requests)
    this.#earlyMax = Math.floor(requests * WARM_UP_RATIO)
  }

  get completedRequests(): number {
    return this.#completed
  }

  get failedRequests(): number {
    return this.#failed
  }

  /** Completed within the objectives. */
  get goodRequests(): number {
    return this.#good
  }

  get failures(): Failures {
    return { ...this.#failures }
  }

  get done(): number {
    return this.#completed + this.#failed
  }

  arrived(index: number): void {
    this.#arrived += 1
    if (this.#arrived <= this.#earlyMax) this.#isEarly[index] = 1
  }

  completed(index: number, completion: Completion): void {
    this.#end(index, COMPLETED, completion.endedMs)
    const { arrivedMs, endedMs, firstTokenMs, outputTokens } = completion
    const ttftMs = firstTokenMs - arrivedMs
    const tpotMs = outputTokens > 1 ? (endedMs - firstTokenMs) / (outputTokens - 1) : Number.NaN
    this.#ttftMs[index] = ttftMs
    this.#tpotMs[index] = tpotMs
    this.#e2eMs[index] = endedMs - arrivedMs
    this.#queueMs[index] = completion.queueMs
    this.#ttftErrorMs[index] = Math.abs(completion.predictedTtftMs - (firstTokenMs - completion.pickedMs))
    this.#completed += 1
    // A comparison with NaN is false: what was not measured misses nothing.
    if (!(ttftMs > this.#objectives.ttftMs) && !(tpotMs > this.#objectives.tpotMs)) this.#good += 1
  }

  failed(index: number, reason: keyof Failures, nowMs: number): void {
    this.#end(index, FAILED, nowMs)
    this.#failures[reason] += 1
    this.#failed += 1
  }

  /** A decision about the request was judged; the last one counts. */
  judged(index: number, regretMs: number): void {
    this.#regretMs[index] = regretMs
  }

  distributions(): { readonly [name in 'ttftMs' | 'tpotMs' | 'e2eMs' | 'queueMs' | 'ttftErrorMs' | 'regretMs']: Quantiles } {
    return {
      ttftMs: this.#quantiles(this.#ttftMs),
      tpotMs: this.#quantiles(this.#tpotMs),
      e2eMs: this.#quantiles(this.#e2eMs),
      queueMs: this.#quantiles(this.#queueMs),
      ttftErrorMs: this.#quantiles(this.#ttftErrorMs),
      regretMs: this.#quantiles(this.#regretMs),
    }
  }

  /** When requests were completed, earliest first. */
  completionTimesMs(): Float64Array {
    return this.#endedMs.filter((_, index) => this.#status[index] === COMPLETED).sort()
  }

  #end(index: number, status: number, nowMs: number): void {
    assert(this.#status[index] === PENDING, `request ${index} ended twice`)
    this.#status[index] = status
    this.#endedMs[index] = nowMs
  }

  #quantiles(column: Float64Array): Quantiles {
    return quantilesOf(column.filter((value, index) => !Number.isNaN(value) && this.#isEarly[index] === 0))
  }
}
