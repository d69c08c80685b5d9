import type { Labels, Result } from '@signalbox/base'
import type { Appender, BatchOutcome, StoreError } from './ports.ts'
import type { OpenedSeries, SampleBatch } from './worker-protocol.ts'

/** Where batches go. Opened and released numbers reach the store whatever becomes of the samples. */
export interface BatchSink {
  /** Whether the samples were taken. */
  send(batch: SampleBatch): boolean
  sendCounted(batch: SampleBatch): Promise<Result<BatchOutcome, StoreError>>
}

/** Gives out series numbers and collects samples until they are committed. A released number is given out again. */
export class BatchAppender implements Appender {
  readonly #sink: BatchSink
  #handles = new Uint32Array(1024)
  #timestampsMs = new Float64Array(1024)
  #values = new Float64Array(1024)
  #size = 0
  #opened: OpenedSeries[] = []
  #released: number[] = []
  readonly #free: number[] = []
  #next = 0

  constructor(sink: BatchSink) {
    this.#sink = sink
  }

  series(labels: Labels): number {
    const handle = this.#free.pop() ?? this.#next++
    this.#opened.push({ handle, names: labels.names, values: labels.values })
    return handle
  }

  append(handle: number, timestampMs: number, value: number): void {
    if (this.#size === this.#handles.length) this.#grow()
    this.#handles[this.#size] = handle
    this.#timestampsMs[this.#size] = timestampMs
    this.#values[this.#size] = value
    this.#size += 1
  }

  release(handle: number): void {
    this.#released.push(handle)
  }

  commit(): boolean {
    return this.#sink.send(this.#take())
  }

  commitCounted(): Promise<Result<BatchOutcome, StoreError>> {
    return this.#sink.sendCounted(this.#take())
  }

  #take(): SampleBatch {
    const batch: SampleBatch = {
      opened: this.#opened,
      released: this.#released,
      handles: this.#handles.slice(0, this.#size),
      timestampsMs: this.#timestampsMs.slice(0, this.#size),
      values: this.#values.slice(0, this.#size),
    }
    // Free only now: a number opened again within one batch would be open and released in it.
    for (const handle of this.#released) this.#free.push(handle)
    this.#opened = []
    this.#released = []
    this.#size = 0
    return batch
  }

  /** Forgets every number: the store that knew them is gone. */
  reset(): void {
    this.#opened = []
    this.#released = []
    this.#free.length = 0
    this.#next = 0
    this.#size = 0
  }

  #grow(): void {
    const capacity = this.#handles.length * 2
    const handles = new Uint32Array(capacity)
    const timestampsMs = new Float64Array(capacity)
    const values = new Float64Array(capacity)
    handles.set(this.#handles)
    timestampsMs.set(this.#timestampsMs)
    values.set(this.#values)
    this.#handles = handles
    this.#timestampsMs = timestampsMs
    this.#values = values
  }
}
