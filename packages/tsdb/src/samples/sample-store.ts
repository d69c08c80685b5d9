import { assert } from '@signalbox/base'
import { decodeValues, encodedBytesMax, encodeValues } from '../codec/value-codec.ts'
import { ByteArena } from './byte-arena.ts'
import { ChunkTable } from './chunk-table.ts'
import { LATE_SAMPLES_MAX, LateSamples, mergeSamples } from './late-samples.ts'
import { PAGE_SERIES, SeriesPage } from './series-page.ts'
import { CHUNK_SAMPLES, TimestampColumns } from './timestamp-columns.ts'

/** 'unchanged': the same sample is already there. 'late': kept, though not the newest of its series. */
export type SampleOutcome = 'ok' | 'late' | 'unchanged' | 'out-of-order' | 'duplicate' | 'unknown-series'

/** Samples `[from, to)` of one chunk; chunk 0 is the open one. */
interface WindowPart {
  readonly chunk: number
  readonly column: number
  readonly from: number
  readonly to: number
}

/** The samples of one series in a range of time. Good until the next append or truncation. */
export interface SampleWindow {
  readonly ref: number
  readonly length: number
  /** Ascending by time. */
  readonly parts: readonly WindowPart[]
  /** Late samples `[from, to)` that belong in between. */
  readonly late: { readonly from: number; readonly to: number } | undefined
}

/** One sealed chunk, as it is: 120 values. */
export interface StoredChunk {
  readonly column: number
  readonly bytes: Uint8Array
}

const NO_PARTS: readonly WindowPart[] = []
const scratch = new Float64Array(CHUNK_SAMPLES)
const encoded = new Uint8Array(encodedBytesMax(CHUNK_SAMPLES))
/** For comparing values by their bits. */
const pair = new Float64Array(2)
const pairWords = new Uint32Array(pair.buffer)

/**
 * The samples of series that are known by ascending reference, each ascending by time without repetition.
 *
 *     sealed:  [ 120 ] <- [ 120 ] <- ... <- [ 120 ]     encoded bytes in an arena, timestamps shared
 *     open:    [ 37 . . . . . . . . . . . . . . . ]     doubles in the series' row of a page
 *     late:    [ 3 ]                                    merged when it is full, or when the open chunk is
 *
 * All of it lies in shared memory, none of it in an object a series or a chunk: one object costs as much as 100 encoded samples.
 */
export class SampleStore {
  readonly #lateMs: number
  readonly #columns = new TimestampColumns()
  readonly #table = new ChunkTable()
  readonly #arena = new ByteArena()
  readonly #late = new Map<number, LateSamples>()
  /** By reference / 64. */
  #pages: (SeriesPage | undefined)[] = []
  #pageCount = 0
  #samples = 0

  /** Samples up to `lateMs` older than their series' newest are taken. */
  constructor(lateMs: number) {
    this.#lateMs = lateMs
  }

  /** Held now. */
  get samples(): number {
    return this.#samples
  }

  get bytes(): number {
    const late = this.#late.size * (LATE_SAMPLES_MAX * 16 + 400)
    return this.#pageCount * SeriesPage.bytes + this.#columns.bytes + this.#table.bytes + this.#arena.bytes + late
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
    page.length[slot] = 0
  }

  /** Of a series without samples. */
  close(ref: number): void {
    const page = this.#page(ref)
    const slot = ref % PAGE_SERIES
    assert(page !== undefined && page.length[slot] === 0 && page.sealed[slot] === 0, 'a series without samples is closed')
    page.alive[slot] = 0
    page.count -= 1
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
    this.#appendNewest(page, slot, timestampMs, value)
    this.#samples += 1
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
    const slot = ref % PAGE_SERIES
    let parts: WindowPart[] | undefined
    let length = 0
    const openLength = page.length[slot] as number
    for (let chunk = openLength > 0 ? 0 : (page.sealed[slot] as number), isOpen = openLength > 0; isOpen || chunk !== 0; ) {
      const column = isOpen ? (page.column[slot] as number) : this.#table.columnOf(chunk)
      const count = isOpen ? openLength : CHUNK_SAMPLES
      const timestampsMs = this.#columns.timestampsOf(column)
      if ((timestampsMs[count - 1] as number) < startMs) break
      if ((timestampsMs[0] as number) <= endMs) {
        const from = lowerBound(timestampsMs, count, startMs)
        const to = upperBound(timestampsMs, count, endMs)
        if (to > from) {
          parts ??= []
          parts.push({ chunk, column, from, to })
          length += to - from
        }
      }
      chunk = isOpen ? (page.sealed[slot] as number) : this.#table.previousOf(chunk)
      isOpen = false
    }
    parts?.reverse()
    const samples = this.#late.size === 0 ? undefined : this.#late.get(ref)
    if (samples === undefined) return { ref, length, parts: parts ?? NO_PARTS, late: undefined }
    const late = { from: samples.from(startMs), to: upperBound(samples.timestampsMs, samples.length, endMs) }
    if (late.to <= late.from) return { ref, length, parts: parts ?? NO_PARTS, late: undefined }
    return { ref, length: length + late.to - late.from, parts: parts ?? NO_PARTS, late }
  }

  /** Copies a window's samples to the front of columns that are at least as long. Keeps every bit of a value. */
  copy(window: SampleWindow, timestampsMs: Float64Array, values: Float64Array): void {
    if (window.late === undefined) {
      this.#copyParts(window, timestampsMs, values)
      return
    }
    const { from, to } = window.late
    const late = this.#late.get(window.ref) as LateSamples
    const length = window.length - (to - from)
    const plain = { timestampsMs: new Float64Array(length), values: new Float64Array(length), length }
    this.#copyParts(window, plain.timestampsMs, plain.values)
    const some = { timestampsMs: late.timestampsMs.subarray(from, to), values: late.values.subarray(from, to), length: to - from }
    mergeSamples(plain, some, timestampsMs, values)
  }

  /** `copy` without the timestamps: for a window `isAtTimesOf` another one. */
  copyValues(window: SampleWindow, values: Float64Array): void {
    assert(window.late === undefined, 'late samples have times of their own')
    this.#copyPartValues(window, values)
  }

  /** Merges what came late, and answers the sealed chunks, oldest first. */
  sealedOf(ref: number): readonly StoredChunk[] {
    const page = this.#page(ref)
    assert(page !== undefined, 'a series that is open')
    if (this.#late.has(ref)) this.#mergeLate(page, ref)
    const chunks: StoredChunk[] = []
    for (let chunk = page.sealed[ref % PAGE_SERIES] as number; chunk !== 0; chunk = this.#table.previousOf(chunk)) {
      const place = this.#table.placeOf(chunk)
      const offset = this.#arena.offsetOf(place)
      const bytes = this.#arena.slabOf(place).subarray(offset, offset + this.#table.lengthOf(chunk))
      chunks.push({ column: this.#table.columnOf(chunk), bytes })
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
    return { column: page.column[slot] as number, values: page.values.subarray(slot * CHUNK_SAMPLES, slot * CHUNK_SAMPLES + length) }
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
    return column
  }

  /** Drops the leading chunks whose samples are all before `beforeMs`. Answers whether any sample is left. */
  truncate(ref: number, beforeMs: number): boolean {
    const page = this.#page(ref)
    assert(page !== undefined, 'a series that is open')
    const slot = ref % PAGE_SERIES
    let newer = 0
    let chunk = page.sealed[slot] as number
    while (chunk !== 0 && this.#lastOf(chunk) >= beforeMs) {
      newer = chunk
      chunk = this.#table.previousOf(chunk)
    }
    if (chunk !== 0) {
      if (newer === 0) page.sealed[slot] = 0
      else this.#table.cut(newer)
      for (let previous = 0; chunk !== 0; chunk = previous) {
        previous = this.#table.previousOf(chunk)
        this.#release(chunk)
      }
    }
    const late = this.#late.get(ref)
    if (late !== undefined) this.#samples -= late.truncate(beforeMs)
    if (late?.length === 0) this.#late.delete(ref)
    if ((page.newestMs[slot] as number) < beforeMs) this.#empty(page, slot)
    return page.length[slot] !== 0 || page.sealed[slot] !== 0
  }

  #page(ref: number): SeriesPage | undefined {
    const page = this.#pages[Math.floor(ref / PAGE_SERIES)]
    return page === undefined || page.alive[ref % PAGE_SERIES] === 0 ? undefined : page
  }

  #appendNewest(page: SeriesPage, slot: number, timestampMs: number, value: number): void {
    const at = page.length[slot] as number
    page.column[slot] = at === 0 ? this.#columns.begin(timestampMs) : this.#columns.next(page.column[slot] as number, at, timestampMs)
    page.values[slot * CHUNK_SAMPLES + at] = value
    page.newestMs[slot] = timestampMs
    page.length[slot] = at + 1
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
    for (; chunk !== 0 && this.#lastOf(chunk) > firstMs; chunk = this.#table.previousOf(chunk)) {
      startMs = Math.min(startMs, this.#columns.timestampsOf(this.#table.columnOf(chunk))[0] as number)
    }
    if ((page.length[slot] as number) > 0) {
      startMs = Math.min(startMs, this.#columns.timestampsOf(page.column[slot] as number)[0] as number)
    }
    const window = this.window(ref, startMs, Infinity)
    const timestampsMs = new Float64Array(window.length)
    const values = new Float64Array(window.length)
    this.copy(window, timestampsMs, values)
    this.#late.delete(ref)
    for (let apart = page.sealed[slot] as number, previous = 0; apart !== chunk; apart = previous) {
      previous = this.#table.previousOf(apart)
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
    page.column[slot] = 0
    page.length[slot] = 0
    this.#samples -= length
  }

  /** The column's use goes over to the sealed chunk. */
  #seal(page: SeriesPage, slot: number): void {
    const row = slot * CHUNK_SAMPLES
    const length = encodeValues(page.values.subarray(row, row + CHUNK_SAMPLES), CHUNK_SAMPLES, encoded, 0)
    const place = this.#arena.add(encoded, length)
    page.sealed[slot] = this.#table.add(page.sealed[slot] as number, page.column[slot] as number, place, length)
    page.column[slot] = 0
    page.length[slot] = 0
  }

  #release(chunk: number): void {
    this.#columns.release(this.#table.columnOf(chunk))
    this.#arena.release(this.#table.placeOf(chunk), this.#table.lengthOf(chunk))
    this.#table.release(chunk)
    this.#samples -= CHUNK_SAMPLES
  }

  #lastOf(chunk: number): number {
    return this.#columns.timestampsOf(this.#table.columnOf(chunk))[CHUNK_SAMPLES - 1] as number
  }

  #copyParts(window: SampleWindow, timestampsMs: Float64Array, values: Float64Array): void {
    let written = 0
    for (const { column, from, to } of window.parts) {
      copyColumn(this.#columns.timestampsOf(column), from, to, timestampsMs, written)
      written += to - from
    }
    this.#copyPartValues(window, values)
  }

  #copyPartValues(window: SampleWindow, values: Float64Array): void {
    const page = this.#page(window.ref) as SeriesPage
    let written = 0
    for (const { chunk, from, to } of window.parts) {
      if (chunk === 0) {
        const row = (window.ref % PAGE_SERIES) * CHUNK_SAMPLES
        copyColumn(page.values, row + from, row + to, values, written)
      } else {
        const isWhole = to - from === CHUNK_SAMPLES
        this.#decode(chunk, isWhole ? values : scratch, isWhole ? written : 0)
        if (!isWhole) copyColumn(scratch, from, to, values, written)
      }
      written += to - from
    }
  }

  #decode(chunk: number, target: Float64Array, to: number): void {
    const place = this.#table.placeOf(chunk)
    const at = this.#arena.offsetOf(place)
    const span = { bytes: this.#arena.slabOf(place), at, end: at + this.#table.lengthOf(chunk) }
    const sound = decodeValues(span, CHUNK_SAMPLES, target, to)
    assert(sound, 'a chunk decodes to what it was made of')
  }
}

/** Whether two windows have the same timestamps because their chunks share them; false also where that would take comparing them. */
export function isAtTimesOf(window: SampleWindow, other: SampleWindow | undefined): boolean {
  if (other === undefined || window.late !== undefined || other.late !== undefined) return false
  if (window.parts.length !== other.parts.length || window.length !== other.length) return false
  for (let i = 0; i < window.parts.length; i++) {
    const [one, same] = [window.parts[i] as WindowPart, other.parts[i] as WindowPart]
    if (one.column !== same.column || one.from !== same.from || one.to !== same.to) return false
  }
  return true
}

function lowerBound(timestampsMs: Float64Array, length: number, timeMs: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((timestampsMs[middle] as number) < timeMs) low = middle + 1
    else high = middle
  }
  return low
}

function upperBound(timestampsMs: Float64Array, length: number, timeMs: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((timestampsMs[middle] as number) <= timeMs) low = middle + 1
    else high = middle
  }
  return low
}

/** Typed array to typed array: unlike a plain array of numbers, neither side makes a NaN canonical. */
function copyColumn(source: Float64Array, from: number, to: number, target: Float64Array, at: number): void {
  if (to - from > 16) target.set(source.subarray(from, to), at)
  else for (let i = from; i < to; i++) target[at + i - from] = source[i] as number
}
