import type { Labels } from '@signalbox/base'
import type { BlockSet } from './block/block-set.ts'
import type { HeadView } from './head-view.ts'
import type { Matcher, SeriesColumns } from './types.ts'

/** What a store answers: its head and its blocks together. */
export class StoreView {
  readonly #head: HeadView
  readonly #blocks: BlockSet

  constructor(head: HeadView, blocks: BlockSet) {
    this.#head = head
    this.#blocks = blocks
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    const newest = this.#head.select(matchers, startMs, endMs)
    return this.#blocks.overlaps(startMs, endMs) ? this.#blocks.select(matchers, startMs, endMs, newest) : newest
  }

  release(): void {
    this.#head.release()
  }

  series(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly Labels[] {
    const newest = this.#head.series(selectors, startMs, endMs)
    if (!this.#blocks.overlaps(startMs, endMs)) return newest
    const found = new Map(newest.map((labels) => [labels.key, labels]))
    for (const matchers of selectors.length === 0 ? [[]] : selectors) {
      this.#blocks.forEachSeries(matchers, startMs, endMs, (labels) => found.set(labels.key, labels))
    }
    return [...found.values()]
  }

  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    if (!this.#blocks.overlaps(startMs, endMs)) return this.#head.labelNames(selectors, startMs, endMs)
    const names = new Set<string>()
    for (const labels of this.series(selectors, startMs, endMs)) for (const name of labels.names) names.add(name)
    return [...names].sort()
  }

  labelValues(name: string, selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    if (!this.#blocks.overlaps(startMs, endMs)) return this.#head.labelValues(name, selectors, startMs, endMs)
    const values = new Set(this.series(selectors, startMs, endMs).map((labels) => labels.get(name)))
    values.delete('')
    return [...values].sort()
  }
}
