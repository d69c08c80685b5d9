import type { Buffer } from 'node:buffer'
import type { EndpointSpec, RequestSummary } from '@signalbox/scheduler'

/** A request on its way to an engine. */
export interface UpstreamRequest {
  readonly endpoint: EndpointSpec
  readonly method: string
  /** Path and query, as the client sent them. */
  readonly target: string
  /** Names and values in turn; without hop-by-hop fields, `host` and `content-length`, which the upstream sets. */
  readonly headers: string[]
  readonly body: Buffer | undefined
}

export type UpstreamFailureCode = 'refused' | 'unreachable' | 'reset' | 'timeout' | 'protocol' | 'invalid-request'

export interface UpstreamFailure {
  /** `invalid-request`: the upstream will not send such a request at all; the client's fault, not the endpoint's. */
  readonly code: UpstreamFailureCode
  readonly message: string
}

/**
 * Hears of one request: `onHead` at most once, then any number of `onData`, then exactly one of `onEnd` and `onFailure`
 * (which may also come first). Nothing more after `abort`. Chunks belong to the receiver.
 */
export interface UpstreamHandler {
  /** `headers`: names and values in turn, as received. */
  onHead(status: number, headers: readonly string[]): void
  onData(chunk: Buffer): void
  onEnd(): void
  onFailure(failure: UpstreamFailure): void
}

export interface UpstreamCall {
  /** Closes the connection to the engine, which takes that as cancellation. */
  abort(): void
  /** Stops `onData` until `resume`; to be called inside `onData`. */
  pause(): void
  resume(): void
}

/** The way to the engines. Callbacks never run inside `send`. */
export interface Upstream {
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall
  /** Closes idle connections of endpoints that are not in the list. */
  retain(endpoints: readonly EndpointSpec[]): void
  close(): Promise<void>
}

/** What the scheduler expected of the endpoint that it chose. */
export interface Prediction {
  readonly endpoint: EndpointSpec
  readonly predictedTtftMs: number
  readonly predictedCachedTokens: number
  /** 0..1 of the prompt's tokens. */
  readonly predictedHitRatio: number
  readonly predictedHitBytes: number
  /** Estimated; 0: the request has no prompt. */
  readonly promptTokens: number
  /** The largest predicted hit over the endpoints that could have been chosen: 0..1, and in blocks of the index. */
  readonly bestHitRatio: number
  readonly bestHitBlocks: number
  /** Of the search in the prefix index. */
  readonly lookupMs: number
  /** To the runner-up; NaN where there is none, or where costs are no times. */
  readonly marginSeconds: number
}

/** A choice of the scheduler; its reservation lasts until `end`, which is called exactly once. */
export interface Assignment extends Prediction {
  firstContent(): void
  contentGap(gapMs: number): void
  end(outcome: AssignmentOutcome): void
}

export interface AssignmentOutcome {
  readonly kind: 'finished' | 'failed' | 'cancelled'
  readonly promptTokens?: number | undefined
  readonly completionTokens?: number | undefined
  readonly cachedTokens?: number | undefined
}

export type PickFailureCode = 'no-endpoint' | 'unknown-model'

export type PickResult =
  | { readonly ok: true; readonly assignment: Assignment }
  | { readonly ok: false; readonly code: PickFailureCode; readonly detail: string }

/** What the data plane asks of the scheduler. */
export interface RequestScheduler {
  pick(request: RequestSummary, tried: readonly string[], draft?: DecisionDraft): PickResult
  attemptFailed(endpointId: string, reason: string): void
  modelsServed(): readonly string[]
  /** Whether some endpoint serves the model, or has not said what it serves. */
  mayServe(model: string): boolean
}

export interface DecisionOutcome {
  readonly status: 'ok' | 'error' | 'rejected' | 'cancelled'
  readonly httpStatus: number
  readonly error?: string | undefined
  readonly promptTokens?: number | undefined
  readonly completionTokens?: number | undefined
  readonly cachedTokens?: number | undefined
  readonly ttftMs?: number | undefined
}

/** The record of one request under way; `complete` is called exactly once. */
export interface DecisionDraft {
  attemptFailed(reason: string): void
  complete(outcome: DecisionOutcome): void
}

/** A request that was refused before it could be summarised. */
export interface RejectedRequest {
  readonly id: string
  readonly path: string
  readonly receivedMs: number
  readonly model: string
  readonly httpStatus: number
  readonly error: string
}

export interface DecisionRecorder {
  open(request: RequestSummary, receivedMs: number): DecisionDraft
  reject(request: RejectedRequest): void
}

/** What every request series is told apart by. `model` is 'unknown' where it could not be read. */
export interface RequestLabels {
  readonly model: string
  readonly targetModel: string
  readonly fairnessId: string
  readonly priority: string
}

/** ok: answered whole. error: failed or cut short. rejected: refused before dispatch. cancelled: the client left. */
export type Outcome = 'ok' | 'error' | 'rejected' | 'cancelled'

/** The endpoint picker's error codes. SOURCE: reference/epp.md §1.2. */
export type ErrorCode =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'PreconditionFailed'
  | 'Internal'
  | 'ServiceUnavailable'
  | 'ModelServerError'
  | 'ResourceExhausted'
  | 'Unknown'

/** One request, when it has ended. Tokens as `usage` reports them, undefined where it does not; times in seconds, undefined where it did not come to them. */
export interface RequestObservation {
  readonly outcome: Outcome
  /** What the client got; 499 when it had left before any. */
  readonly httpStatus: number
  /** Of an error or a rejection; 'Unknown' when left out there. */
  readonly errorCode?: ErrorCode | undefined
  readonly streaming: boolean
  /** From the request's headers to the end. */
  readonly durationS: number
  readonly requestBytes: number
  /** As relayed. */
  readonly responseBytes: number
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
  readonly cachedTokens?: number | undefined
  /** Events with content that passed. */
  readonly contentEvents: number
  /** To the first content of a stream. */
  readonly ttftS?: number | undefined
  /** From the headers to the end of reading the request. */
  readonly preprocessS?: number | undefined
  /** Of the last endpoint chosen; undefined: none was. */
  readonly prediction?: Prediction | undefined
  /** Of all choices made for it. */
  readonly scheduleS?: number | undefined
  /** From the last choice to the first content of a stream. */
  readonly dispatchedTtftS?: number | undefined
  /** Watching the answer, and handling it in all, over its chunks. */
  readonly postprocessS?: number | undefined
  readonly responseProcessingS?: number | undefined
}

/** One choice asked of the scheduler. */
export interface SchedulingObservation {
  readonly durationS: number
  readonly targetModel: string
  /** What was chosen, or why nothing was. */
  readonly result: Prediction | PickFailureCode
}

/** The series of one set of labels; requests that share the labels share it. `ended` follows every `began` exactly once. */
export interface RequestSeries {
  /** A request was read, or refused unread. */
  began(): void
  /** Time between two content events of a stream. */
  contentGap(seconds: number): void
  /** A further attempt follows one that failed for `reason` (a short, fixed word); `status` is that of its answer, where there was one. */
  retried(reason: string, status: number | undefined): void
  ended(observation: RequestObservation): void
}

/** Where the data plane's observations go. */
export interface RequestMetrics {
  /** A request's headers have arrived. */
  received(): void
  /** An endpoint was chosen for a request for the first time, so long after its headers arrived. */
  dispatched(processingS: number): void
  series(labels: RequestLabels): RequestSeries
  /** An endpoint failed an attempt: `errorCode` is a short, fixed word or the status of its answer. */
  endpointFailed(endpoint: string, errorCode: string): void
  clientError(): void
  scheduled(observation: SchedulingObservation): void
}
