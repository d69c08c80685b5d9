import type { Labels } from '@signalbox/base'
import { BlockSet } from './block/block-set.ts'
import { type FeedMessage, isDropped, markApplied } from './feed/feed-message.ts'
import { HeadReplica } from './feed/head-replica.ts'
import { HeadView } from './head-view.ts'
import type { Disk } from './ports.ts'
import { StoreView } from './store-view.ts'
import type { Matcher, SeriesColumns } from './types.ts'

/**
 * A store that another thread writes, for queries in this one. It is told of changes by messages and answers exactly what the store
 * answered at the last one it applied: nothing moves while it answers, because what it may look at is not written to until it has applied
 * the message that takes it away. Samples and block indexes are shared; labels and places are its own, some 330 bytes a series of 8 labels.
 */
export class TsdbReader {
  readonly #progress: Int32Array
  readonly #head = new HeadReplica()
  readonly #headView = new HeadView(this.#head.index, this.#head)
  readonly #blocks: BlockSet
  readonly #view: StoreView
  #mark = -1

  /** `disk`: the folder of the store; only read. `progress`: that of its `ReaderPort`. */
  constructor(disk: Disk, progress: Int32Array) {
    this.#progress = progress
    this.#blocks = new BlockSet(disk)
    this.#view = new StoreView(this.#headView, this.#blocks)
  }

  /** As the store's owner marked the last publication that was applied; -1 before the first. */
  get mark(): number {
    return this.#mark
  }

  /** The store has given this reader up for being too far behind. What it answered since it was last asked this may be wrong: start anew with another. */
  get isDropped(): boolean {
    return isDropped(this.#progress)
  }

  /** Estimated memory of its own. */
  get bytes(): number {
    return this.#head.bytes
  }

  /** Chunks of blocks that could not be read here, of the blocks there are now. */
  get damagedChunks(): number {
    return this.#blocks.damagedChunks
  }

  /** Messages in the order in which they were published. */
  apply(message: FeedMessage): void {
    if (message.kind === 'series') {
      this.#head.addSeries(message.series)
      return
    }
    this.#head.apply(message)
    this.#headView.floorMs = message.floorMs
    if (message.blocks !== undefined) this.#blocks.follow(message.blocks)
    this.#mark = message.mark
    markApplied(this.#progress, message.publication)
  }

  /** As `Tsdb.select`. */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[] {
    return this.#view.select(matchers, startMs, endMs)
  }

  /** As `Tsdb.release`. */
  release(): void {
    this.#view.release()
  }

  /** As `Tsdb.series`. */
  series(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly Labels[] {
    return this.#view.series(selectors, startMs, endMs)
  }

  /** As `Tsdb.labelNames`. */
  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    return this.#view.labelNames(selectors, startMs, endMs)
  }

  /** As `Tsdb.labelValues`. */
  labelValues(name: string, selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): readonly string[] {
    return this.#view.labelValues(name, selectors, startMs, endMs)
  }
}
