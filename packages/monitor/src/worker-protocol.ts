import type { MessagePort } from 'node:worker_threads'
import type { Result } from '@signalbox/base'
import type { ParseOptions } from '@signalbox/promql'
import type { StoreConfig } from './open-samples.ts'
import type { BatchOutcome, StoreAnswer, StoreError, StoreQuery, StoreStats } from './ports.ts'

/** What a thread is started with. */
export type WorkerData = { readonly kind: 'store'; readonly config: StoreConfig } | QueryThreadData

export interface QueryThreadData {
  readonly kind: 'query'
  /** The store's, for reading; undefined: samples are in memory alone. */
  readonly folder: string | undefined
  /** Where the store's thread tells what changed. */
  readonly feed: MessagePort
  readonly progress: Int32Array
  readonly parsing: ParseOptions
}

/** A series by its number; names are sorted and include `__name__`. Class instances do not survive the way between threads. */
export interface OpenedSeries {
  readonly handle: number
  readonly names: readonly string[]
  readonly values: readonly string[]
}

/** The samples of one scrape: sample i is `handles[i]`, `timestampsMs[i]`, `values[i]`. The arrays move, they are not copied. */
export interface SampleBatch {
  readonly opened: readonly OpenedSeries[]
  readonly released: readonly number[]
  readonly handles: Uint32Array<ArrayBuffer>
  readonly timestampsMs: Float64Array<ArrayBuffer>
  readonly values: Float64Array<ArrayBuffer>
}

/** Batches are numbered from 1. 'reader': a query thread listens at the other end of `feed`. After 'close' nothing is sent. */
export type ToStoreThread =
  | { readonly kind: 'append'; readonly number: number; readonly batch: SampleBatch }
  | { readonly kind: 'reader'; readonly feed: MessagePort; readonly progress: Int32Array }
  | { readonly kind: 'close' }

/**
 * 'ready' or 'failed' comes first, once the store's log is read; after 'failed' the thread ends. 'appended' comes once for each batch; its
 * `samples` are the size of the batch, kept or not. 'stats' come every second. 'closed' is the last; `error` is '' when everything is on disk.
 */
export type FromStoreThread =
  | { readonly kind: 'ready'; readonly stats: StoreStats; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'appended'; readonly number: number; readonly samples: number; readonly outcome: BatchOutcome }
  | { readonly kind: 'stats'; readonly stats: StoreStats }
  | { readonly kind: 'closed'; readonly error: string }

/** A query that is to see this batch. `canceled` is one Int32 shared by both threads: the thread stops at the query once it is not 0. */
export interface ToQueryThread {
  readonly id: number
  readonly query: StoreQuery
  readonly canceled: Int32Array
  readonly batch: number
}

/** 'ready': it has been told all there is. `damagedChunks`: chunks of blocks that its queries could not read so far. */
export type FromQueryThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly result: Result<StoreAnswer, StoreError>; readonly damagedChunks: number }
