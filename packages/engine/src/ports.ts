import type { CounterCell, GaugeCell, HistogramCell, Instrument } from '@signalbox/instruments'
import type { SignalId } from '@signalbox/signals'
import type { Engine } from './engine.ts'
import type { EngineEvent } from './types.ts'

/** Records what an engine does under the signals of one dialect. */
export interface DialectMetrics extends EngineObserver {
  /** Has the gauges read from `engine` at each rendering, and its cache layout stated once. */
  watch(engine: Engine): void
}

/** Where measurements go. instruments' `Registry` is one. */
export interface Instruments {
  counter(signal: SignalId): Instrument<CounterCell>
  gauge(signal: SignalId): Instrument<GaugeCell>
  histogram(signal: SignalId): Instrument<HistogramCell>
  /** `refresh` runs before each rendering. */
  onCollect(refresh: () => void): void
}

/** A request's whole life, told when it ends. Times are of the caller's clock; NaN: it did not come to that. */
export interface FinishedRequest {
  readonly reason: (EngineEvent & { type: 'finish' })['reason']
  readonly promptTokens: number
  /** Of the prompt, found in the prefix cache at first admission. */
  readonly cachedTokens: number
  /** Of the prompt, computed by another engine and fetched from there. */
  readonly transferredTokens: number
  readonly outputTokens: number
  /** As in `EngineRequest`. */
  readonly outputTokensMax: number | undefined
  readonly priority: number
  readonly adapter: string | undefined
  /** How long its keys and values took to come from another engine. */
  readonly transferMs: number
  /** Times it lost its blocks and went back to waiting. */
  readonly preemptions: number
  readonly arrivalMs: number
  readonly firstScheduledMs: number
  readonly firstTokenMs: number
  readonly lastTokenMs: number
  readonly endMs: number
}

/** A prompt that was looked up in the prefix cache. */
export interface LookedUpPrompt {
  readonly promptTokens: number
  readonly cachedTokens: number
  /** Tokens that were not found and came from another engine; the last token of the prompt may be among them, which is computed again. */
  readonly transferredTokens: number
}

/** What one step did. */
export interface EngineStep {
  /** Prompt tokens computed, those computed again after a preemption included. */
  readonly prefillTokens: number
  /** Tokens sampled, first ones included. */
  readonly generatedTokens: number
  /** Tokens of the budget that it took, those of requests that ended meanwhile included. */
  readonly scheduledTokens: number
  /** When it ended, in the caller's time. */
  readonly endMs: number
}

/** Told what the engine's loop does, as it does it. Must not call the engine back. */
export interface EngineObserver {
  /** A request was not accepted: as many wait as may. */
  refused(): void
  /** First admission of a request, `queueMs` after its arrival, once its prompt was looked up in the prefix cache. */
  admitted(prompt: LookedUpPrompt, queueMs: number): void
  /** Prefill is complete: `ttftMs` from arrival. */
  firstToken(prompt: LookedUpPrompt, ttftMs: number): void
  laterToken(gapMs: number): void
  /** A step ended; the tokens it sampled and the requests that ended by it have been told. */
  stepped(step: EngineStep): void
  preempted(): void
  /** Exactly once for each submitted request. */
  finished(request: FinishedRequest): void
  /** The blocks of a prefill that nobody fetched in time were taken back. */
  kvExpired(id: string): void
  /** Keys and values of so many tokens have come from another engine. */
  transferred?(tokens: number, transferMs: number): void
  /** One of the blocks that are followed (one of eight) was found again in the cache, `gapMs` after its last use. Both block methods or none. */
  blockReused?(gapMs: number): void
  /** One of the blocks that are followed was given to somebody else, so long after it was filled and last used. */
  blockEvicted?(lifetimeMs: number, idleMs: number): void
}

/** Blocks that became findable: consecutive ones of one sequence. */
export interface StoredBlocks {
  /** In order; 53-bit block hashes, equal in every engine for equal tokens, cache seed and blocks before. */
  readonly hashes: readonly number[]
  /** Hash of the block before the first; undefined: the first begins the sequence. */
  readonly parent: number | undefined
  /** Of all of them: `hashes.length` times `blockTokens`. A copy. */
  readonly tokens: Uint32Array
  readonly blockTokens: number
  readonly adapter: string | undefined
}

/** Told what enters and leaves the prefix cache, in order. Must not call the engine back. */
export interface KvEventSink {
  stored(blocks: StoredBlocks): void
  /** Blocks with these contents were given to somebody else. */
  removed(hashes: readonly number[]): void
  /** Nothing is findable any more. */
  cleared(): void
}
