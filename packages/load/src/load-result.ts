import type { Quantiles } from '@signalbox/replay'
import type { FailureKind } from './answer.ts'

/** How far a run is. */
export interface LoadProgress {
  readonly elapsedMs: number
  /** Requests of the trace. */
  readonly total: number
  readonly sent: number
  readonly inFlight: number
  readonly completed: number
  readonly failed: number
}

/** Failures of one kind. */
export interface LoadFailures {
  readonly count: number
  /** Of the first one. */
  readonly message: string
}

/**
 * What a run gave, as it is seen from outside. Latencies are over completed requests, without the trace's first part (`warmupRatio`), whose
 * caches are cold; everything else counts all. Null: not known, because nothing completed or the server did not say.
 */
export interface LoadResult {
  readonly model: string
  /** Requests of the trace. */
  readonly requests: number
  readonly sent: number
  readonly completed: number
  readonly failed: number
  /** Under way when the run was stopped and its grace was over; neither completed nor failed. */
  readonly aborted: number
  readonly failures: Readonly<Partial<Record<FailureKind, LoadFailures>>>
  /** Some requests were not sent, or did not end: the run was stopped by its signal or its time. */
  readonly stopped: boolean
  /** From the start to the last end. */
  readonly durationMs: number
  /** Most requests under way at a time. */
  readonly inFlightMax: number
  /** Requests that were sent more than 10 ms after they were due: the client, or its limit of connections, was too slow for the load. */
  readonly sentLate: number
  /** Requests that were sent again because the kept connection they went out on was reset before any answer; the time of the first try counts. */
  readonly repeated: number
  /** How long after it was due a request was sent. */
  readonly latenessMs: Quantiles | null
  /** From the time a streamed request was due to its first token: what a client sees that does not wait for others. */
  readonly ttftMs: Quantiles | null
  /** The same from the time it was sent. */
  readonly ttftFromSendMs: Quantiles | null
  /** (last token − first token) / (tokens − 1), of streamed answers whose usage says two tokens and more. */
  readonly tpotMs: Quantiles | null
  /** From one event with content to the next. */
  readonly itlMs: Quantiles | null
  /** From the time a request was due to the end of its answer. */
  readonly e2eMs: Quantiles | null
  /** The same from the time it was sent. */
  readonly e2eFromSendMs: Quantiles | null
  /** Tokens that the trace asked for, of the requests that completed, and what the server counted for those whose usage it gave. */
  readonly promptTokensAsked: number
  readonly promptTokens: number | null
  readonly outputTokensAsked: number
  readonly outputTokens: number | null
  readonly cachedTokens: number | null
  /** Cached of all prompt tokens, over answers that say so. */
  readonly hitRatio: number | null
  readonly requestsPerSecond: number
  readonly outputTokensPerSecond: number | null
  /** Requests that completed within the objectives, each second; one that is not streamed has none to miss. */
  readonly goodputPerSecond: number
  /** The same of all requests that completed or failed, 0..1; null before there is one. */
  readonly goodputRatio: number | null
}
