import { Worker } from 'node:worker_threads'
import type { RunResult, Saturation } from '@signalbox/replay'
import { StartError } from '../supervisor/role-process.ts'
import type { FromReplayWorker, ReplayWorkerData, ToReplayWorker } from './replay-protocol.ts'
import type { ReplayRun, ReplaySettings } from './replay-runner.ts'

export interface ReplayPoolOptions {
  readonly settings: ReplaySettings
  readonly threads: number
  /** Old-generation heap of a thread, MB. Default 4,096: a trace of a million requests with its prompts' hashes. */
  readonly heapMbMax?: number
}

const HEAP_MB_MAX = 4096

/** Worker threads that run simulations side by side; each takes the next run when it is free. */
export class ReplayPool {
  readonly #seats: readonly Seat[]
  #stopped = false

  /** The threads read the trace when they are first asked. `stop` ends them. */
  constructor(workerUrl: URL, { settings, threads, heapMbMax = HEAP_MB_MAX }: ReplayPoolOptions) {
    const workerData: ReplayWorkerData = { settings }
    this.#seats = Array.from(
      { length: threads },
      () => new Seat(new Worker(workerUrl, { workerData, resourceLimits: { maxOldGenerationSizeMb: heapMbMax } }), heapMbMax),
    )
  }

  /** Of the runs under way, how much is done: 1 is one run. */
  get sharesUnderWay(): number {
    return this.#seats.reduce((sum, { share }) => sum + share, 0)
  }

  /** Rejects with a StartError where the trace does not tell. */
  async saturation(seed: number): Promise<Saturation> {
    const answer = await (this.#seats[0] as Seat).ask({ type: 'saturation', seed })
    if (answer.type !== 'saturation') throw new Error(`a worker thread answered ${answer.type} when asked for the saturation`)
    return answer.saturation
  }

  /**
   * Runs all, calling back with a run's place in the list as it is done, in whichever order. Resolves when all are, or after `stop`; rejects
   * with a StartError for a policy that throws or a thread without memory: what is under way then goes on until `stop`.
   */
  async runAll(runs: readonly ReplayRun[], done: (index: number, result: RunResult) => void): Promise<void> {
    let next = 0
    const work = async (seat: Seat): Promise<void> => {
      while (next < runs.length && !this.#stopped) {
        const index = next++
        const answer = await seat.ask({ type: 'run', run: runs[index] as ReplayRun })
        if (answer.type !== 'result') throw new Error(`a worker thread answered ${answer.type} when asked for a run`)
        if (!this.#stopped) done(index, answer.result)
      }
    }
    await Promise.all(this.#seats.map(work)).catch((error: unknown) => {
      if (!this.#stopped) throw error
    })
  }

  /** Ends the threads; what was under way is lost. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#seats.map((seat) => seat.stop()))
  }
}

type Answer = Exclude<FromReplayWorker, { readonly type: 'progress' | 'refused' }>

/** One thread, asked one thing at a time. A thread that ended for whatever reason answers with that reason from then on. */
class Seat {
  readonly #worker: Worker
  #pending: { resolve(answer: Answer): void; reject(error: Error): void } | undefined
  #ended: Error | undefined
  /** Of what it runs now, 0..1. */
  share = 0

  constructor(worker: Worker, heapMbMax: number) {
    this.#worker = worker
    worker.on('message', (message: FromReplayWorker) => this.#said(message))
    worker.on('error', (error: NodeJS.ErrnoException) => {
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      this.#fail(
        isMemory ? new StartError(`a simulation needs more than ${heapMbMax} MB of memory: give --requests, for a part of the trace`) : error,
      )
    })
    worker.on('exit', () => this.#fail(new Error('a worker thread of the replay ended by itself')))
  }

  ask(message: ToReplayWorker): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      this.#pending = { resolve, reject }
      this.#worker.postMessage(message)
    })
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #said(message: FromReplayWorker): void {
    if (message.type === 'progress') {
      this.share = message.share
      return
    }
    this.share = 0
    if (message.type === 'refused') this.#pending?.reject(new StartError(message.message))
    else this.#pending?.resolve(message)
    this.#pending = undefined
  }

  #fail(error: Error): void {
    this.#ended ??= error
    this.#pending?.reject(this.#ended)
    this.#pending = undefined
  }
}
