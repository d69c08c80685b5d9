import type { CounterCell, GaugeCell, HistogramCell, Instrument } from '@signalbox/instruments'
import type { SignalId } from '@signalbox/signals'
import type { EngineEvent } from './types.ts'

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
  readonly outputTokens: number
  readonly arrivalMs: number
  readonly firstScheduledMs: number
  readonly firstTokenMs: number
  readonly lastTokenMs: number
  readonly endMs: number
}

/** Told what the engine's loop does, as it does it. Must not call the engine back. */
export interface EngineObserver {
  /** First admission of a request, after its prompt was looked up in the prefix cache. */
  admitted(promptTokens: number, cachedTokens: number): void
  /** Prefill is complete: `ttftMs` from arrival. */
  firstToken(promptTokens: number, ttftMs: number): void
  laterToken(gapMs: number): void
  /** A step ended that computed `prefillTokens` and sampled `generatedTokens`. */
  stepped(prefillTokens: number, generatedTokens: number): void
  preempted(): void
  /** Exactly once for each submitted request. */
  finished(request: FinishedRequest): void
}
