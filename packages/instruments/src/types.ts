import type { SignalId } from '@signalbox/signals'

/** One series of a counter. */
export interface CounterCell {
  /** Adds `by` (>= 0, default 1). */
  inc(by?: number): void
}

/** One series of a gauge. */
export interface GaugeCell {
  set(value: number): void
  add(by: number): void
}

/** One series of a histogram. */
export interface HistogramCell {
  /** `value` in the signal's unit (seconds, bytes, tokens). */
  observe(value: number): void
}

/**
 * A signal that this process measures. `with` takes the values of the signal's labels in the order of
 * `signals[id].labels`, answers the same cell for the same values, and is cheap enough to call for each
 * request; keep the cell for anything called more often.
 */
export interface Instrument<Cell> {
  readonly signal: SignalId
  with(...labelValues: readonly string[]): Cell
  /** Drops one series; a counter's or histogram's last value stays in a retired total, so that coarser renderings never decrease. */
  remove(...labelValues: readonly string[]): void
}
