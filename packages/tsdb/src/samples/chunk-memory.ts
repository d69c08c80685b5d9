import { BufferList } from './buffer-list.ts'

/** Samples in a sealed chunk, and room in an open one. SOURCE: Prometheus tsdb/head_append.go aims at 120 samples a chunk. */
export const CHUNK_SAMPLES = 120

/** Columns of timestamps of one buffer: 60 KiB. */
export const PAGE_COLUMNS = 64
/** Rows of open chunks of one buffer: 60 KiB. */
export const SLAB_ROWS = 64
/** Entries of one buffer of the chunk table: 96 KiB. */
export const PAGE_CHUNKS = 4096
/** Numbers of one entry. */
export const CHUNK_FIELDS = 3
/** Encoded bytes of one buffer: 256 KiB. */
export const SLAB_BYTES = 1 << 18

const AREAS = ['rows', 'timestamps', 'chunks', 'bytes'] as const

/** 'rows': values of open chunks. 'timestamps': columns of them. 'chunks': where sealed chunks are. 'bytes': what they are. */
type Area = (typeof AREAS)[number]

/** A buffer that came, or at undefined went. */
export interface BufferChange {
  readonly area: Area
  readonly index: number
  readonly buffer: SharedArrayBuffer | undefined
}

/**
 * Where the samples of a head lie: shared memory that one thread writes and any number read.
 *
 *     rows        row r from 1:      120 values f64 of an open chunk
 *     timestamps  column c from 1:   120 timestamps f64, of chunks open or sealed
 *     chunks      chunk n from 1:    | previous chunk f64 | column * 4096 + length f64 | place f64 |
 *     bytes       place p:           an encoded chunk, never over the end of a slab
 *
 * Whatever a reader was told of is not changed while it may look at it: rows and columns grow at their ends, and numbers are given out
 * again only after every reader has gone on (`GraceQueue`).
 */
export class ChunkMemory {
  readonly rows = new BufferList((buffer) => new Float64Array(buffer))
  readonly timestamps = new BufferList((buffer) => new Float64Array(buffer))
  readonly chunks = new BufferList((buffer) => new Float64Array(buffer))
  readonly bytes = new BufferList((buffer) => new Uint8Array(buffer))

  /** Tells `listener` of each change from now on; undefined ends it. */
  listen(listener: ((change: BufferChange) => void) | undefined): void {
    for (const area of AREAS) this[area].onChange = listener && ((index, buffer) => listener({ area, index, buffer }))
  }

  apply({ area, index, buffer }: BufferChange): void {
    if (buffer === undefined) this[area].drop(index)
    else this[area].set(index, buffer)
  }

  /** All of it, as changes from nothing. */
  all(): BufferChange[] {
    return AREAS.flatMap((area) => Array.from(this[area].entries(), ([index, buffer]) => ({ area, index, buffer })))
  }

  /** The buffer of a row's values; they begin at `rowOffset`. */
  rowOf(row: number): Float64Array {
    return this.rows.at((row - 1) >>> 6)
  }

  rowOffset(row: number): number {
    return ((row - 1) & (SLAB_ROWS - 1)) * CHUNK_SAMPLES
  }

  /** The buffer of a column's timestamps; they begin at `columnOffset`. */
  columnPage(column: number): Float64Array {
    return this.timestamps.at((column - 1) >>> 6)
  }

  columnOffset(column: number): number {
    return ((column - 1) & (PAGE_COLUMNS - 1)) * CHUNK_SAMPLES
  }

  /** 0: it is the oldest. */
  previousOf(chunk: number): number {
    return this.chunks.at(chunk >>> 12)[chunkOffset(chunk)] as number
  }

  columnOf(chunk: number): number {
    return Math.floor((this.chunks.at(chunk >>> 12)[chunkOffset(chunk) + 1] as number) / 4096)
  }

  /** Of the encoded bytes. */
  lengthOf(chunk: number): number {
    return (this.chunks.at(chunk >>> 12)[chunkOffset(chunk) + 1] as number) % 4096
  }

  placeOf(chunk: number): number {
    return this.chunks.at(chunk >>> 12)[chunkOffset(chunk) + 2] as number
  }

  /** The slab of a place; the string begins at `place % SLAB_BYTES`. */
  slabOf(place: number): Uint8Array {
    return this.bytes.at(Math.floor(place / SLAB_BYTES))
  }
}

/** Of an entry within its buffer. */
export function chunkOffset(chunk: number): number {
  return (chunk & (PAGE_CHUNKS - 1)) * CHUNK_FIELDS
}
