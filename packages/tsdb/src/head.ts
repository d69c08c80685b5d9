import { assert, type Labels } from '@signalbox/base'
import { HeadView } from './head-view.ts'
import { LabelIndex } from './label-index.ts'
import { NO_READERS, type Readership } from './samples/grace-queue.ts'
import { type SampleOutcome, SampleStore } from './samples/sample-store.ts'
import type { AppendOutcome, HeadStats, Matcher, SeriesColumns } from './types.ts'

export interface HeadOptions {
  /** Beyond it new series are refused. */
  readonly seriesMax: number
  /** What `truncate` keeps when it is given no time, counted back from the newest sample. */
  readonly retentionMs: number
  /** Samples so much older than their series' newest are still taken; default 0, none. */
  readonly lateMs?: number
}

/**
 * The samples in memory: a `LabelIndex` says which series exist, a `SampleStore` holds the samples of each. Synchronous and
 * without a clock: time is what the samples say. Ranges are in milliseconds since the epoch, inclusive at both ends.
 *
 * Truncation has a floor that only rises: nothing before it is accepted or answered, although chunks that reach across it stay whole.
 */
export class Head {
  readonly #options: HeadOptions
  readonly #index = new LabelIndex()
  readonly #samples: SampleStore
  readonly #view: HeadView
  #acceptFromMs = -Infinity
  #newestMs = -Infinity
  #refused = 0
  #appended = 0

  /** `readership`: who reads it in other threads. */
  constructor(options: HeadOptions, readership: Readership = NO_READERS) {
    assert(Number.isInteger(options.seriesMax) && options.seriesMax > 0, 'seriesMax is a positive integer')
    assert(options.retentionMs > 0, 'retentionMs is positive')
    this.#options = options
    this.#samples = new SampleStore(options.lateMs ?? 0, readership)
    this.#view = new HeadView(this.#index, this.#samples)
  }

  /** What it answers. */
  get view(): HeadView {
    return this.#view
  }

  /** For what writes and reads files of this head. */
  get index(): LabelIndex {
    return this.#index
  }

  /** For what writes and reads files of this head. */
  get samples(): SampleStore {
    return this.#samples
  }

  /** Nothing before it is accepted or answered. */
  get floorMs(): number {
    return this.#view.floorMs
  }

  /** The newest sample's time; -Infinity before the first. */
  get newestMs(): number {
    return this.#newestMs
  }

  /** The oldest sample's time that is answered; Infinity without any. Costs a pass over all series. */
  oldestMs(): number {
    let oldestMs = Infinity
    for (const ref of this.#index.refs()) oldestMs = Math.min(oldestMs, this.#samples.oldestMs(ref, this.#view.floorMs))
    return oldestMs
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
    this.#samples.open(ref)
    return ref
  }

  /**
   * The reference of a series that a file knows as `ref`: that one, or the one under which the labels are known already, as those of
   * a series that was dropped and came again. Undefined: the reference has other labels here, or the store is at its limit.
   */
  restoreSeries(ref: number, labels: Labels): number | undefined {
    const known = this.#index.find(labels)
    this.#index.reserve(ref)
    if (known !== undefined || this.#index.has(ref)) return known
    if (this.#index.size >= this.#options.seriesMax) return undefined
    this.#index.add(labels, ref)
    this.#samples.open(ref)
    return ref
  }

  /** Hides what is before `floorMs`, without dropping series that then have no samples: the log may go on with them. */
  restoreFloor(floorMs: number): void {
    if (floorMs > this.#view.floorMs) this.#view.floorMs = floorMs
    this.acceptFrom(floorMs)
  }

  /** Tells the head of a sample that a file brought in past `append`. */
  restored(newestMs: number): void {
    if (newestMs > this.#newestMs) this.#newestMs = newestMs
  }

  /** Appends one sample; `timestampMs` is finite, `value` anything, kept bit for bit. */
  append(ref: number, timestampMs: number, value: number): AppendOutcome {
    const outcome = this.place(ref, timestampMs, value)
    return outcome === 'unchanged' || outcome === 'late' ? 'ok' : outcome
  }

  /** `append`, telling apart what is new to the store. */
  place(ref: number, timestampMs: number, value: number): SampleOutcome {
    assert(Number.isFinite(timestampMs), 'a timestamp is finite')
    if (timestampMs < this.#acceptFromMs) return this.#index.has(ref) ? 'out-of-order' : 'unknown-series'
    const outcome = this.#samples.append(ref, timestampMs, value)
    if (outcome !== 'ok' && outcome !== 'late') return outcome
    this.#appended += 1
    if (timestampMs > this.#newestMs) this.#newestMs = timestampMs
    return outcome
  }

  /** Every series that satisfies all matchers and has samples in the range, with those samples, in order of creation. Good until `release`. */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    return this.#view.select(matchers, startMs, endMs)
  }

  /** As `HeadView.release`. */
  release(): void {
    this.#view.release()
  }

  /** The labels of every series with samples in the range that satisfies all matchers of at least one selector; of all series when there is none. */
  series(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly Labels[] {
    return this.#view.series(selectors, startMs, endMs)
  }

  /** The label names of what `series` answers, sorted by UTF-16 code units. */
  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    return this.#view.labelNames(selectors, startMs, endMs)
  }

  /** The values of one label of what `series` answers, sorted by UTF-16 code units. */
  labelValues(name: string, selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    return this.#view.labelValues(name, selectors, startMs, endMs)
  }

  /** From now on nothing before `fromMs` is accepted; what is there already is still answered. */
  acceptFrom(fromMs: number): void {
    if (fromMs > this.#acceptFromMs) this.#acceptFromMs = fromMs
  }

  /** Forgets samples before `beforeMs` (default: the newest sample less the retention), series that then have none, and the memory of released answers. */
  truncate(beforeMs: number = this.#newestMs - this.#options.retentionMs): void {
    if (beforeMs > this.#view.floorMs) this.#view.floorMs = beforeMs
    this.acceptFrom(beforeMs)
    const dead = new Set<number>()
    for (const ref of this.#index.refs()) if (!this.#samples.truncate(ref, this.#view.floorMs)) dead.add(ref)
    for (const ref of dead) this.#samples.close(ref)
    this.#index.remove(dead)
    this.#samples.trim()
  }

  stats(): HeadStats {
    const bytes = this.#index.bytes + this.#samples.bytes
    return { series: this.#index.size, samples: this.#samples.samples, bytes, refused: this.#refused, appended: this.#appended }
  }
}
