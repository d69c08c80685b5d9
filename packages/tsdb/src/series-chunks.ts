import { CHUNK_SAMPLES, narrow, type SealedChunk } from './sealed-chunk.ts'
import { grown, type TimestampColumn, type TimestampColumns } from './timestamp-column.ts'

/** 'unchanged': the same sample is already there. */
export type ChunkOutcome = 'ok' | 'unchanged' | 'out-of-order' | 'duplicate'

const none = new Float64Array(0)

/**
 * The samples of one series, ascending by time without repetition.
 *
 *     sealed:  [ 120 ][ 120 ] ... [ 120 ]     shared timestamps, narrowed values
 *     open:    [ 37 . . . . . . . . . . ]     shared timestamps, a growing column of values
 *     index:    0      120         n * 120    a sample's place: all sealed chunks are full
 *
 * Truncation removes whole chunks from the front, after which indexes count from the new front.
 */
export class SeriesChunks {
  readonly #columns: TimestampColumns
  #sealed: SealedChunk[] = []
  #sealedBytes = 0
  /** The open chunk's timestamps; undefined exactly while it is empty. */
  #timestamps: TimestampColumn | undefined
  /** Whether the memory of `#timestamps` is counted here. */
  #countsTimestamps = false
  #values: Float64Array = none
  #openLength = 0
  #newestMs = -Infinity

  constructor(columns: TimestampColumns) {
    this.#columns = columns
  }

  /** How many samples are held. */
  get length(): number {
    return this.#sealed.length * CHUNK_SAMPLES + this.#openLength
  }

  /** Of the columns. */
  get bytes(): number {
    return this.#sealedBytes + this.#values.byteLength + (this.#countsTimestamps ? this.#openTimestampsMs.byteLength : 0)
  }

  append(timestampMs: number, value: number): ChunkOutcome {
    if (timestampMs <= this.#newestMs) {
      if (timestampMs < this.#newestMs) return 'out-of-order'
      return hasSameBits(this.#newestValue(), value) ? 'unchanged' : 'duplicate'
    }
    const at = this.#openLength
    const timestamps = this.#timestamps === undefined ? this.#columns.begin(timestampMs) : this.#columns.next(this.#timestamps, at, timestampMs)
    if (timestamps !== this.#timestamps) {
      this.#timestamps = timestamps
      this.#countsTimestamps = timestamps.claim()
    }
    if (at === this.#values.length) this.#values = this.#sealed.length > 0 ? longest(this.#values) : grown(this.#values)
    this.#values[at] = value
    this.#openLength = at + 1
    this.#newestMs = timestampMs
    if (this.#openLength === CHUNK_SAMPLES) this.#seal()
    return 'ok'
  }

  /** Index of the first sample at or after `timeMs`, `length` when there is none. */
  from(timeMs: number): number {
    return this.#search(timeMs, false)
  }

  /** Index of the first sample after `timeMs`, `length` when there is none. */
  after(timeMs: number): number {
    return this.#search(timeMs, true)
  }

  /** Copies the samples with indexes in `[start, end)` to the front of both columns. Keeps every bit of a value. */
  copy(start: number, end: number, timestampsMs: Float64Array, values: Float64Array): void {
    let written = 0
    for (let at = start; at < end; ) {
      const chunk = this.#sealed[Math.floor(at / CHUNK_SAMPLES)]
      const from = at % CHUNK_SAMPLES
      const to = Math.min(from + end - at, CHUNK_SAMPLES)
      copyColumn(chunk?.timestampsMs ?? this.#openTimestampsMs, from, to, timestampsMs, written)
      if (typeof chunk?.values === 'number') values.fill(chunk.values, written, written + to - from)
      else copyColumn(chunk?.values ?? this.#values, from, to, values, written)
      written += to - from
      at += to - from
    }
  }

  /** Drops the leading chunks whose samples are all before `beforeMs`. */
  truncate(beforeMs: number): void {
    let dropped = 0
    while (dropped < this.#sealed.length && newestOf(this.#sealed[dropped] as SealedChunk) < beforeMs) {
      this.#sealedBytes -= (this.#sealed[dropped] as SealedChunk).bytes
      dropped += 1
    }
    if (dropped > 0) this.#sealed = this.#sealed.slice(dropped)
    if (this.#newestMs < beforeMs) this.#empty()
  }

  #newestValue(): number {
    if (this.#openLength > 0) return this.#values[this.#openLength - 1] as number
    const values = this.#sealed.at(-1)?.values as SealedChunk['values']
    return typeof values === 'number' ? values : (values[CHUNK_SAMPLES - 1] as number)
  }

  get #openTimestampsMs(): Float64Array {
    return this.#timestamps?.timestampsMs ?? none
  }

  #seal(): void {
    const timestampsMs = this.#openTimestampsMs
    const values = narrow(this.#values)
    const bytes = (this.#countsTimestamps ? timestampsMs.byteLength : 0) + (typeof values === 'number' ? 8 : values.byteLength)
    this.#sealed.push({ timestampsMs, values, bytes })
    this.#sealedBytes += bytes
    // A column that was narrowed is free to take the next chunk.
    if (values === this.#values) this.#values = none
    this.#empty()
  }

  #empty(): void {
    this.#timestamps = undefined
    this.#countsTimestamps = false
    this.#openLength = 0
  }

  #search(timeMs: number, after: boolean): number {
    let low = 0
    let high = this.#sealed.length
    while (low < high) {
      const middle = (low + high) >>> 1
      // A chunk that ends at timeMs will do for both searches: the place after its last sample is the next chunk's first.
      if (newestOf(this.#sealed[middle] as SealedChunk) < timeMs) low = middle + 1
      else high = middle
    }
    const chunk = this.#sealed[low]
    const timestampsMs = chunk?.timestampsMs ?? this.#openTimestampsMs
    return low * CHUNK_SAMPLES + searchColumn(timestampsMs, chunk === undefined ? this.#openLength : CHUNK_SAMPLES, timeMs, after)
  }
}

/** For a series that has filled a chunk before: growing step by step would only copy. */
function longest(column: Float64Array): Float64Array {
  const whole = new Float64Array(CHUNK_SAMPLES)
  whole.set(column)
  return whole
}

function newestOf(chunk: SealedChunk): number {
  return chunk.timestampsMs[CHUNK_SAMPLES - 1] as number
}

function searchColumn(timestampsMs: Float64Array, length: number, timeMs: number, after: boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    const timestampMs = timestampsMs[middle] as number
    if (timestampMs < timeMs || (after && timestampMs === timeMs)) low = middle + 1
    else high = middle
  }
  return low
}

/** Typed array to typed array: unlike a plain array of numbers, neither side makes a NaN canonical. */
function copyColumn(source: Float64Array | Int32Array, from: number, to: number, target: Float64Array, at: number): void {
  if (from === 0 && to === source.length) target.set(source, at)
  else for (let i = from; i < to; i++) target[at + i - from] = source[i] as number
}

function hasSameBits(a: number, b: number): boolean {
  const bits = new Uint32Array(Float64Array.of(a, b).buffer)
  return bits[0] === bits[2] && bits[1] === bits[3]
}
