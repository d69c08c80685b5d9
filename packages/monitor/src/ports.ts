import type { Labels, Result } from '@signalbox/base'

/** Asks a page of another process. Never throws for what the other side does, and never outlives `timeoutMs`. */
export type HttpGet = (request: HttpGetRequest) => Promise<Result<HttpPage, HttpGetError>>

interface HttpGetRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole exchange: connect, headers and body. */
  readonly timeoutMs: number
  /** Of the body after decompression. */
  readonly bodyBytesMax: number
}

export interface HttpPage {
  readonly status: number
  /** '' without one. */
  readonly contentType: string
  readonly body: Uint8Array
}

interface HttpGetError {
  readonly code: 'timeout' | 'unreachable' | 'too-large' | 'protocol'
  /** For people, without the address: `connection refused`. */
  readonly message: string
}

export type LogLevel = 'info' | 'warn' | 'error'

export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void

/** Where samples go and queries are answered: the embedded store in its worker, or anything that keeps this contract. */
export interface Store {
  /** Grows by one each time the store begins anew, with what its disk holds or empty. Handles of an earlier epoch mean nothing. */
  readonly epoch: number
  /** Whether queries are answered and samples kept right now. */
  readonly up: boolean
  readonly appender: Appender
  /** Answers within the timeout, whatever happens to the store. */
  query(query: StoreQuery, options: QueryOptions): Promise<Result<StoreAnswer, StoreError>>
  stats(): StoreStats
  /** What was committed before is on disk afterwards, where there is one that works. */
  close(): Promise<void>
}

/** Takes the samples of one scrape, then `commit`s them as one batch. One caller at a time: nothing awaits in between. */
export interface Appender {
  /** Opens a series for appending; `labels` include `__name__`. */
  series(labels: Labels): number
  /** Samples that the store cannot keep (out of order, beyond its series limit) are counted there. */
  append(handle: number, timestampMs: number, value: number): void
  /** The handle will not be used again. */
  release(handle: number): void
  /** False: the samples were dropped because the store is behind or down. Opened and released handles count all the same. */
  commit(): boolean
  /** As `commit`, and answers what became of the samples once the store has worked them off. 'unavailable': it is behind or down. */
  commitCounted(): Promise<Result<BatchOutcome, StoreError>>
}

/** What became of a batch's samples; the counts add up to its size. */
export interface BatchOutcome {
  /** Those that were there already with the same value among them. */
  readonly kept: number
  /** Too old for their series. */
  readonly outOfOrder: number
  /** Another value is there at the same time. */
  readonly duplicates: number
  /** Of new series beyond the store's limit. */
  readonly refused: number
}

export interface StoreStats {
  /** Samples kept since the process began. */
  readonly samples: number
  readonly series: number
  /** Of memory. */
  readonly bytes: number
  /** New series refused at the limit. */
  readonly seriesRefused: number
  /** Samples older than their series' newest by more than is taken. */
  readonly samplesOutOfOrder: number
  /** Samples whose series has another value at that time. */
  readonly samplesDuplicate: number
  /** Timestamps of samples that came since the start: the least and the largest, Infinity and -Infinity before the first. */
  readonly oldestMs: number
  readonly newestMs: number
  /** Undefined: samples are in memory alone, as they are meant to be, or the store is not open. */
  readonly disk: DiskState | undefined
}

/** How a store on disk fares. */
export interface DiskState {
  /** 'memory-only': the disk takes nothing, and samples end with the process. */
  readonly state: 'ok' | 'memory-only'
  /** The last failure in words, '' before the first. */
  readonly error: string
  readonly failures: number
  /** Of all files. */
  readonly bytes: number
  /** When everything before was durable; undefined before the first time. */
  readonly syncedMs: number | undefined
  /** What was found wrong when the store was opened, in words. */
  readonly damage: readonly string[]
  /** Samples of the log whose series nothing tells of. */
  readonly orphans: number
  /** Chunks of blocks that could not be read since the store was opened. */
  readonly damagedChunks: number
}

/** Times in milliseconds since the epoch, ranges inclusive. */
export type StoreQuery =
  | {
      readonly kind: 'instant'
      readonly query: string
      readonly timeMs: number
      readonly lookbackMs?: number
      readonly limit?: number
      /** Asks for `work` in the answer. */
      readonly stats?: true
    }
  | {
      readonly kind: 'range'
      readonly query: string
      readonly startMs: number
      readonly endMs: number
      readonly stepMs: number
      readonly lookbackMs?: number
      readonly limit?: number
      readonly stats?: true
    }
  | { readonly kind: 'series'; readonly match: readonly string[]; readonly startMs: number; readonly endMs: number; readonly limit?: number }
  | { readonly kind: 'label-names'; readonly match: readonly string[]; readonly startMs: number; readonly endMs: number; readonly limit?: number }
  | {
      readonly kind: 'label-values'
      readonly name: string
      readonly match: readonly string[]
      readonly startMs: number
      readonly endMs: number
      readonly limit?: number
    }
  /** What the store holds: lists of at most `limit` entries. `times` are those of the store's own numbers. */
  | { readonly kind: 'statistics'; readonly limit: number; readonly times: Pick<StoreStats, 'oldestMs' | 'newestMs'> }

export interface QueryOptions {
  /** From arrival to answer, waiting included. */
  readonly timeoutMs: number
  /** Whoever asked is gone. */
  readonly signal?: AbortSignal
}

export interface StoreAnswer {
  /** The `data` value of Prometheus's envelope, as JSON in UTF-8. */
  readonly data: Uint8Array
  readonly warnings: readonly string[]
  readonly infos: readonly string[]
  /** Where it was asked for. */
  readonly work?: QueryWork
}

/** What a query cost where it was evaluated. */
export interface QueryWork {
  /** Parsing and checking. */
  readonly preparationMs: number
  /** Selecting, evaluating and writing the result. */
  readonly evaluationMs: number
  /** Loaded by its selectors, all held until its end. */
  readonly samples: number
}

export interface StoreError {
  /** parse: the expression is wrong. execution: it cannot be evaluated. unavailable: restarting, or too many queries at once. */
  readonly code: 'parse' | 'execution' | 'timeout' | 'canceled' | 'unavailable'
  readonly message: string
}
