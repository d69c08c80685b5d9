import type { Result } from '@signalbox/base'
import type { StoreConfig } from './open-samples.ts'
import type { StoreAnswer, StoreError, StoreQuery, StoreStats } from './ports.ts'

/** What the worker is started with. */
export type WorkerData = StoreConfig

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

/** `canceled` is one Int32 shared by both threads: the worker stops at the query once it is not 0. After 'close' nothing is sent. */
export type ToWorker =
  | { readonly kind: 'append'; readonly batch: SampleBatch }
  | { readonly kind: 'query'; readonly id: number; readonly query: StoreQuery; readonly canceled: Int32Array }
  | { readonly kind: 'close' }

/**
 * 'ready' or 'failed' comes first, once the store's log is read; after 'failed' the worker ends. `samples` of 'appended' is the size of the
 * batch, kept or not. 'stats' come every second. 'closed' is the last; `error` is '' when everything is on disk.
 */
export type FromWorker =
  | { readonly kind: 'ready'; readonly stats: StoreStats; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'appended'; readonly samples: number }
  | { readonly kind: 'stats'; readonly stats: StoreStats }
  | { readonly kind: 'answer'; readonly id: number; readonly result: Result<StoreAnswer, StoreError> }
  | { readonly kind: 'closed'; readonly error: string }
