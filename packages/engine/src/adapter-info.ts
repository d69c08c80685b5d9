import type { GaugeCell, Instrument } from '@signalbox/instruments'
import type { Engine } from './engine.ts'
import type { Instruments } from './ports.ts'

/**
 * The series whose labels say which adapters run and wait, and whose value says as of when. One at a time: vLLM leaves those
 * of earlier labels standing, where the largest value counts.
 */
export class AdapterInfo {
  readonly #gauge: Instrument<GaugeCell>
  readonly #slots: string
  #shown: readonly string[] | undefined

  constructor(instruments: Instruments, slots: number) {
    this.#gauge = instruments.gauge('engine.lora_requests')
    this.#slots = String(slots)
  }

  state(engine: Engine, atMs: number): void {
    const labels = [this.#slots, engine.adaptersWaiting.join(), engine.adaptersRunning.join()]
    if (this.#shown !== undefined && this.#shown.join('|') !== labels.join('|')) this.#gauge.remove(...this.#shown)
    this.#gauge.with(...labels).set(atMs / 1000)
    this.#shown = labels
  }
}
