import type { Fetched, FetchFailure } from './fetched.ts'

/** What is drawn of a live query. Old data stay while there is an error: it says how old they are. */
export interface LiveState<T> {
  readonly data: T | undefined
  readonly error: FetchFailure | undefined
  /** When `data` arrived, by the scheduler's clock; undefined before the first. */
  readonly updatedMs: number | undefined
  /** Failures in a row. */
  readonly failures: number
}

export const emptyState: LiveState<never> = { data: undefined, error: undefined, updatedMs: undefined, failures: 0 }

export type Load<T> = (signal: AbortSignal) => Promise<Fetched<T>>

/** The longest wait between two attempts. */
const WAIT_MS_MAX = 60_000

/** Wait before the next load: the interval, doubled with each failure in a row up to a minute, give or take a tenth. `random` is in [0, 1). */
export function nextWaitMs(intervalMs: number, failures: number, random: number): number {
  const wait = Math.min(Math.max(intervalMs, WAIT_MS_MAX), intervalMs * 2 ** Math.min(failures, 16))
  return wait * (0.9 + 0.2 * random)
}

interface Job {
  load(): void
  dueMs: number
  stop(): void
}

export interface SchedulerPorts {
  now(): number
  random(): number
}

/**
 * The one clockwork behind all live queries. `tick` is called by a timer; it starts what is due, and does nothing while paused.
 * Each query has at most one load under way.
 */
export class LiveScheduler {
  readonly #ports: SchedulerPorts
  readonly #jobs = new Set<Job>()

  constructor(ports: SchedulerPorts) {
    this.#ports = ports
  }

  /** Starts what is due. */
  tick(): void {
    const now = this.#ports.now()
    for (const job of this.#jobs) if (job.dueMs <= now) job.load()
  }

  /** Makes everything due now: after a pause, or on request. */
  wake(): void {
    for (const job of this.#jobs) if (job.dueMs !== Number.POSITIVE_INFINITY) job.dueMs = 0
    this.tick()
  }

  /**
   * Loads now and then every `intervalMs`; reports each new state. `intervalMs` may be undefined after an answer: then it was
   * the last one. Returns the function that stops it and aborts what is under way.
   */
  watch<T>(load: Load<T>, intervalMs: (data: T | undefined) => number | undefined, report: (state: LiveState<T>) => void): () => void {
    const abort = new AbortController()
    let state: LiveState<T> = emptyState
    const job: Job = {
      dueMs: 0,
      stop: () => {
        this.#jobs.delete(job)
        abort.abort()
      },
      load: () => {
        job.dueMs = Number.POSITIVE_INFINITY
        load(abort.signal).then((answer) => {
          if (abort.signal.aborted) return
          const now = this.#ports.now()
          state = answer.ok
            ? { data: answer.value, error: undefined, updatedMs: now, failures: 0 }
            : { ...state, error: answer.error, failures: state.failures + 1 }
          const interval = intervalMs(state.data)
          if (interval !== undefined) job.dueMs = now + nextWaitMs(interval, state.failures, this.#ports.random())
          report(state)
        }, abortOnBug(job))
      },
    }
    this.#jobs.add(job)
    job.load()
    return job.stop
  }
}

/** A load reports its failures as values; a rejection is a bug, and is left to surface as an unhandled one. */
function abortOnBug(job: Job): (cause: unknown) => never {
  return (cause) => {
    job.stop()
    throw cause
  }
}
