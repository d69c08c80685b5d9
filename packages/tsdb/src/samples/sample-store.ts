import { assert } from '@signalbox/base'
import { encodedBytesMax, encodeValues } from '../codec/value-codec.ts'
import { ByteArena } from './byte-arena.ts'
import { CHUNK_SAMPLES, ChunkMemory, SLAB_BYTES } from './chunk-memory.ts'
import { ChunkReader, type SampleWindow, type SeriesPlace } from './chunk-reader.ts'
import { ChunkTable } from './chunk-table.ts'
import { GraceQueue, NO_READERS, type Readership } from './grace-queue.ts'
import { LATE_SAMPLES_MAX, LateSamples } from './late-samples.ts'
import { RowPool } from './row-pool.ts'
import type { SampleJournal } from './sample-journal.ts'
import { PAGE_SERIES, SeriesPage } from './series-page.ts'
import { TimestampColumns } from './timestamp-columns.ts'

/** 'unchanged': the same sample is already there. 'late': kept, though not the newest of its series. */
export type SampleOutcome = 'ok' | 'late' | 'unchanged' | 'out-of-order' | 'duplicate' | 'unknown-series'

/** One sealed chunk, as it is: 120 values. */
export interface StoredChunk {
  readonly column: number
  readonly bytes: Uint8Array
}

/** Memory that is not in use any more, once nobody reads it: four times its number and what it is. */
const GONE_ROW = 0
const GONE_COLUMN = 1
const GONE_CHUNK = 2
/** A chunk whose predecessors are gone. */
const GONE_LIST = 3

const scratch = new Float64Array(CHUNK_SAMPLES)
const encoded = new Uint8Array(encodedBytesMax(CHUNK_SAMPLES))
/** For comparing values by their bits. */
const pair = new Float64Array(2)
const pairWords = new Uint32Array(pair.buffer)

/**
 * The samples of series that are known by ascending reference, each ascending by time without repetition.
 *
 *     sealed:  [ 120 ] <- [ 120 ] <- ... <- [ 120 ]     encoded bytes in an arena, timestamps shared
 *     open:    [ 37 . . . . . . . . . . . . . . . ]     doubles in a row
 *     late:    [ 3 ]                                    merged when it is full, or when the open chunk is
 *
 * None of it lies in an object a series or a chunk: one object costs as much as 100 encoded samples. All but the late samples lies in
 * shared memory (`ChunkMemory`), and what readers of other threads were told of stays as it is until they have gone on, twice: a list of
 * chunks is cut only when everybody knows that what is before the cut is gone, and numbers are given out again only when everybody
 * has gone on after that, because until then a reader may follow the list to the first chunk that is too old.
 */
export class SampleStore {
  readonly #lateMs: number
  readonly #memory = new ChunkMemory()
  readonly #columns = new TimestampColumns(this.#memory, (column) => this.#gone(column, GONE_COLUMN))
  readonly #rows = new RowPool(this.#memory)
  readonly #table = new ChunkTable(this.#memory)
  readonly #arena = new ByteArena(this.#memory)
  readonly #late = new Map<number, LateSamples>()
  /** To be cut when the readers have gone on. */
  readonly #cut = new Set<number>()
  readonly #reader = new ChunkReader(this.#memory, this.#cut)
  readonly #leaving: GraceQueue<number>
  readonly #left: GraceQueue<number>
  readonly #place: SeriesPlace = { sealed: 0, column: 0, row: 0, length: 0 }
  /** By reference / 64. */
  #pages: (SeriesPage | undefined)[] = []
  #pageCount = 0
  #samples = 0
  #journal: SampleJournal | undefined

  /** Samples up to `lateMs` older than their series' newest are taken. */
  constructor(lateMs: number, readership: Readership = NO_READERS) {
    this.#lateMs = lateMs
    this.#leaving = new GraceQueue(readership, (item) => this.#leave(item))
    this.#left = new GraceQueue(readership, (item) => this.#reuse(item))
  }

  /** Held now. */
  get samples(): number {
    return this.#samples
  }

  get bytes(): number {
    const late = this.#late.size * (LATE_SAMPLES_MAX * 16 + 400)
    return this.#pageCount * SeriesPage.bytes + this.#rows.bytes + this.#columns.bytes + this.#table.bytes + this.#arena.bytes + late
  }

  /** For those who read in other threads. */
  get memory(): ChunkMemory {
    return this.#memory
  }

  /** Rows, columns and chunks that are not in use and that readers may still look at. */
  get goneItems(): number {
    return this.#leaving.size + this.#left.size
  }

  /** Writes down from now on what changes; undefined ends it. */
  writeDown(journal: SampleJournal | undefined): void {
    this.#journal = journal
  }

  /** Lets go what no reader looks at any more. */
  reuseGone(): void {
    this.#leaving.advance()
    this.#left.advance()
  }

  /** Of a series that is open; good until the next call. */
  placeOf(ref: number): Readonly<SeriesPlace> | undefined {
    const page = this.#page(ref)
    return page === undefined ? undefined : this.#placeIn(page, ref % PAGE_SERIES)
  }

  /** Undefined without any. */
  lateOf(ref: number): LateSamples | undefined {
    return this.#late.get(ref)
  }

  /** A reference that was not used before, or is not any more. */
  open(ref: number): void {
    const index = Math.floor(ref / PAGE_SERIES)
    let page = this.#pages[index]
    if (page === undefined) {
      while (this.#pages.length < index) this.#pages.push(undefined)
      page = new SeriesPage()
      this.#pages[index] = page
      this.#pageCount += 1
    }
    const slot = ref % PAGE_SERIES
    assert(page.alive[slot] === 0, 'a series is opened once')
    page.alive[slot] = 1
    page.count += 1
    page.newestMs[slot] = -Infinity
    page.sealed[slot] = 0
    page.column[slot] = 0
    page.row[slot] = 0
    page.length[slot] = 0
  }

  /** Of a series without samples. */
  close(ref: number): void {
    const page = this.#page(ref)
    const slot = ref % PAGE_SERIES
    assert(page !== undefined && page.length[slot] === 0 && page.sealed[slot] === 0, 'a series without samples is closed')
    page.alive[slot] = 0
    page.count -= 1
    this.#journal?.dead.push(ref)
    if (page.count > 0) return
    this.#pages[Math.floor(ref / PAGE_SERIES)] = undefined
    this.#pageCount -= 1
    if (this.#pageCount === 0) this.#pages = []
  }

  append(ref: number, timestampMs: number, value: number): SampleOutcome {
    const page = this.#page(ref)
    if (page === undefined) return 'unknown-series'
    const slot = ref % PAGE_SERIES
    if (timestampMs <= (page.newestMs[slot] as number)) return this.#appendLate(page, ref, timestampMs, value)
    const isMove = this.#appendNewest(page, slot, timestampMs, value)
    this.#samples += 1
    if (this.#journal !== undefined) {
      if (isMove || page.length[slot] === CHUNK_SAMPLES) this.#journal.moved.add(ref)
      else this.#journal.advance(ref)
    }
    if (page.length[slot] === CHUNK_SAMPLES) {
      this.#seal(page, slot)
      if (this.#late.size > 0 && this.#late.has(ref)) this.#mergeLate(page, ref)
    }
    return 'ok'
  }

  /** -Infinity without samples. */
  newestMs(ref: number): number {
    return this.#page(ref)?.newestMs[ref % PAGE_SERIES] ?? -Infinity
  }

  /** The time of the first sample at or after `fromMs`; Infinity without one. */
  oldestMs(ref: number, fromMs: number): number {
    const { parts, late } = this.window(ref, fromMs, Infinity)
    const first = parts[0]
    const firstMs = first === undefined ? Infinity : (this.#columns.timestampsOf(first.column)[first.from] as number)
    return late === undefined ? firstMs : Math.min(firstMs, this.#late.get(ref)?.timestampsMs[late.from] as number)
  }

  /** The samples with `startMs <= time <= endMs`. */
  window(ref: number, startMs: number, endMs: number): SampleWindow {
    const page = this.#page(ref)
    assert(page !== undefined, 'a series that is open')
    const late = this.#late.size === 0 ? undefined : this.#late.get(ref)
    return this.#reader.window(ref, this.#placeIn(page, ref % PAGE_SERIES), late, { startMs, endMs })
  }

  /** Copies a window's samples to the front of columns that are at least as long. Keeps every bit of a value. */
  copy(window: SampleWindow, timestampsMs: Float64Array, values: Float64Array): void {
    this.#reader.copy(window, window.late === undefined ? undefined : this.#late.get(window.ref), timestampsMs, values)
  }

  /** `copy` without the timestamps: for a window `isAtTimesOf` another one. */
  copyValues(window: SampleWindow, values: Float64Array): void {
    this.#reader.copyValues(window, values)
  }

  /** Merges what came late, and answers the sealed chunks, oldest first. */
  sealedOf(ref: number): readonly StoredChunk[] {
    const page = this.#page(ref)
    assert(page !== undefined, 'a series that is open')
    if (this.#late.has(ref)) this.#mergeLate(page, ref)
    const chunks: StoredChunk[] = []
    for (let chunk = page.sealed[ref % PAGE_SERIES] as number; chunk !== 0; chunk = this.#reader.previousOf(chunk)) {
      const place = this.#memory.placeOf(chunk)
      const offset = place % SLAB_BYTES
      const bytes = this.#memory.slabOf(place).subarray(offset, offset + this.#memory.lengthOf(chunk))
      chunks.push({ column: this.#memory.columnOf(chunk), bytes })
    }
    return chunks.reverse()
  }

  /** The open chunk; undefined when it is empty. */
  openOf(ref: number): { readonly column: number; readonly values: Float64Array } | undefined {
    const page = this.#page(ref)
    assert(page !== undefined, 'a series that is open')
    const slot = ref % PAGE_SERIES
    const length = page.length[slot] as number
    if (length === 0) return undefined
    return { column: page.column[slot] as number, values: this.#rowOf(page.row[slot] as number, length) }
  }

  timestampsOf(column: number): Float64Array {
    return this.#columns.timestampsOf(column)
  }

  /**
   * Appends a sealed chunk as `sealedOf` gave it to a series whose open chunk is empty: `timestampsMs` are 120, ascending, and newer than the
   * series' newest. `column` is what this answered for the same timestamps before, 0 the first time.
   */
  restore(ref: number, chunk: { readonly column: number; readonly timestampsMs: Float64Array; readonly bytes: Uint8Array }): number {
    const page = this.#page(ref)
    assert(page !== undefined && page.length[ref % PAGE_SERIES] === 0, 'chunks are restored to a series whose open chunk is empty')
    const slot = ref % PAGE_SERIES
    const column = this.#columns.share(chunk.column, chunk.timestampsMs)
    const place = this.#arena.add(chunk.bytes, chunk.bytes.length)
    page.sealed[slot] = this.#table.add(page.sealed[slot] as number, column, place, chunk.bytes.length)
    page.newestMs[slot] = chunk.timestampsMs[CHUNK_SAMPLES - 1] as number
    this.#samples += CHUNK_SAMPLES
    this.#journal?.moved.add(ref)
    return column
  }

  /** Drops the leading chunks whose samples are all before `beforeMs`. Answers whether any sample is left. */
  truncate(ref: number, beforeMs: number): boolean {
    const page = this.#page(ref)
    assert(page !== undefined, 'a series that is open')
    const slot = ref % PAGE_SERIES
    let newer = 0
    let chunk = page.sealed[slot] as number
    while (chunk !== 0 && this.#reader.lastMs(chunk) >= beforeMs) {
      newer = chunk
      chunk = this.#reader.previousOf(chunk)
    }
    if (chunk !== 0) {
      // Walked to its end first: without readers, a chunk's entry goes with the chunk.
      const old: number[] = []
      for (; chunk !== 0; chunk = this.#reader.previousOf(chunk)) old.push(chunk)
      if (newer === 0) page.sealed[slot] = 0
      else {
        this.#cut.add(newer)
        this.#gone(newer, GONE_LIST)
      }
      for (const one of old) this.#release(one)
      this.#journal?.moved.add(ref)
    }
    const late = this.#late.get(ref)
    if (late !== undefined) {
      this.#samples -= late.truncate(beforeMs)
      this.#journal?.late.add(ref)
    }
    if (late?.length === 0) this.#late.delete(ref)
    if ((page.newestMs[slot] as number) < beforeMs && page.length[slot] !== 0) {
      this.#empty(page, slot)
      this.#journal?.moved.add(ref)
    }
    return page.length[slot] !== 0 || page.sealed[slot] !== 0
  }

  /** Gives back memory that truncation left without use. */
  trim(): void {
    this.#rows.trim()
  }

  #page(ref: number): SeriesPage | undefined {
    const page = this.#pages[Math.floor(ref / PAGE_SERIES)]
    return page === undefined || page.alive[ref % PAGE_SERIES] === 0 ? undefined : page
  }

  #placeIn(page: SeriesPage, slot: number): SeriesPlace {
    const place = this.#place
    place.sealed = page.sealed[slot] as number
    place.column = page.column[slot] as number
    place.row = page.row[slot] as number
    place.length = page.length[slot] as number
    return place
  }

  /** The first `length` values of a row. */
  #rowOf(row: number, length: number): Float64Array {
    const at = this.#memory.rowOffset(row)
    return this.#memory.rowOf(row).subarray(at, at + length)
  }

  /** Answers whether more than the length changed. */
  #appendNewest(page: SeriesPage, slot: number, timestampMs: number, value: number): boolean {
    const at = page.length[slot] as number
    const before = page.column[slot] as number
    const column = at === 0 ? this.#columns.begin(timestampMs) : this.#columns.next(before, at, timestampMs)
    if (at === 0) page.row[slot] = this.#rows.take()
    const row = page.row[slot] as number
    this.#memory.rowOf(row)[this.#memory.rowOffset(row) + at] = value
    page.column[slot] = column
    page.newestMs[slot] = timestampMs
    page.length[slot] = at + 1
    return column !== before
  }

  #appendLate(page: SeriesPage, ref: number, timestampMs: number, value: number): SampleOutcome {
    if (timestampMs < (page.newestMs[ref % PAGE_SERIES] as number) - this.#lateMs) return 'out-of-order'
    const known = this.window(ref, timestampMs, timestampMs)
    if (known.length > 0) {
      this.copy(known, scratch, scratch.subarray(1))
      pair[0] = scratch[1] as number
      pair[1] = value
      return pairWords[0] === pairWords[2] && pairWords[1] === pairWords[3] ? 'unchanged' : 'duplicate'
    }
    let late = this.#late.get(ref)
    if (late === undefined) {
      late = new LateSamples()
      this.#late.set(ref, late)
    }
    late.insert(timestampMs, value)
    this.#samples += 1
    this.#journal?.late.add(ref)
    if (late.length === LATE_SAMPLES_MAX) this.#mergeLate(page, ref)
    return 'late'
  }

  /** Takes the series apart from its first late sample on, and appends it again in order. */
  #mergeLate(page: SeriesPage, ref: number): void {
    const slot = ref % PAGE_SERIES
    const late = this.#late.get(ref) as LateSamples
    const firstMs = late.timestampsMs[0] as number
    // A chunk that ends before it stays; a chunk is taken apart as a whole, so the window begins with the oldest of those.
    let startMs = firstMs
    let chunk = page.sealed[slot] as number
    for (; chunk !== 0 && this.#reader.lastMs(chunk) > firstMs; chunk = this.#reader.previousOf(chunk)) {
      startMs = Math.min(startMs, this.#columns.timestampsOf(this.#memory.columnOf(chunk))[0] as number)
    }
    if ((page.length[slot] as number) > 0) {
      startMs = Math.min(startMs, this.#columns.timestampsOf(page.column[slot] as number)[0] as number)
    }
    const window = this.window(ref, startMs, Infinity)
    const timestampsMs = new Float64Array(window.length)
    const values = new Float64Array(window.length)
    this.copy(window, timestampsMs, values)
    this.#late.delete(ref)
    this.#journal?.late.add(ref)
    this.#journal?.moved.add(ref)
    for (let apart = page.sealed[slot] as number, previous = 0; apart !== chunk; apart = previous) {
      previous = this.#reader.previousOf(apart)
      this.#release(apart)
    }
    page.sealed[slot] = chunk
    this.#empty(page, slot)
    this.#samples -= late.length
    for (let i = 0; i < window.length; i++) {
      this.#appendNewest(page, slot, timestampsMs[i] as number, values[i] as number)
      if (page.length[slot] === CHUNK_SAMPLES) this.#seal(page, slot)
    }
    this.#samples += window.length
  }

  /** Drops the open chunk; leaves `newestMs`. */
  #empty(page: SeriesPage, slot: number): void {
    const length = page.length[slot] as number
    if (length === 0) return
    this.#columns.release(page.column[slot] as number)
    this.#gone(page.row[slot] as number, GONE_ROW)
    page.column[slot] = 0
    page.row[slot] = 0
    page.length[slot] = 0
    this.#samples -= length
  }

  /** The column's use goes over to the sealed chunk. */
  #seal(page: SeriesPage, slot: number): void {
    const row = page.row[slot] as number
    const length = encodeValues(this.#rowOf(row, CHUNK_SAMPLES), CHUNK_SAMPLES, encoded, 0)
    const place = this.#arena.add(encoded, length)
    page.sealed[slot] = this.#table.add(page.sealed[slot] as number, page.column[slot] as number, place, length)
    this.#gone(row, GONE_ROW)
    page.column[slot] = 0
    page.row[slot] = 0
    page.length[slot] = 0
  }

  #release(chunk: number): void {
    this.#samples -= CHUNK_SAMPLES
    this.#gone(chunk, GONE_CHUNK)
  }

  #gone(number: number, kind: number): void {
    this.#leaving.add(4 * number + kind)
  }

  /** All readers know that it is gone. */
  #leave(item: number): void {
    if (item % 4 !== GONE_LIST) {
      this.#left.add(item)
      return
    }
    const chunk = (item - GONE_LIST) / 4
    if (!this.#cut.delete(chunk)) return
    this.#table.cut(chunk)
  }

  /** No reader can come upon it any more. */
  #reuse(item: number): void {
    const number = Math.floor(item / 4)
    if (item % 4 === GONE_ROW) this.#rows.give(number)
    else if (item % 4 === GONE_COLUMN) this.#columns.reclaim(number)
    else {
      this.#arena.release(this.#memory.placeOf(number), this.#memory.lengthOf(number))
      const column = this.#memory.columnOf(number)
      this.#table.release(number)
      this.#columns.release(column)
    }
  }
}
