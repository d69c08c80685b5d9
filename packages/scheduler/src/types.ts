/** One model server of the pool. `id` is unique in the pool and is what metrics and records name. */
export interface EndpointSpec {
  readonly id: string
  /** Base address, `http://host:port`, without a trailing slash. */
  readonly url: string
  readonly simulated: boolean
}

/** What one poll of an engine's `/metrics` and `/v1/models` said. NaN: the engine does not say. */
export interface EngineState {
  readonly runningRequests: number
  readonly waitingRequests: number
  /** 0..1 */
  readonly kvUsageRatio: number
  readonly kvCapacityTokens: number
  /** Names a client may ask for here, adapters included; empty: not known yet, any name is tried. */
  readonly models: readonly string[]
  readonly adaptersLoaded: readonly string[]
}

/** What the scheduler knows of a request: a summary made by one scan of its body. */
export interface RequestSummary {
  readonly id: string
  readonly path: string
  readonly model: string
  readonly stream: boolean
  readonly priority: number
  readonly fairnessId: string
  /** Bytes of the prompt as sent (the `tools` value, then that of `messages` or `prompt`), inline images left out. */
  readonly promptBytes: number
  readonly images: number
  /**
   * Chained hashes of the prompt's 256-byte blocks, as sent, each pair (high, low) of 32 bits one
   * block: hash i covers blocks 0..i, seeded with model, adapter and cache salt. Partial last block left out.
   */
  readonly prefixHashes: Uint32Array
  readonly outputTokensMax: number | undefined
}

/** A column of evidence: one signal value that a policy may have used, kept whole so that a record can be replayed. */
export interface SignalColumn {
  readonly id: string
  readonly label: string
  readonly unit: 'requests' | 'tokens' | 'ratio' | 'tokens/s' | 'seconds' | 'none'
  /** Where the value comes from: the engine's own report (has an age), or our own books (age 0). */
  readonly from: 'engine' | 'gateway'
}

/** One additive term of a policy's cost. */
export interface TermInfo {
  readonly id: string
  readonly label: string
  readonly unit: 'seconds' | 'requests' | 'none'
  /** What the term stands for in the shown sum. */
  readonly group: 'ttft' | 'others' | 'own-decode' | 'order'
  readonly description: string
}

export type FilterReason = 'held-out' | 'model-not-served' | 'already-tried' | 'draining'

export interface CandidateView {
  readonly endpoint: string
  /** Null: passed all filters. */
  readonly filteredBy: FilterReason | null
  readonly filterDetail: string | null
  /** Sum of the terms, null when filtered. */
  readonly cost: number | null
  readonly terms: Readonly<Record<string, number>>
  /** By column id; value null: unknown. */
  readonly signals: Readonly<Record<string, { readonly value: number | null; readonly ageMs: number | null }>>
  readonly predictedTtftMs: number | null
  readonly predictedCachedTokens: number
}

export interface AttemptView {
  readonly atMs: number
  readonly chosen: string
  readonly runnerUp: string | null
  /** Cost of the runner-up minus cost of the choice, >= 0; null without a runner-up. */
  readonly margin: number | null
  readonly tieBrokenBy: 'none' | 'in-flight' | 'random'
  /** True when the choice was made without any fresh engine state. */
  readonly stale: boolean
  readonly candidates: readonly CandidateView[]
  /** Null: this attempt answered (or is under way). */
  readonly failure: string | null
}

export type DecisionStatus = 'running' | 'ok' | 'error' | 'rejected' | 'cancelled'

export interface DecisionSummary {
  readonly id: string
  readonly receivedMs: number
  readonly path: string
  readonly model: string
  readonly stream: boolean
  readonly priority: number
  readonly status: DecisionStatus
  readonly httpStatus: number | null
  readonly error: string | null
  readonly endpoint: string | null
  readonly retries: number
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly predictedCachedTokens: number | null
  /** Null: the engine did not report it ("unknown", never 0). */
  readonly actualCachedTokens: number | null
  readonly predictedTtftMs: number | null
  readonly actualTtftMs: number | null
  readonly durationMs: number | null
  readonly margin: number | null
  readonly runnerUp: string | null
}

/** The whole record of one request, as `/debug/decisions/<request id>` serves it. */
export interface DecisionView extends DecisionSummary {
  readonly policy: string
  readonly fairnessId: string
  readonly promptBytes: number
  readonly promptTokensEstimated: number
  readonly termInfo: readonly TermInfo[]
  readonly signalColumns: readonly SignalColumn[]
  readonly attempts: readonly AttemptView[]
}

/** One endpoint as `/debug/endpoints` serves it. */
export interface EndpointView {
  readonly id: string
  readonly url: string
  readonly simulated: boolean
  /** ready: polled and not held out; stale: last good poll older than three intervals; held-out: failing; unknown: never polled. */
  readonly state: 'ready' | 'stale' | 'held-out' | 'unknown'
  /** Why it is not ready, for people. */
  readonly reason: string | null
  readonly stateAgeMs: number | null
  readonly runningRequests: number | null
  readonly waitingRequests: number | null
  readonly kvUsageRatio: number | null
  readonly kvCapacityTokens: number | null
  /** Requests of this gateway. */
  readonly inFlight: number
  readonly models: readonly string[]
  /** Learned prefill rate, tokens/s. */
  readonly prefillTokensPerSecond: number
  readonly indexBlocks: number
}
