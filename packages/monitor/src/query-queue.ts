import { failure, type Result, Ring } from '@signalbox/base'
import type { QueryOptions, StoreAnswer, StoreError, StoreQuery } from './ports.ts'

/** A query from its arrival to its answer. */
interface PendingQuery {
  readonly id: number
  readonly query: StoreQuery
  /** One Int32 shared with whoever evaluates: not 0 means stop. */
  readonly canceled: Int32Array
  /** Answers the caller; only the first answer counts. */
  readonly settle: (result: Result<StoreAnswer, StoreError>) => void
  settled: boolean
}

export interface QueueLimits {
  /** Handed over at the same time. */
  readonly runningMax: number
  /** Waiting beyond those; more are refused. */
  readonly waitingMax: number
}

export type StartQuery = (id: number, query: StoreQuery, canceled: Int32Array) => void

/**
 * Admits queries to an evaluator that may be slow, stuck or gone: each is answered once and in time, whatever the
 * evaluator does. A place is free again when the evaluator answers, not when the caller stops waiting, so
 * `runningMax` bounds its real work.
 */
export class QueryQueue {
  readonly #limits: QueueLimits
  readonly #start: StartQuery
  readonly #running = new Map<number, PendingQuery>()
  readonly #waiting: Ring<PendingQuery>
  #nextId = 0

  constructor(limits: QueueLimits, start: StartQuery) {
    this.#limits = limits
    this.#start = start
    this.#waiting = new Ring(limits.waitingMax)
  }

  ask(query: StoreQuery, options: QueryOptions): Promise<Result<StoreAnswer, StoreError>> {
    return new Promise((resolve) => {
      const { signal, timeoutMs } = options
      const pending: PendingQuery = {
        id: this.#nextId++,
        query,
        canceled: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
        settled: false,
        settle: (result) => {
          if (pending.settled) return
          pending.settled = true
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          resolve(result)
        },
      }
      const abandon = (error: StoreError): void => {
        Atomics.store(pending.canceled, 0, 1)
        pending.settle(failure(error))
      }
      const onAbort = (): void => abandon({ code: 'canceled', message: 'query was canceled' })
      const onTimeout = (): void => abandon({ code: 'timeout', message: 'query timed out in expression evaluation' })
      const timer = setTimeout(onTimeout, timeoutMs)
      if (signal?.aborted === true) onAbort()
      else if (timeoutMs <= 0) onTimeout()
      else {
        signal?.addEventListener('abort', onAbort, { once: true })
        this.#admit(pending)
      }
    })
  }

  /** The evaluator's answer. Answers to queries that nobody waits for any more only free their place. */
  answered(id: number, result: Result<StoreAnswer, StoreError>): void {
    this.#running.get(id)?.settle(result)
    this.#running.delete(id)
    this.#fill()
  }

  /** Answers everything, running and waiting, with `error`: the evaluator is gone, or is to stop. */
  failAll(error: StoreError): void {
    for (const pending of this.#running.values()) {
      Atomics.store(pending.canceled, 0, 1)
      pending.settle(failure(error))
    }
    this.#running.clear()
    for (let pending = this.#waiting.shift(); pending !== undefined; pending = this.#waiting.shift()) pending.settle(failure(error))
  }

  #admit(pending: PendingQuery): void {
    if (this.#running.size < this.#limits.runningMax) this.#run(pending)
    else if (!this.#waiting.push(pending)) {
      pending.settle(
        failure({ code: 'unavailable', message: `too many queries: ${this.#limits.runningMax} are running and ${this.#limits.waitingMax} wait` }),
      )
    }
  }

  #fill(): void {
    while (this.#running.size < this.#limits.runningMax) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      if (!next.settled) this.#run(next)
    }
  }

  #run(pending: PendingQuery): void {
    this.#running.set(pending.id, pending)
    this.#start(pending.id, pending.query, pending.canceled)
  }
}
