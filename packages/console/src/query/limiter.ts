/** Lets at most `limit` jobs run at once; the rest wait in the order of their arrival. A job whose signal is aborted while it waits never starts. */
export class Limiter {
  readonly #limit: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Jobs that wait. Bounded by the number of callers: each live query runs one load at a time. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Runs `job` when it is its turn; undefined when `signal` was aborted before that. */
  async run<T>(signal: AbortSignal, job: () => Promise<T>): Promise<T | undefined> {
    if (this.#running >= this.#limit) await new Promise<void>((resume) => this.#waiting.push(resume))
    else this.#running += 1
    try {
      return signal.aborted ? undefined : await job()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}
