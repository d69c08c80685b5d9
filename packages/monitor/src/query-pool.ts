import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { failure, type Result } from '@signalbox/base'
import type { ParseOptions } from '@signalbox/promql'
import { readerProgress } from '@signalbox/tsdb'
import type { Log, QueryOptions, StoreAnswer, StoreError, StoreQuery } from './ports.ts'
import { QueryQueue } from './query-queue.ts'
import type { FromQueryThread, QueryThreadData, ToQueryThread } from './worker-protocol.ts'

export interface QueryPoolOptions {
  readonly workerUrl: URL
  /** The store's; undefined: in memory alone. */
  readonly folder: string | undefined
  /** 1 to 8. */
  readonly threads: number
  readonly parsing: ParseOptions
  /** Waiting for a thread; more are refused. Default 100. */
  readonly waitingMax?: number
}

export interface QueryPoolDeps {
  readonly log: Log
  /** Gives a new thread's feed to the thread that writes the store. */
  connect(feed: MessagePort, progress: Int32Array): void
  /** The number of the last batch that was committed. */
  batch(): number
}

interface QueryThread {
  readonly worker: Worker
  readonly startedMs: number
  isReady: boolean
  running: Running | undefined
  /** Checks since the query it runs was canceled. */
  stuckChecks: number
  damagedChunks: number
}

interface Running {
  readonly id: number
  readonly query: StoreQuery
  readonly canceled: Int32Array
}

const WAITING_MAX = 100
const CHECK_EVERY_MS = 1_000
/** A thread that goes on for so long after its query was canceled is ended. */
const STUCK_CHECKS_MAX = 5
const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 10_000
/** A thread that lived this long is replaced at once. */
const STEADY_MS = 60_000
/** Old-generation heap of a thread: labels of its own, and what a query loads. */
const HEAP_MB_MAX = 2_048

const ENDED: StoreError = { code: 'unavailable', message: 'the query ended the thread that evaluated it' }

/**
 * Threads that answer queries beside the one that writes the store, each one query at a time. One that dies, or does not stop at its
 * deadline, is replaced, and only its query fails; ingestion does not notice.
 */
export class QueryPool {
  readonly #options: QueryPoolOptions
  readonly #deps: QueryPoolDeps
  readonly #queue: QueryQueue
  readonly #threads = new Set<QueryThread>()
  /** Admitted, without a thread that is ready: as many as there are threads at most. */
  #unassigned: Running[] = []
  readonly #restarts = new Set<NodeJS.Timeout>()
  readonly #check: NodeJS.Timeout
  #backoffMs = BACKOFF_MS_MIN
  #isClosed = false

  constructor(options: QueryPoolOptions, deps: QueryPoolDeps) {
    this.#options = options
    this.#deps = deps
    const limits = { runningMax: options.threads, waitingMax: options.waitingMax ?? WAITING_MAX }
    this.#queue = new QueryQueue(limits, (id, query, canceled) => {
      this.#unassigned.push({ id, query, canceled })
      this.#assign()
    })
    for (let i = 0; i < options.threads; i++) this.#spawn()
    this.#check = setInterval(() => this.#endStuck(), CHECK_EVERY_MS)
    this.#check.unref()
  }

  ask(query: StoreQuery, options: QueryOptions): Promise<Result<StoreAnswer, StoreError>> {
    return this.#queue.ask(query, options)
  }

  /** Chunks of blocks that queries could not read: of the thread that met most, since they all read the same files. */
  get damagedChunks(): number {
    let most = 0
    for (const thread of this.#threads) most = Math.max(most, thread.damagedChunks)
    return most
  }

  /** Answers everything with `error` and ends the threads. */
  async close(error: StoreError): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#check)
    for (const restart of this.#restarts) clearTimeout(restart)
    this.#queue.failAll(error)
    this.#unassigned = []
    await Promise.all(Array.from(this.#threads, ({ worker }) => worker.terminate()))
  }

  #assign(): void {
    for (const thread of this.#threads) {
      if (!thread.isReady || thread.running !== undefined) continue
      const next = this.#unassigned.shift()
      if (next === undefined) return
      thread.running = next
      thread.stuckChecks = 0
      const message: ToQueryThread = { ...next, batch: this.#deps.batch() }
      thread.worker.postMessage(message)
    }
  }

  #spawn(): void {
    const { port1, port2 } = new MessageChannel()
    const progress = readerProgress()
    const data: QueryThreadData = { kind: 'query', folder: this.#options.folder, feed: port1, progress, parsing: this.#options.parsing }
    const limits = { maxOldGenerationSizeMb: HEAP_MB_MAX }
    const worker = new Worker(this.#options.workerUrl, { workerData: data, transferList: [port1], resourceLimits: limits })
    const thread: QueryThread = { worker, startedMs: performance.now(), isReady: false, running: undefined, stuckChecks: 0, damagedChunks: 0 }
    let cause = ''
    worker.on('message', (message: FromQueryThread) => this.#received(thread, message))
    worker.on('error', (error: unknown) => {
      cause = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', (code) => this.#exited(thread, cause === '' ? `exit code ${code}` : cause))
    this.#threads.add(thread)
    this.#deps.connect(port2, progress)
  }

  #received(thread: QueryThread, message: FromQueryThread): void {
    if (message.kind === 'ready') thread.isReady = true
    else {
      thread.running = undefined
      thread.damagedChunks = message.damagedChunks
      this.#queue.answered(message.id, message.result)
    }
    this.#assign()
  }

  #exited(thread: QueryThread, cause: string): void {
    this.#threads.delete(thread)
    if (this.#isClosed) return
    const delayMs = performance.now() - thread.startedMs >= STEADY_MS ? BACKOFF_MS_MIN : this.#backoffMs
    this.#backoffMs = Math.min(delayMs * 2, BACKOFF_MS_MAX)
    this.#deps.log('error', `a query thread ended (${cause}); another takes its place`, { delayMs, query: queryText(thread.running?.query) })
    const restart = setTimeout(() => {
      this.#restarts.delete(restart)
      this.#spawn()
    }, delayMs)
    this.#restarts.add(restart)
    if (thread.running !== undefined) this.#queue.answered(thread.running.id, failure(ENDED))
  }

  #endStuck(): void {
    for (const thread of this.#threads) {
      if (thread.running === undefined || Atomics.load(thread.running.canceled, 0) === 0) continue
      thread.stuckChecks += 1
      if (thread.stuckChecks > STUCK_CHECKS_MAX) void thread.worker.terminate()
    }
  }
}

function queryText(query: StoreQuery | undefined): string {
  if (query === undefined || query.kind === 'statistics') return ''
  return (query.kind === 'instant' || query.kind === 'range' ? query.query : query.match.join(' ')).slice(0, 200)
}
