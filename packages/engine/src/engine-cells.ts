import type { CounterCell, GaugeCell, HistogramCell } from '@signalbox/instruments'
import type { SignalId } from '@signalbox/signals'
import type { Instruments } from './ports.ts'
import type { EngineOptions } from './types.ts'

/** The cells of one engine: model and engine index are filled in, further label values follow in the order of the catalogue. */
export class EngineCells {
  readonly #instruments: Instruments
  readonly #model: string
  readonly #engine: string

  /** `engine`: the data-parallel index, '0' for an engine alone. */
  constructor(instruments: Instruments, model: string, engine: string) {
    this.#instruments = instruments
    this.#model = model
    this.#engine = engine
  }

  counter(signal: SignalId, ...more: readonly string[]): CounterCell {
    return this.#instruments.counter(signal).with(this.#model, this.#engine, ...more)
  }

  gauge(signal: SignalId, ...more: readonly string[]): GaugeCell {
    return this.#instruments.gauge(signal).with(this.#model, this.#engine, ...more)
  }

  histogram(signal: SignalId): HistogramCell {
    return this.#instruments.histogram(signal).with(this.#model, this.#engine)
  }

  /** States the layout of the cache. `blocks` as the dialect counts them; the spelling of the boolean is Python's, as on real pages. */
  stateCacheLayout(blocks: number, { blockTokens, prefixCaching }: EngineOptions): void {
    this.#instruments
      .gauge('engine.cache_config')
      .with(this.#engine, String(blockTokens), String(blocks), prefixCaching ? 'True' : 'False')
      .set(1)
  }
}

/** Observes milliseconds in seconds; leaves out what did not happen (NaN). */
export function observeMs(histogram: HistogramCell, ms: number): void {
  if (!Number.isNaN(ms)) histogram.observe(ms / 1000)
}
