import { failure, LruMap, ok, type Result } from '@signalbox/base'
import { crc32 } from '../codec/crc32.ts'
import { COLUMN_LENGTH_MAX, decodeValues } from '../codec/value-codec.ts'
import type { Disk } from '../ports.ts'
import { BLOCK_MAGIC, blockRange, CHUNK_BYTES, FOOTER_BYTES, INDEX_BYTES_MAX, indexLayout, type TimeRange } from './block-format.ts'
import { BlockIndex } from './block-index.ts'
import type { EncodedColumn } from './block-writer.ts'
import type { ColumnRow } from './index-builder.ts'
import { readRanges } from './range-reader.ts'

/** Decoded columns of timestamps that are kept, 3.8 KiB each. */
const COLUMNS_KEPT = 256

/** Why a file is not used as a block. */
export interface BlockDamage {
  readonly code: 'unreadable' | 'name' | 'footer' | 'checksum' | 'content'
}

/** One chunk of a series as it stands in the file. */
export interface BlockChunk {
  readonly column: number
  readonly bytes: Uint8Array
}

/** Samples of one series of a block, ascending by time. */
export interface BlockSamples {
  readonly series: number
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
}

/** All that another thread needs to read a block, as plain values: its index in shared memory, and what the footer says. */
export interface SharedBlock {
  readonly name: string
  /** Of the file. */
  readonly bytes: number
  readonly footer: Footer
  readonly index: Uint8Array
}

interface ChunkRow {
  readonly series: number
  readonly offset: number
  readonly length: number
  readonly crc: number
  readonly column: number
}

/**
 * One block file, open for reading. The index is in memory; chunks are read as they are asked for and checked each time. What cannot be
 * read or does not fit its checksum is left out of the answer and counted in `damaged`. It holds nothing that must be closed, so that several
 * threads may each have their own over the same file.
 */
export class Block {
  readonly name: string
  readonly range: TimeRange
  /** Of the file. */
  readonly bytes: number
  readonly index: BlockIndex
  readonly #disk: Disk
  readonly #footer: Footer
  readonly #indexBytes: Uint8Array
  readonly #columns = new LruMap<number, Float64Array>(COLUMNS_KEPT)
  #damaged = 0

  private constructor(
    file: { readonly disk: Disk; readonly name: string; readonly range: TimeRange; readonly bytes: number },
    footer: Footer,
    { bytes, index }: { readonly bytes: Uint8Array; readonly index: BlockIndex },
  ) {
    this.#disk = file.disk
    this.name = file.name
    this.range = file.range
    this.bytes = file.bytes
    this.index = index
    this.#footer = footer
    this.#indexBytes = bytes
  }

  static open(disk: Disk, name: string): Result<Block, BlockDamage> {
    const range = blockRange(name)
    if (range === undefined) return failure({ code: 'name' })
    const size = disk.size(name)
    if (!size.ok) return failure({ code: 'unreadable' })
    if (size.value < FOOTER_BYTES + BLOCK_MAGIC.length) return failure({ code: 'footer' })
    const read = disk.read(name, size.value - FOOTER_BYTES, FOOTER_BYTES)
    if (!read.ok || read.value.length < FOOTER_BYTES) return failure({ code: 'unreadable' })
    const footer = footerOf(read.value, size.value)
    if (footer === undefined) return failure({ code: 'footer' })
    const bytes = disk.read(name, footer.indexOffset, footer.indexLength)
    const chunks = disk.read(name, footer.chunksOffset, footer.chunks * CHUNK_BYTES)
    if (!bytes.ok || !chunks.ok || bytes.value.length < footer.indexLength) return failure({ code: 'unreadable' })
    if (crc32(bytes.value) !== footer.indexCrc || crc32(chunks.value) !== footer.chunksCrc) return failure({ code: 'checksum' })
    const shared = new Uint8Array(new SharedArrayBuffer(footer.indexLength))
    shared.set(bytes.value)
    return Block.of(disk, { name, bytes: size.value, footer, index: shared })
  }

  /** A block that another thread has opened. */
  static of(disk: Disk, { name, bytes, footer, index: indexBytes }: SharedBlock): Result<Block, BlockDamage> {
    const range = blockRange(name)
    if (range === undefined) return failure({ code: 'name' })
    const index = BlockIndex.of(indexBytes, footer, footer.chunks)
    if (index === undefined) return failure({ code: 'content' })
    return ok(new Block({ disk, name, range, bytes }, footer, { bytes: indexBytes, index }))
  }

  /** For other threads: to be given to `of` there. */
  share(): SharedBlock {
    return { name: this.name, bytes: this.bytes, footer: this.#footer, index: this.#indexBytes }
  }

  /** Columns and chunks that could not be read, since it was opened. */
  get damaged(): number {
    return this.#damaged
  }

  /** The samples of some series, ascending, with `startMs <= time <= endMs`; a series without any is left out. */
  read(series: ArrayLike<number>, startMs: number, endMs: number, onSamples: (samples: BlockSamples) => void): void {
    const rows = this.#rows(series).filter(({ column }) => this.#overlaps(column, startMs, endMs))
    let parts: { timestampsMs: Float64Array; values: Float64Array }[] = []
    let current = -1
    const flush = (): void => {
      if (parts.length > 0) onSamples({ series: current, ...joined(parts) })
      parts = []
    }
    readRanges(this.#disk, this.name, rows, (i, bytes) => {
      const row = rows[i] as ChunkRow
      if (row.series !== current) flush()
      current = row.series
      const part = this.#clipped(row, bytes, startMs, endMs)
      if (part !== undefined) parts.push(part)
    })
    flush()
  }

  /** Those of `series` that have a chunk which overlaps the range. */
  withSamples(series: ArrayLike<number>, startMs: number, endMs: number): readonly number[] {
    if (startMs <= this.range.startMs && endMs >= this.range.endMs) return Array.from(series)
    const found = new Set<number>()
    for (const row of this.#rows(series)) if (this.#overlaps(row.column, startMs, endMs)) found.add(row.series)
    return [...found]
  }

  /** The chunks of some series, ascending, as they are. */
  chunks(series: ArrayLike<number>, onChunk: (series: number, chunk: BlockChunk) => void): void {
    const rows = this.#rows(series)
    readRanges(this.#disk, this.name, rows, (i, bytes) => {
      const { series: owner, column, crc } = rows[i] as ChunkRow
      if (bytes === undefined || crc32(bytes) !== crc) this.#damaged += 1
      else onChunk(owner, { column, bytes })
    })
  }

  /** A column as it is; undefined when it cannot be read. */
  encodedColumn(column: number): EncodedColumn | undefined {
    const row = this.index.column(column)
    const read = row === undefined ? undefined : this.#disk.read(this.name, row.offset, row.length)
    if (row === undefined || read?.ok !== true || read.value.length < row.length || crc32(read.value) !== row.crc) {
      this.#damaged += 1
      return undefined
    }
    return { firstMs: row.firstMs, lastMs: row.lastMs, samples: row.samples, bytes: read.value }
  }

  #overlaps(column: number, startMs: number, endMs: number): boolean {
    const row: ColumnRow | undefined = this.index.column(column)
    return row !== undefined && row.firstMs <= endMs && row.lastMs >= startMs
  }

  /** In the order of series and time, which is that of offsets. */
  #rows(series: ArrayLike<number>): readonly ChunkRow[] {
    const spans = Array.from(series, (one) => ({ series: one, ...this.index.chunksOf(one) }))
    const ranges = spans.map(({ from, to }) => ({ offset: this.#footer.chunksOffset + from * CHUNK_BYTES, length: (to - from) * CHUNK_BYTES }))
    const rows: ChunkRow[] = []
    readRanges(this.#disk, this.name, ranges, (i, bytes) => {
      if (bytes === undefined) {
        this.#damaged += 1
        return
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        rows.push({
          series: (spans[i] as { series: number }).series,
          offset: view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32,
          length: view.getUint32(at + 8, true),
          crc: view.getUint32(at + 12, true),
          column: view.getUint32(at + 16, true),
        })
      }
    })
    return rows
  }

  #clipped(
    row: ChunkRow,
    bytes: Uint8Array | undefined,
    startMs: number,
    endMs: number,
  ): { timestampsMs: Float64Array; values: Float64Array } | undefined {
    const timestampsMs = this.#timestamps(row.column)
    if (timestampsMs === undefined) return undefined
    const values = new Float64Array(timestampsMs.length)
    const isSound = bytes !== undefined && crc32(bytes) === row.crc && decodeValues({ bytes, at: 0, end: bytes.length }, values.length, values, 0)
    if (!isSound) {
      this.#damaged += 1
      return undefined
    }
    let from = 0
    let to = timestampsMs.length
    while (from < to && (timestampsMs[from] as number) < startMs) from += 1
    while (to > from && (timestampsMs[to - 1] as number) > endMs) to -= 1
    return from === to ? undefined : { timestampsMs: timestampsMs.subarray(from, to), values: values.subarray(from, to) }
  }

  #timestamps(column: number): Float64Array | undefined {
    const known = this.#columns.get(column)
    if (known !== undefined) return known
    const encoded = this.encodedColumn(column)
    if (encoded === undefined || encoded.samples > COLUMN_LENGTH_MAX) return undefined
    const timestampsMs = new Float64Array(encoded.samples)
    if (!decodeValues({ bytes: encoded.bytes, at: 0, end: encoded.bytes.length }, encoded.samples, timestampsMs, 0)) {
      this.#damaged += 1
      return undefined
    }
    this.#columns.set(column, timestampsMs)
    return timestampsMs
  }
}

function joined(parts: readonly { timestampsMs: Float64Array; values: Float64Array }[]): { timestampsMs: Float64Array; values: Float64Array } {
  let length = 0
  for (const { values } of parts) length += values.length
  const timestampsMs = new Float64Array(length)
  const values = new Float64Array(length)
  let at = 0
  for (const part of parts) {
    timestampsMs.set(part.timestampsMs, at)
    values.set(part.values, at)
    at += part.values.length
  }
  return { timestampsMs, values }
}

interface Footer {
  readonly indexOffset: number
  readonly indexLength: number
  readonly chunksOffset: number
  readonly symbols: number
  readonly symbolBytes: number
  readonly pairs: number
  readonly postings: number
  readonly series: number
  readonly columns: number
  readonly chunks: number
  readonly indexCrc: number
  readonly chunksCrc: number
}

/** Undefined: damaged, or of a file of another length. */
function footerOf(bytes: Uint8Array, fileBytes: number): Footer | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FOOTER_BYTES)
  if (view.getUint32(60, true) !== crc32(bytes, 0, 0, 60)) return undefined
  const footer: Footer = {
    indexOffset: view.getFloat64(0, true),
    indexLength: view.getFloat64(8, true),
    chunksOffset: view.getFloat64(16, true),
    symbols: view.getUint32(24, true),
    symbolBytes: view.getUint32(28, true),
    pairs: view.getUint32(32, true),
    postings: view.getUint32(36, true),
    series: view.getUint32(40, true),
    columns: view.getUint32(44, true),
    chunks: view.getUint32(48, true),
    indexCrc: view.getUint32(52, true),
    chunksCrc: view.getUint32(56, true),
  }
  const isSound =
    footer.indexLength === indexLayout(footer).end &&
    footer.indexLength <= INDEX_BYTES_MAX &&
    footer.chunksOffset === footer.indexOffset + footer.indexLength &&
    footer.chunksOffset + footer.chunks * CHUNK_BYTES + FOOTER_BYTES === fileBytes
  return isSound ? footer : undefined
}
