import { assert, type Labels } from '@signalbox/base'
import { LabelIndex } from './label-index.ts'
import { SeriesChunks } from './series-chunks.ts'
import { TimestampColumns } from './timestamp-column.ts'
import type { AppendOutcome, HeadStats, Matcher, SeriesColumns } from './types.ts'

export interface HeadOptions {
  /** Beyond it new series are refused. */
  readonly seriesMax: number
  /** What `truncate` keeps when it is given no time, counted back from the newest sample. */
  readonly retentionMs: number
}

/** A select of at most this many samples takes its columns from one allocation (16 MiB), a larger one lets each series go by itself. */
const SLAB_SAMPLES_MAX = 1 << 20

/**
 * The samples in memory: a `LabelIndex` says which series exist, `SeriesChunks` hold the samples of each. Synchronous and
 * without a clock: time is what the samples say. Ranges are in milliseconds since the epoch, inclusive at both ends.
 *
 * Truncation has a floor that only rises: nothing before it is accepted or answered, although chunks that reach across it stay whole.
 */
export class Head {
  readonly #options: HeadOptions
  readonly #index = new LabelIndex()
  readonly #chunks = new Map<number, SeriesChunks>()
  readonly #columns = new TimestampColumns()
  #floorMs = -Infinity
  #newestMs = -Infinity
  #refused = 0
  #appended = 0

  constructor(options: HeadOptions) {
    assert(Number.isInteger(options.seriesMax) && options.seriesMax > 0, 'seriesMax is a positive integer')
    assert(options.retentionMs > 0, 'retentionMs is positive')
    this.#options = options
  }

  /**
   * The reference of the series with these labels (`__name__` among them), made if there is none; undefined, and counted, at
   * the limit. Stays valid until truncation finds the series without samples, and is not given out again.
   */
  seriesRef(labels: Labels): number | undefined {
    const known = this.#index.find(labels)
    if (known !== undefined) return known
    if (this.#index.size >= this.#options.seriesMax) {
      this.#refused += 1
      return undefined
    }
    const ref = this.#index.add(labels)
    this.#chunks.set(ref, new SeriesChunks(this.#columns))
    return ref
  }

  /** Appends one sample; `timestampMs` is finite, `value` anything, kept bit for bit. */
  append(ref: number, timestampMs: number, value: number): AppendOutcome {
    assert(Number.isFinite(timestampMs), 'a timestamp is finite')
    const chunks = this.#chunks.get(ref)
    if (chunks === undefined) return 'unknown-series'
    if (timestampMs < this.#floorMs) return 'out-of-order'
    const outcome = chunks.append(timestampMs, value)
    if (outcome === 'unchanged') return 'ok'
    if (outcome !== 'ok') return outcome
    this.#appended += 1
    if (timestampMs > this.#newestMs) this.#newestMs = timestampMs
    return 'ok'
  }

  /** Every series that satisfies all matchers and has samples in the range, with those samples, in order of creation. */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    const refs = this.#index.select(matchers)
    const fromMs = Math.max(startMs, this.#floorMs)
    const windows: Window[] = []
    let samples = 0
    for (const ref of refs) {
      const window = this.#window(ref, fromMs, endMs)
      if (window.length === 0) continue
      windows.push(window)
      samples += window.length
    }
    const slab = samples <= SLAB_SAMPLES_MAX ? new ArrayBuffer(samples * 16) : undefined
    let offset = 0
    return windows.map(({ ref, chunks, start, length }) => {
      const bytes = length * 8
      const timestampsMs = slab === undefined ? new Float64Array(length) : new Float64Array(slab, offset, length)
      const values = slab === undefined ? new Float64Array(length) : new Float64Array(slab, offset + bytes, length)
      offset += 2 * bytes
      chunks.copy(start, start + length, timestampsMs, values)
      return { labels: this.#index.labelsOf(ref), timestampsMs, values }
    })
  }

  /** The labels of every series with samples in the range that satisfies all matchers of at least one selector; of all series when there is none. */
  series(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly Labels[] {
    return this.#refs(selectors, startMs, endMs).map((ref) => this.#index.labelsOf(ref))
  }

  /** The label names of what `series` answers, sorted by UTF-16 code units. */
  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    const names = new Set<string>()
    if (selectors.length === 0) {
      for (const name of this.#index.names()) if (this.#values(name, startMs, endMs).next().done !== true) names.add(name)
    } else {
      for (const labels of this.series(selectors, startMs, endMs)) for (const name of labels.names) names.add(name)
    }
    return [...names].sort()
  }

  /** The values of one label of what `series` answers, sorted by UTF-16 code units. */
  labelValues(name: string, selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    if (selectors.length === 0) return [...this.#values(name, startMs, endMs)].sort()
    const values = new Set(this.series(selectors, startMs, endMs).map((labels) => labels.get(name)))
    values.delete('')
    return [...values].sort()
  }

  /** Forgets samples before `beforeMs` (default: the newest sample less the retention) and series that then have none. */
  truncate(beforeMs: number = this.#newestMs - this.#options.retentionMs): void {
    if (beforeMs > this.#floorMs) this.#floorMs = beforeMs
    const dead = new Set<number>()
    for (const [ref, chunks] of this.#chunks) {
      chunks.truncate(this.#floorMs)
      if (chunks.length === 0) dead.add(ref)
    }
    for (const ref of dead) this.#chunks.delete(ref)
    this.#index.remove(dead)
  }

  /** Costs a pass over all series. */
  stats(): HeadStats {
    let samples = 0
    let bytes = this.#index.bytes
    for (const chunks of this.#chunks.values()) {
      samples += chunks.length
      bytes += chunks.bytes
    }
    return { series: this.#index.size, samples, bytes, refused: this.#refused, appended: this.#appended }
  }

  #refs(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly number[] {
    const refs = new Set<number>()
    for (const matchers of selectors.length === 0 ? [[]] : selectors) {
      for (const ref of this.#index.select(matchers)) if (this.#hasSamples(ref, startMs, endMs)) refs.add(ref)
    }
    return [...refs].sort((a, b) => a - b)
  }

  *#values(name: string, startMs: number, endMs: number): Generator<string, void> {
    for (const { value, refs } of this.#index.valuesOf(name)) if (refs.some((ref) => this.#hasSamples(ref, startMs, endMs))) yield value
  }

  #hasSamples(ref: number, startMs: number, endMs: number): boolean {
    return this.#window(ref, Math.max(startMs, this.#floorMs), endMs).length > 0
  }

  #window(ref: number, startMs: number, endMs: number): Window {
    const chunks = this.#chunks.get(ref)
    assert(chunks !== undefined, 'every series of the index has chunks')
    const start = chunks.from(startMs)
    return { ref, chunks, start, length: Math.max(0, chunks.after(endMs) - start) }
  }
}

/** Samples `[start, start + length)` of one series. */
interface Window {
  readonly ref: number
  readonly chunks: SeriesChunks
  readonly start: number
  readonly length: number
}
