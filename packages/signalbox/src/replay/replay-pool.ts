import { Worker } from 'node:worker_threads'
import type { RunResult } from '@signalbox/replay'
import { StartError } from '../supervisor/role-process.ts'
import type { ReplayRun, ReplaySettings } from './replay-job.ts'
import type { FromReplayWorker, ReplayWorkerData, ToReplayWorker } from './replay-protocol.ts'

/** Old-generation heap of a worker, MB: a trace of a million requests with its prompts' hashes. */
const HEAP_MB_MAX = 4096

type Answer = Exclude<FromReplayWorker, { type: 'progress' }>

interface Seat {
  readonly worker: Worker
  /** Of what it runs now, 0..1. */
  share: number
  settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined
}

/** Worker threads that run simulations side by side; each takes the next run when it is free. */
export class ReplayPool {
  readonly #seats: readonly Seat[]
  #stopped = false

  constructor(workerUrl: URL, settings: ReplaySettings, threads: number) {
    const workerData: ReplayWorkerData = { settings }
    this.#seats = Array.from({ length: threads }, () => {
      const worker = new Worker(workerUrl, { workerData, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } })
      const seat: Seat = { worker, share: 0, settle: undefined }
      worker.on('message', (message: FromReplayWorker) => {
        if (message.type === 'progress') seat.share = message.share
        else seat.settle?.resolve(message)
      })
      worker.on('error', (error) => seat.settle?.reject(error))
      worker.on('exit', () => seat.settle?.reject(new Error('the worker thread ended')))
      return seat
    })
  }

  /** Of the runs under way, how much is done: 1 is one run. */
  get sharesUnderWay(): number {
    return this.#seats.reduce((sum, { share }) => sum + share, 0)
  }

  /** Throws a StartError for a trace or a policy that cannot be used. */
  async saturationPerSecond(seed: number): Promise<number> {
    const [seat] = this.#seats
    if (seat === undefined) throw new Error('a pool without threads')
    const answer = await this.#ask(seat, { type: 'saturation', seed })
    return answer.type === 'saturation' ? answer.requestsPerSecond : refuse(answer)
  }

  /** Runs all, calling back with a run's place in the list as it is done, in whichever order; resolves when all are, or after `stop`. */
  async runAll(runs: readonly ReplayRun[], done: (index: number, result: RunResult) => void): Promise<void> {
    let next = 0
    const work = async (seat: Seat): Promise<void> => {
      while (next < runs.length && !this.#stopped) {
        const index = next++
        const answer = await this.#ask(seat, { type: 'run', run: runs[index] as ReplayRun })
        seat.share = 0
        if (answer.type !== 'result') refuse(answer)
        else done(index, answer.result)
      }
    }
    await Promise.all(this.#seats.map(work)).catch((error: unknown) => {
      if (!this.#stopped) throw error
    })
  }

  /** Ends the threads; what was under way is lost. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#seats.map(({ worker }) => worker.terminate()))
  }

  #ask(seat: Seat, message: ToReplayWorker): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      seat.settle = { resolve, reject }
      seat.worker.postMessage(message)
    })
  }
}

function refuse(answer: Answer): never {
  if (answer.type === 'refused') throw new StartError(answer.message)
  throw new Error(`the worker thread answered ${answer.type}`)
}
