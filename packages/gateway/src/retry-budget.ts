import type { Clock } from '@signalbox/base'

export interface RetryBudgetOptions {
  /** Retries allowed for each request of the window, 0..1. */
  readonly requestRatio: number
  /** Retries allowed whatever the load, per second of the window. */
  readonly perSecond: number
}

const windowSeconds = 10

/**
 * Bounds retries over the last ten seconds, kept as ten one-second buckets:
 *
 *     retries <= requestRatio * requests + perSecond * 10
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions
  readonly #clock: Clock
  readonly #requests = new Uint32Array(windowSeconds)
  readonly #retries = new Uint32Array(windowSeconds)
  /** The second that the newest bucket stands for. */
  #second: number

  constructor(options: RetryBudgetOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#second = Math.floor(clock.nowMs() / 1000)
  }

  /** To be told of every request once. */
  requestStarted(): void {
    const slot = this.#advance()
    this.#requests[slot] = (this.#requests[slot] as number) + 1
  }

  /** Takes one retry out of the budget; false when there is none left. */
  tryRetry(): boolean {
    const slot = this.#advance()
    let requests = 0
    let retries = 0
    for (let i = 0; i < windowSeconds; i++) {
      requests += this.#requests[i] as number
      retries += this.#retries[i] as number
    }
    if (retries + 1 > this.#options.requestRatio * requests + this.#options.perSecond * windowSeconds) return false
    this.#retries[slot] = (this.#retries[slot] as number) + 1
    return true
  }

  /** Empties the buckets that have left the window; answers the current one. */
  #advance(): number {
    const second = Math.floor(this.#clock.nowMs() / 1000)
    const passed = Math.min(windowSeconds, second - this.#second)
    for (let i = 1; i <= passed; i++) {
      const slot = (this.#second + i) % windowSeconds
      this.#requests[slot] = 0
      this.#retries[slot] = 0
    }
    if (second > this.#second) this.#second = second
    return this.#second % windowSeconds
  }
}
