import type { Result } from '@signalbox/base'
import type { BatchOutcome, StoreAnswer, StoreError, StoreQuery, StoreStats } from './ports.ts'

/** What the worker is started with. */
export interface WorkerData {
  readonly seriesMax: number
  readonly retentionMs: number
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

/** An append with a `writeId` wants to know what became of it. `canceled` is one Int32 shared by both threads: the worker stops at the query once it is not 0. */
export type ToWorker =
  | { readonly kind: 'append'; readonly batch: SampleBatch; readonly writeId?: number }
  | { readonly kind: 'query'; readonly id: number; readonly query: StoreQuery; readonly canceled: Int32Array }
  | { readonly kind: 'truncate'; readonly beforeMs: number }

/** `samples` of 'appended' is the size of the batch, kept or not; `stats` come now and then. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'appended'; readonly samples: number; readonly stats?: StoreStats }
  | { readonly kind: 'written'; readonly writeId: number; readonly outcome: BatchOutcome }
  | { readonly kind: 'answer'; readonly id: number; readonly result: Result<StoreAnswer, StoreError> }
