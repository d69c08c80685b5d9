import { assert } from '@signalbox/base'
import { decodeValues } from '../codec/value-codec.ts'
import { CHUNK_SAMPLES, type ChunkMemory, SLAB_BYTES } from './chunk-memory.ts'
import { type LateSamples, mergeSamples } from './late-samples.ts'

/** Where the samples of one series are. Numbers of 0 are none. */
export interface SeriesPlace {
  /** The newest sealed chunk; each knows the one before it. */
  sealed: number
  /** Timestamps and values of the open chunk, and how many of them count. */
  column: number
  row: number
  length: number
}

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
  /** Of the open chunk. */
  readonly row: number
  /** Ascending by time. */
  readonly parts: readonly WindowPart[]
  /** Late samples `[from, to)` that belong in between. */
  readonly late: { readonly from: number; readonly to: number } | undefined
}

const NO_PARTS: readonly WindowPart[] = []

/** Finds and copies samples; for the thread that writes them and for any other that was told of them. */
export class ChunkReader {
  readonly #memory: ChunkMemory
  /** Chunks that are the oldest of their series, although their entry still says otherwise. */
  readonly #cut: ReadonlySet<number>
  readonly #scratch = new Float64Array(CHUNK_SAMPLES)

  constructor(memory: ChunkMemory, cut: ReadonlySet<number> = new Set()) {
    this.#memory = memory
    this.#cut = cut
  }

  /** 0: it is the oldest. */
  previousOf(chunk: number): number {
    return this.#cut.size > 0 && this.#cut.has(chunk) ? 0 : this.#memory.previousOf(chunk)
  }

  /** Of a sealed chunk. */
  lastMs(chunk: number): number {
    const column = this.#memory.columnOf(chunk)
    return this.#memory.columnPage(column)[this.#memory.columnOffset(column) + CHUNK_SAMPLES - 1] as number
  }

  /** The samples with `startMs <= time <= endMs`. */
  window(ref: number, place: SeriesPlace, late: LateSamples | undefined, { startMs, endMs }: { startMs: number; endMs: number }): SampleWindow {
    let parts: WindowPart[] | undefined
    let length = 0
    const { row, length: openLength } = place
    for (let chunk = openLength > 0 ? 0 : place.sealed, isOpen = openLength > 0; isOpen || chunk !== 0; ) {
      const column = isOpen ? place.column : this.#memory.columnOf(chunk)
      const count = isOpen ? openLength : CHUNK_SAMPLES
      const timestampsMs = this.#memory.columnPage(column)
      const first = this.#memory.columnOffset(column)
      if ((timestampsMs[first + count - 1] as number) < startMs) break
      if ((timestampsMs[first] as number) <= endMs) {
        const from = firstFrom(timestampsMs, first, first + count, startMs) - first
        const to = firstAfter(timestampsMs, first, first + count, endMs) - first
        if (to > from) {
          parts ??= []
          parts.push({ chunk, column, from, to })
          length += to - from
        }
      }
      chunk = isOpen ? place.sealed : this.previousOf(chunk)
      isOpen = false
    }
    parts?.reverse()
    if (late === undefined) return { ref, length, row, parts: parts ?? NO_PARTS, late: undefined }
    const between = { from: late.from(startMs), to: firstAfter(late.timestampsMs, 0, late.length, endMs) }
    if (between.to <= between.from) return { ref, length, row, parts: parts ?? NO_PARTS, late: undefined }
    return { ref, length: length + between.to - between.from, row, parts: parts ?? NO_PARTS, late: between }
  }

  /** Copies a window's samples to the front of columns that are at least as long. Keeps every bit of a value. `late` are those it was made with. */
  copy(window: SampleWindow, late: LateSamples | undefined, timestampsMs: Float64Array, values: Float64Array): void {
    if (window.late === undefined) {
      this.#copyParts(window, timestampsMs, values)
      return
    }
    assert(late !== undefined, 'a window with late samples is copied with them')
    const { from, to } = window.late
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

  #copyParts(window: SampleWindow, timestampsMs: Float64Array, values: Float64Array): void {
    const memory = this.#memory
    let written = 0
    for (const { column, from, to } of window.parts) {
      const first = memory.columnOffset(column)
      copyColumn(memory.columnPage(column), first + from, first + to, timestampsMs, written)
      written += to - from
    }
    this.#copyPartValues(window, values)
  }

  #copyPartValues(window: SampleWindow, values: Float64Array): void {
    const memory = this.#memory
    let written = 0
    for (const { chunk, from, to } of window.parts) {
      if (chunk === 0) {
        const row = memory.rowOffset(window.row)
        copyColumn(memory.rowOf(window.row), row + from, row + to, values, written)
      } else {
        const isWhole = to - from === CHUNK_SAMPLES
        this.#decode(chunk, isWhole ? values : this.#scratch, isWhole ? written : 0)
        if (!isWhole) copyColumn(this.#scratch, from, to, values, written)
      }
      written += to - from
    }
  }

  #decode(chunk: number, target: Float64Array, to: number): void {
    const place = this.#memory.placeOf(chunk)
    const at = place % SLAB_BYTES
    const span = { bytes: this.#memory.slabOf(place), at, end: at + this.#memory.lengthOf(chunk) }
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

/** The first of `[low, high)` that is not before `timeMs`, `high` when there is none. */
function firstFrom(timestampsMs: Float64Array, low: number, high: number, timeMs: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((timestampsMs[middle] as number) < timeMs) low = middle + 1
    else high = middle
  }
  return low
}

/** The first of `[low, high)` that is after `timeMs`, `high` when there is none. */
function firstAfter(timestampsMs: Float64Array, low: number, high: number, timeMs: number): number {
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
