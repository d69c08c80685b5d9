import type { Quantiles } from './statistics.ts'

/** How fast an answer is to be, in milliseconds; at the objective is met. */
export interface Objectives {
  readonly ttftMs: number
  readonly tpotMs: number
}

/** Why requests failed. */
export interface Failures {
  /** The engine's context or cache cannot hold it. */
  readonly tooLong: number
  /** No endpoint could be chosen, at the first attempt. */
  readonly noEndpoint: number
  /** Every attempt failed that the gateway allowed. */
  readonly attemptsFailed: number
  /** The engine died in the middle of the stream. */
  readonly cutShort: number
}

/** One endpoint's share of a run. */
export interface EndpointResult {
  readonly endpoint: string
  readonly profile: string
  /** Requests that it took, also those that it then lost. */
  readonly requests: number
  /** Prompt tokens at first admission: to be computed, and found in the cache. */
  readonly uncachedTokens: number
  readonly cachedTokens: number
  readonly generatedTokens: number
  readonly preemptions: number
  readonly steps: number
  /** Share of the run's time in which a step was under way. */
  readonly busyRatio: number
}

/**
 * What one run of one policy over one trace gave. Latencies are as clients see them, over completed requests; the first tenth of the
 * requests by arrival is left out of every distribution (caches and learned values are cold) and counted in everything else.
 * Numbers of what did not occur are NaN.
 */
export interface RunResult {
  readonly requests: number
  readonly completed: number
  readonly failed: number
  readonly failures: Failures
  /** Attempts after the first. */
  readonly retries: number
  /** From the first arrival to the last end. */
  readonly virtualMs: number
  /** From arrival to first token, of streamed answers. */
  readonly ttftMs: Quantiles
  /** (last token − first token) / (tokens − 1), of streamed answers with two tokens and more. */
  readonly tpotMs: Quantiles
  /** From arrival to the last token. */
  readonly e2eMs: Quantiles
  /** In the engine's queue, until the first admission. */
  readonly queueMs: Quantiles
  /** Cached of all prompt tokens, as the engines report them for completed requests. */
  readonly hitRatio: number
  /** The same, had each request gone where most of its prompt was cached at that moment; over the decisions that were judged. */
  readonly bestHitRatio: number
  /** Prompt tokens computed beyond `distinctTokens` of the trace: what one endless cache would have saved, preemptions included. */
  readonly recomputedTokens: number
  /** Prompt tokens that were not in the cache at first admission. */
  readonly uncachedTokens: number
  /** Largest over mean of the endpoints' uncached tokens; 1 is even. */
  readonly imbalance: number
  /** Requests that completed within the objectives, each second of the run; one that is not streamed has none to miss. */
  readonly goodputPerSecond: number
  /** The same of all requests, 0..1. */
  readonly goodputRatio: number
  readonly preemptions: number
  readonly perEndpoint: readonly EndpointResult[]
  /** Sums over completed requests: what the policy's side predicted, and what the engines found. */
  readonly predictedCachedTokens: number
  readonly deliveredCachedTokens: number
  /** |predicted − observed| time from the last dispatch to the first token, of streamed answers. */
  readonly ttftErrorMs: Quantiles
  /** True cost of the choice less the least true cost (`trueCost`), of the decisions that were judged. */
  readonly regretMs: Quantiles
  readonly decisionsJudged: number
  /** Largest share of the requests that one endpoint took, 0..1. */
  readonly herd: number
}
