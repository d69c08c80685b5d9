import type { Labels } from '@signalbox/base'
import { ColumnSlabs } from './column-slabs.ts'
import type { LabelIndex } from './label-index.ts'
import { isAtTimesOf, type SampleWindow } from './samples/chunk-reader.ts'
import type { Matcher, SeriesColumns } from './types.ts'

/** Samples by reference, for reading. */
export interface SampleSource {
  /** The samples with `startMs <= time <= endMs` of a series that exists. */
  window(ref: number, startMs: number, endMs: number): SampleWindow
  /** Copies a window's samples to the front of columns that are at least as long. */
  copy(window: SampleWindow, timestampsMs: Float64Array, values: Float64Array): void
  /** `copy` without the timestamps: for a window `isAtTimesOf` another one. */
  copyValues(window: SampleWindow, values: Float64Array): void
}

/** What a head answers, in the thread that writes it and in those that follow it. Nothing before `floorMs` is answered. */
export class HeadView {
  readonly #index: LabelIndex
  readonly #samples: SampleSource
  readonly #slabs = new ColumnSlabs()
  #floorMs = -Infinity

  constructor(index: LabelIndex, samples: SampleSource) {
    this.#index = index
    this.#samples = samples
  }

  get floorMs(): number {
    return this.#floorMs
  }

  /** A floor that rises also lets the memory of released answers go. */
  set floorMs(floorMs: number) {
    if (floorMs > this.#floorMs) this.#slabs.forget()
    this.#floorMs = floorMs
  }

  /** Every series that satisfies all matchers and has samples in the range, with those samples, in order of creation. Good until `release`. */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    const refs = this.#index.select(matchers)
    const fromMs = Math.max(startMs, this.#floorMs)
    const answer: SeriesColumns[] = []
    let before: SampleWindow | undefined
    let timestampsMs: Float64Array = new Float64Array(0)
    for (const ref of refs) {
      const window = this.#samples.window(ref, fromMs, endMs)
      if (window.length === 0) continue
      const values = this.#slabs.column(window.length)
      if (isAtTimesOf(window, before)) this.#samples.copyValues(window, values)
      else {
        timestampsMs = this.#slabs.column(window.length)
        this.#samples.copy(window, timestampsMs, values)
      }
      before = window
      answer.push({ labels: this.#index.labelsOf(ref), timestampsMs, values })
    }
    return answer
  }

  /** All that `select` has answered is done with; its memory is used for the next answers. Whoever never calls it keeps its answers. */
  release(): void {
    this.#slabs.rewind()
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
    return this.#samples.window(ref, Math.max(startMs, this.#floorMs), endMs).length > 0
  }
}
