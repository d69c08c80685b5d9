import { type MessagePort, Worker } from 'node:worker_threads'
import { type Clock, failure, ok, type Result } from '@signalbox/base'
import type { ParseOptions } from '@signalbox/promql'
import { BatchAppender } from './batch-appender.ts'
import type { StoreConfig } from './open-samples.ts'
import type { Appender, BatchOutcome, Log, QueryOptions, Store, StoreAnswer, StoreError, StoreQuery, StoreStats } from './ports.ts'
import { QueryPool } from './query-pool.ts'
import { StoreAlarms } from './store-alarms.ts'
import type { FromStoreThread, SampleBatch, ToStoreThread, WorkerData } from './worker-protocol.ts'

export interface WorkerStoreOptions {
  /** Nobody else may have the folder: the caller holds its lock. */
  readonly store: StoreConfig
  /** The bundle of `query-worker.ts`. */
  readonly workerUrl: URL
  /** Threads that answer queries, 1 to 8; default 1. */
  readonly queryThreads?: number
  /** Of the queries' expressions. */
  readonly parsing?: ParseOptions
}

/** Samples sent and not yet worked off, 20 bytes each; beyond, batches are dropped. About 100 scrapes of 50,000 samples. */
const PENDING_SAMPLES_MAX = 5_000_000

const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 10_000

/** A worker that lived this long has earned a quick restart. */
const STEADY_MS = 60_000

/** Old-generation heap of the worker; samples live outside of it, in typed arrays. */
const HEAP_MB_MAX = 2_048

/** For the worker to write what it has and end. */
const CLOSE_MS = 2_000

/** A start that takes longer says so. */
const SLOW_START_MS = 5_000

export const emptyStats: StoreStats = {
  samples: 0,
  series: 0,
  bytes: 0,
  seriesRefused: 0,
  samplesOutOfOrder: 0,
  samplesDuplicate: 0,
  oldestMs: Infinity,
  newestMs: -Infinity,
  disk: undefined,
}

/** Batches whose outcome somebody waits for, and how long one waits. */
const WRITES_MAX = 1_000
const WRITE_TIMEOUT_MS = 30_000

const BEHIND: StoreError = { code: 'unavailable', message: 'the store is behind' }
const CLOSED: StoreError = { code: 'unavailable', message: 'the store is closed' }

/**
 * The embedded store: a worker thread takes samples, others answer queries (`QueryPool`). When the store's worker dies it is started again with a back-off
 * that doubles up to 10 s, with what the disk holds: all whose batch it had worked off. Queries are answered 'unavailable' meanwhile, samples
 * are refused, and `epoch` grows when the new one is up.
 */
export class WorkerStore implements Store {
  readonly #options: WorkerStoreOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #appender = new BatchAppender({
    send: (batch) => this.#append(batch),
    sendCounted: (batch) => this.#appendCounted(batch),
  })
  /** By batch: who waits for its outcome. */
  readonly #writes = new Map<number, (result: Result<BatchOutcome, StoreError>) => void>()
  #pool: QueryPool | undefined
  /** Number of the last batch sent to this worker. */
  #batch = 0
  #worker: Worker | undefined
  #state: 'down' | 'up' | 'closed' = 'down'
  #epoch = 0
  #upSinceMs = 0
  #backoffMs = BACKOFF_MS_MIN
  #restart: NodeJS.Timeout | undefined
  #slowStart: NodeJS.Timeout | undefined
  #pendingSamples = 0
  #stats = emptyStats
  /** Counters of workers that died: totals never go back. */
  #retired = emptyStats
  readonly #alarms: StoreAlarms | undefined
  readonly #opened: Promise<Result<void, string>>
  #settleOpened: (result: Result<void, string>) => void = () => undefined
  #ended: () => void = () => undefined

  constructor(options: WorkerStoreOptions, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#options = options
    this.#clock = deps.clock
    this.#log = deps.log
    const { folder } = options.store
    if (folder !== undefined) this.#alarms = new StoreAlarms(folder, deps.log)
    this.#opened = new Promise((resolve) => {
      this.#settleOpened = resolve
    })
    this.#spawn()
  }

  /** Once the first worker has read what the disk holds, or has said why it cannot, or the store is closed. */
  opened(): Promise<Result<void, string>> {
    return this.#opened
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
    return this.#pool?.ask(query, options) ?? Promise.resolve(failure(this.#down()))
  }

  stats(): StoreStats {
    const { samples, seriesRefused, samplesOutOfOrder, samplesDuplicate } = this.#retired
    return {
      ...this.#stats,
      samples: this.#stats.samples + samples,
      seriesRefused: this.#stats.seriesRefused + seriesRefused,
      samplesOutOfOrder: this.#stats.samplesOutOfOrder + samplesOutOfOrder,
      samplesDuplicate: this.#stats.samplesDuplicate + samplesDuplicate,
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker
    const isClosed = this.#state === 'closed'
    this.#state = 'closed'
    clearTimeout(this.#restart)
    const pool = this.#pool
    this.#pool = undefined
    this.#failWrites()
    await pool?.close(CLOSED)
    this.#settleOpened(failure(CLOSED.message))
    if (worker === undefined || isClosed) return
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve
    })
    this.#post({ kind: 'close' })
    const timer = setTimeout(() => {
      this.#log('warn', 'the store does not end in time and is stopped; what it had worked off is on disk')
      void worker.terminate()
    }, CLOSE_MS)
    await ended
    clearTimeout(timer)
  }

  #append(batch: SampleBatch): boolean {
    if (!this.up) return false
    const taken = this.#pendingSamples + batch.handles.length <= PENDING_SAMPLES_MAX
    const sent = taken ? batch : { ...batch, handles: new Uint32Array(0), timestampsMs: new Float64Array(0), values: new Float64Array(0) }
    this.#pendingSamples += sent.handles.length
    this.#batch += 1
    this.#post({ kind: 'append', number: this.#batch, batch: sent }, [sent.handles.buffer, sent.timestampsMs.buffer, sent.values.buffer])
    return taken
  }

  #appendCounted(batch: SampleBatch): Promise<Result<BatchOutcome, StoreError>> {
    const isAwaited = this.#writes.size < WRITES_MAX
    if (!this.#append(batch)) return Promise.resolve(failure(this.up ? BEHIND : this.#down()))
    if (!isAwaited) return Promise.resolve(failure(BEHIND))
    const number = this.#batch
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#written(number, failure(BEHIND)), WRITE_TIMEOUT_MS)
      this.#writes.set(number, (result) => {
        clearTimeout(timer)
        resolve(result)
      })
    })
  }

  #written(number: number, result: Result<BatchOutcome, StoreError>): void {
    this.#writes.get(number)?.(result)
    this.#writes.delete(number)
  }

  #failWrites(): void {
    for (const number of this.#writes.keys()) this.#written(number, failure(this.#down()))
  }

  #post(message: ToStoreThread, transfer: readonly (ArrayBuffer | MessagePort)[] = []): void {
    this.#worker?.postMessage(message, transfer)
  }

  #spawn(): void {
    const { store, workerUrl } = this.#options
    const data: WorkerData = { kind: 'store', config: store }
    const worker = new Worker(workerUrl, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } })
    this.#slowStart = setInterval(() => this.#log('info', 'the store still reads its log', { folder: store.folder }), SLOW_START_MS)
    let cause = ''
    worker.on('message', (message: FromStoreThread) => this.#received(message))
    worker.on('error', (error: unknown) => {
      cause = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', (code) => this.#exited(cause === '' ? `exit code ${code}` : cause))
    this.#worker = worker
  }

  #startPool(): QueryPool {
    const { store, workerUrl, queryThreads, parsing } = this.#options
    return new QueryPool(
      { workerUrl, folder: store.folder, threads: queryThreads ?? 1, parsing: parsing ?? {} },
      {
        log: this.#log,
        connect: (feed, progress) => this.#post({ kind: 'reader', feed, progress }, [feed]),
        batch: () => this.#batch,
      },
    )
  }

  #received(message: FromStoreThread): void {
    switch (message.kind) {
      case 'ready':
        this.#ready(message.stats, message.tookMs)
        break
      case 'failed':
        clearInterval(this.#slowStart)
        this.#settleOpened(failure(message.message))
        if (this.#state !== 'closed') this.#log('error', message.message)
        break
      case 'appended':
        this.#pendingSamples -= message.samples
        this.#written(message.number, ok(message.outcome))
        break
      case 'stats':
        this.#observed(message.stats)
        break
      case 'closed':
        if (message.error !== '') this.#log('error', `the store is closed: ${message.error}`, { folder: this.#options.store.folder })
        break
    }
  }

  #observed(stats: StoreStats): void {
    const { disk } = stats
    if (disk === undefined) {
      this.#stats = stats
      return
    }
    const observed = { ...disk, damagedChunks: disk.damagedChunks + (this.#pool?.damagedChunks ?? 0) }
    this.#stats = { ...stats, disk: observed }
    this.#alarms?.observed(observed)
  }

  #ready(stats: StoreStats, tookMs: number): void {
    clearInterval(this.#slowStart)
    if (this.#state === 'closed') return
    const { folder } = this.#options.store
    if (folder !== undefined) this.#log('info', 'the store is open', { folder, series: stats.series, seconds: (tookMs / 1_000).toFixed(1) })
    else if (this.#epoch > 0) this.#log('info', 'the store is up again; it begins empty')
    if (stats.disk !== undefined) this.#alarms?.opened(stats.disk)
    this.#stats = stats
    this.#epoch += 1
    this.#appender.reset()
    this.#pendingSamples = 0
    this.#batch = 0
    this.#pool = this.#startPool()
    this.#upSinceMs = this.#clock.nowMs()
    this.#state = 'up'
    this.#settleOpened(ok(undefined))
  }

  #exited(cause: string): void {
    this.#worker = undefined
    clearInterval(this.#slowStart)
    this.#ended()
    if (this.#state === 'closed') return
    const lived = this.#state === 'up' && this.#clock.nowMs() - this.#upSinceMs >= STEADY_MS
    this.#state = 'down'
    this.#retired = this.stats()
    this.#stats = emptyStats
    this.#failWrites()
    void this.#pool?.close(this.#down())
    this.#pool = undefined
    const delayMs = lived ? BACKOFF_MS_MIN : this.#backoffMs
    this.#backoffMs = Math.min(delayMs * 2, BACKOFF_MS_MAX)
    const rest = this.#options.store.folder === undefined ? 'its samples are lost' : 'its samples are on disk'
    this.#log('error', `the store's worker ended (${cause}); ${rest} and it is started again`, { delayMs })
    this.#restart = setTimeout(() => this.#spawn(), delayMs)
  }

  #down(): StoreError {
    if (this.#state === 'closed') return CLOSED
    return { code: 'unavailable', message: this.#epoch === 0 ? 'the store is starting: it reads its log' : 'the store is restarting' }
  }
}
