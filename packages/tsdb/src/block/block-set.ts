import type { Labels } from '@signalbox/base'
import type { Disk } from '../ports.ts'
import { GraceQueue, NO_READERS, type Readership } from '../samples/grace-queue.ts'
import type { Matcher, SeriesColumns } from '../types.ts'
import { Block, type BlockDamage, type SharedBlock } from './block.ts'
import { blockRange, type TimeRange } from './block-format.ts'

/** Of a series, in ascending pieces. */
interface Pieces {
  readonly labels: Labels
  readonly timestampsMs: Float64Array[]
  readonly values: Float64Array[]
}

/** The blocks of a store, ascending by time, and what they answer together. */
export class BlockSet {
  readonly #disk: Disk
  /** Files of blocks that are gone. */
  readonly #gone: GraceQueue<string>
  #blocks: readonly Block[] = []
  #revision = 0
  #damaged: readonly { readonly name: string; readonly endMs: number }[] = []

  /** `readership`: who reads the blocks in other threads. */
  constructor(disk: Disk, readership: Readership = NO_READERS) {
    this.#disk = disk
    this.#gone = new GraceQueue(readership, (name) => disk.remove(name))
  }

  /** Grows by one with each change. */
  get revision(): number {
    return this.#revision
  }

  /** Removes the files of blocks that are gone and that no reader looks at any more. */
  removeGone(): void {
    this.#gone.advance()
  }

  /** These blocks, as the thread that writes them has them, in place of what is here. Those that do not open are left out. */
  follow(shared: readonly SharedBlock[]): void {
    const known = new Map(this.#blocks.map((block) => [block.name, block]))
    this.#blocks = shared.flatMap((one) => {
      const block = known.get(one.name)
      if (block !== undefined) return [block]
      const opened = Block.of(this.#disk, one)
      return opened.ok ? [opened.value] : []
    })
  }

  /** Opens the blocks among some files. Those within the range of another are removed: a merge was finished but for that. */
  open(names: readonly string[], onDamage: (file: string, damage: BlockDamage) => void): void {
    const ranges = names.flatMap((name) => {
      const range = blockRange(name)
      return range === undefined ? [] : [{ name, ...range }]
    })
    ranges.sort((a, b) => a.startMs - b.startMs || b.endMs - a.endMs)
    const blocks: Block[] = []
    const damaged: { name: string; endMs: number }[] = []
    for (const { name, startMs, endMs } of ranges) {
      const outer = blocks.find(({ range }) => range.startMs <= startMs && range.endMs >= endMs)
      if (outer !== undefined) {
        this.#disk.remove(name)
        continue
      }
      const opened = Block.open(this.#disk, name)
      if (opened.ok) blocks.push(opened.value)
      else {
        damaged.push({ name, endMs })
        onDamage(name, opened.error)
      }
    }
    this.#damaged = damaged
    this.#blocks = blocks
  }

  get all(): readonly Block[] {
    return this.#blocks
  }

  /** Of the files. */
  get bytes(): number {
    return this.#blocks.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** The end of the newest; -Infinity without any. */
  get endMs(): number {
    return this.#blocks.reduce((end, { range }) => Math.max(end, range.endMs), -Infinity)
  }

  /** Adds a block in place of those within its range, whose files go. */
  add(block: Block): void {
    const isPart = ({ range }: Block): boolean => range.startMs >= block.range.startMs && range.endMs <= block.range.endMs
    const replaced = this.#blocks.filter(isPart)
    this.#blocks = [...this.#blocks.filter((one) => !isPart(one)), block].sort((a, b) => a.range.startMs - b.range.startMs)
    this.#revision += 1
    for (const { name } of replaced) if (name !== block.name) this.#gone.add(name)
  }

  /** Forgets the oldest block and removes its file. */
  removeOldest(): void {
    const [oldest, ...others] = this.#blocks
    if (oldest === undefined) return
    this.#blocks = others
    this.#revision += 1
    this.#gone.add(oldest.name)
  }

  /** Removes files that were no sound blocks when they were opened and whose range ended by then. */
  removeDamaged(endMs: number): void {
    for (const { name } of this.#damaged.filter((one) => one.endMs <= endMs)) this.#disk.remove(name)
    this.#damaged = this.#damaged.filter((one) => one.endMs > endMs)
  }

  /** Chunks that could not be read, of the blocks there are. */
  get damagedChunks(): number {
    return this.#blocks.reduce((sum, { damaged }) => sum + damaged, 0)
  }

  /** Whether any block reaches into the range, both ends inclusive. */
  overlaps(startMs: number, endMs: number): boolean {
    return this.#blocks.some(({ range }) => overlaps(range, startMs, endMs))
  }

  /** What all blocks and then `newest` hold of what the matchers select, one entry a series, in the order in which series are met. */
  select(matchers: readonly Matcher[], startMs: number, endMs: number, newest: readonly SeriesColumns[]): readonly SeriesColumns[] {
    const found = new Map<string, Pieces>()
    const add = (labels: Labels, timestampsMs: Float64Array, values: Float64Array): void => {
      let pieces = found.get(labels.key)
      if (pieces === undefined) {
        pieces = { labels, timestampsMs: [], values: [] }
        found.set(labels.key, pieces)
      }
      pieces.timestampsMs.push(timestampsMs)
      pieces.values.push(values)
    }
    for (const block of this.#blocks) {
      if (!overlaps(block.range, startMs, endMs)) continue
      block.read(block.index.select(matchers), startMs, endMs, (samples) => {
        add(block.index.labelsOf(samples.series), samples.timestampsMs, samples.values)
      })
    }
    for (const { labels, timestampsMs, values } of newest) add(labels, timestampsMs, values)
    return Array.from(found.values(), joined)
  }

  /** Calls for the labels of each series that is selected and has a chunk which overlaps the range; once a block. */
  forEachSeries(matchers: readonly Matcher[], startMs: number, endMs: number, onSeries: (labels: Labels) => void): void {
    for (const block of this.#blocks) {
      if (!overlaps(block.range, startMs, endMs)) continue
      for (const series of block.withSamples(block.index.select(matchers), startMs, endMs)) onSeries(block.index.labelsOf(series))
    }
  }

  /** The blocks of the oldest whole day that has more than one, all within it; undefined: there is none that ended by `endMs`. */
  partsOfDay(dayMs: number, endMs: number): { readonly range: TimeRange; readonly blocks: readonly Block[] } | undefined {
    for (const { range } of this.#blocks) {
      const startMs = Math.floor(range.startMs / dayMs) * dayMs
      const day = { startMs, endMs: startMs + dayMs }
      if (day.endMs > endMs) return undefined
      const blocks = this.#blocks.filter((one) => one.range.startMs >= day.startMs && one.range.endMs <= day.endMs)
      if (blocks.length > 1) return { range: day, blocks }
    }
    return undefined
  }
}

function overlaps(range: TimeRange, startMs: number, endMs: number): boolean {
  return range.startMs <= endMs && range.endMs > startMs
}

function joined({ labels, timestampsMs: times, values: columns }: Pieces): SeriesColumns {
  if (times.length === 1) return { labels, timestampsMs: times[0] as Float64Array, values: columns[0] as Float64Array }
  const length = times.reduce((sum, column) => sum + column.length, 0)
  const timestampsMs = new Float64Array(length)
  const values = new Float64Array(length)
  let at = 0
  for (const [i, column] of times.entries()) {
    timestampsMs.set(column, at)
    values.set(columns[i] as Float64Array, at)
    at += column.length
  }
  return { labels, timestampsMs, values }
}
