import { Worker } from 'node:worker_threads'
import { type Clock, failure, ok, type Result } from '@signalbox/base'
import { BatchAppender } from './batch-appender.ts'
import type { Appender, BatchOutcome, Log, QueryOptions, Store, StoreAnswer, StoreError, StoreQuery, StoreStats } from './ports.ts'
import { QueryQueue, type QueueLimits } from './query-queue.ts'
import type { FromWorker, SampleBatch, ToWorker, WorkerData } from './worker-protocol.ts'

export interface WorkerStoreOptions extends WorkerData {
  /** The bundle of `query-worker.ts`. */
  readonly workerUrl: URL
  readonly queue?: QueueLimits
}

const QUEUE_DEFAULT: QueueLimits = { runningMax: 20, waitingMax: 100 }

/** Samples sent and not yet worked off, 20 bytes each; beyond, batches are dropped. About 100 scrapes of 50,000 samples. */
const PENDING_SAMPLES_MAX = 5_000_000

/** Batches whose outcome is awaited at the same time, and how long each of them waits: a query may keep the worker busy. */
const WRITES_MAX = 1_000
const WRITE_TIMEOUT_MS = 30_000

const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 10_000

/** A worker that lived this long has earned a quick restart. */
const STEADY_MS = 60_000

/** Old-generation heap of the worker; samples live outside of it, in typed arrays. */
const HEAP_MB_MAX = 2_048

const NO_STATS: StoreStats = { samples: 0, series: 0, bytes: 0, seriesRefused: 0 }

const DOWN: StoreError = { code: 'unavailable', message: 'the store is restarting' }
const BEHIND: StoreError = { code: 'unavailable', message: 'the store is behind' }

/**
 * The embedded store: head and query engine in a worker thread of their own. When the worker dies its contents are lost; it is
 * started again with a back-off that doubles up to 10 s, queries are answered 'unavailable' meanwhile, and `epoch` grows when the new one is up.
 */
export class WorkerStore implements Store {
  readonly #options: WorkerStoreOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #appender = new BatchAppender({
    send: (batch) => this.#append(batch),
    sendCounted: (batch) => this.#appendCounted(batch),
  })
  readonly #queue: QueryQueue
  readonly #writes = new Map<number, (result: Result<BatchOutcome, StoreError>) => void>()
  #nextWrite = 0
  #worker: Worker | undefined
  #state: 'down' | 'up' | 'closed' = 'down'
  #epoch = 0
  #upSinceMs = 0
  #backoffMs = BACKOFF_MS_MIN
  #restart: NodeJS.Timeout | undefined
  #pendingSamples = 0
  #stats = NO_STATS
  /** Counters of workers that died: totals never go back. */
  #retired = { samples: 0, seriesRefused: 0 }

  constructor(options: WorkerStoreOptions, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#options = options
    this.#clock = deps.clock
    this.#log = deps.log
    this.#queue = new QueryQueue(options.queue ?? QUEUE_DEFAULT, (id, query, canceled) => this.#post({ kind: 'query', id, query, canceled }))
    this.#spawn()
  }

  get epoch(): number {
    return this.#epoch
  }

  get up(): boolean {
    return this.#state === 'up'
  }

  get appender(): Appender {
    return this.#appender
  }

  query(query: StoreQuery, options: QueryOptions): Promise<Result<StoreAnswer, StoreError>> {
    return this.up ? this.#queue.ask(query, options) : Promise.resolve(failure(DOWN))
  }

  truncate(beforeMs: number): void {
    if (this.up) this.#post({ kind: 'truncate', beforeMs })
  }

  stats(): StoreStats {
    const { samples, seriesRefused } = this.#retired
    return { ...this.#stats, samples: this.#stats.samples + samples, seriesRefused: this.#stats.seriesRefused + seriesRefused }
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    clearTimeout(this.#restart)
    this.#queue.failAll({ code: 'unavailable', message: 'the store is closed' })
    this.#failWrites()
    await this.#worker?.terminate()
  }

  #append(batch: SampleBatch, writeId?: number): boolean {
    if (!this.up) return false
    const taken = this.#pendingSamples + batch.handles.length <= PENDING_SAMPLES_MAX
    const sent = taken ? batch : { ...batch, handles: new Uint32Array(0), timestampsMs: new Float64Array(0), values: new Float64Array(0) }
    this.#pendingSamples += sent.handles.length
    this.#post({ kind: 'append', batch: sent, ...(taken && writeId !== undefined ? { writeId } : {}) }, [
      sent.handles.buffer,
      sent.timestampsMs.buffer,
      sent.values.buffer,
    ])
    return taken
  }

  #appendCounted(batch: SampleBatch): Promise<Result<BatchOutcome, StoreError>> {
    const writeId = this.#nextWrite++
    const awaited = this.#writes.size < WRITES_MAX
    if (!this.#append(batch, awaited ? writeId : undefined) || !awaited) return Promise.resolve(failure(this.up ? BEHIND : DOWN))
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#written(writeId, failure(BEHIND)), WRITE_TIMEOUT_MS)
      this.#writes.set(writeId, (result) => {
        clearTimeout(timer)
        resolve(result)
      })
    })
  }

  #written(writeId: number, result: Result<BatchOutcome, StoreError>): void {
    this.#writes.get(writeId)?.(result)
    this.#writes.delete(writeId)
  }

  #failWrites(): void {
    for (const writeId of this.#writes.keys()) this.#written(writeId, failure(DOWN))
  }

  #post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer)
  }

  #spawn(): void {
    const { seriesMax, retentionMs, workerUrl } = this.#options
    const data: WorkerData = { seriesMax, retentionMs }
    const worker = new Worker(workerUrl, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } })
    let cause = ''
    worker.on('message', (message: FromWorker) => this.#received(message))
    worker.on('error', (error: unknown) => {
      cause = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', (code) => this.#exited(cause === '' ? `exit code ${code}` : cause))
    this.#worker = worker
  }

  #received(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.#ready()
        break
      case 'appended':
        this.#pendingSamples -= message.samples
        this.#stats = message.stats ?? this.#stats
        break
      case 'written':
        this.#written(message.writeId, ok(message.outcome))
        break
      case 'answer':
        this.#queue.answered(message.id, message.result)
        break
    }
  }

  #ready(): void {
    if (this.#state === 'closed') return
    if (this.#epoch > 0) this.#log('info', 'the store is up again; it begins empty')
    this.#epoch += 1
    this.#appender.reset()
    this.#pendingSamples = 0
    this.#upSinceMs = this.#clock.nowMs()
    this.#state = 'up'
  }

  #exited(cause: string): void {
    this.#worker = undefined
    if (this.#state === 'closed') return
    const lived = this.#state === 'up' && this.#clock.nowMs() - this.#upSinceMs >= STEADY_MS
    this.#state = 'down'
    this.#retired = { samples: this.stats().samples, seriesRefused: this.stats().seriesRefused }
    this.#stats = NO_STATS
    this.#queue.failAll(DOWN)
    this.#failWrites()
    const delayMs = lived ? BACKOFF_MS_MIN : this.#backoffMs
    this.#backoffMs = Math.min(delayMs * 2, BACKOFF_MS_MAX)
    this.#log('error', `the store's worker ended (${cause}); its samples are lost and it is started again`, { delayMs })
    this.#restart = setTimeout(() => this.#spawn(), delayMs)
  }
}
