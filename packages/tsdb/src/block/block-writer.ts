import { assert, type Labels, ok, type Result } from '@signalbox/base'
import { ByteWriter } from '../codec/byte-writer.ts'
import { crc32 } from '../codec/crc32.ts'
import { COLUMN_LENGTH_MAX, encodedBytesMax, encodeValues } from '../codec/value-codec.ts'
import type { DiskError, DiskFile } from '../ports.ts'
import { BLOCK_MAGIC, compareLabels } from './block-format.ts'
import { IndexBuilder } from './index-builder.ts'

/** Data is written in pieces of about this size. */
const WRITE_BYTES = 1024 * 1024

/** An encoded column of a block that is copied as it is. */
export interface EncodedColumn {
  readonly firstMs: number
  readonly lastMs: number
  readonly samples: number
  readonly bytes: Uint8Array
}

/**
 * Writes a block from front to back: columns and chunks as they come, then the index. Series come in the order of `compareLabels`, each
 * with its chunks after it, ascending by time; a column comes before the first chunk on it. A disk that fails is only told of by
 * `finish`; until then everything is taken.
 */
export class BlockWriter {
  readonly #file: DiskFile
  readonly #buffer = new ByteWriter(WRITE_BYTES + 64 * 1024)
  readonly #index = new IndexBuilder()
  readonly #chunks = new ByteWriter(64 * 1024)
  readonly #scratch = new Uint8Array(encodedBytesMax(COLUMN_LENGTH_MAX))
  #chunkCount = 0
  #written = 0
  #last: Labels | undefined
  #outcome: Result<void, DiskError> = ok(undefined)

  /** `file` is empty. */
  constructor(file: DiskFile) {
    this.#file = file
    for (let i = 0; i < BLOCK_MAGIC.length; i++) this.#buffer.u8(BLOCK_MAGIC.charCodeAt(i))
  }

  get isEmpty(): boolean {
    return this.#chunkCount === 0
  }

  /** Bytes so far, without the index. */
  get bytes(): number {
    return this.#written + this.#buffer.length
  }

  /** The column of `timestampsMs[0..n)`; answers its number. */
  addColumn(timestampsMs: Float64Array, n: number): number {
    const end = encodeValues(timestampsMs, n, this.#scratch, 0)
    const bytes = this.#scratch.subarray(0, end)
    return this.copyColumn({ firstMs: timestampsMs[0] as number, lastMs: timestampsMs[n - 1] as number, samples: n, bytes })
  }

  copyColumn({ firstMs, lastMs, samples, bytes }: EncodedColumn): number {
    const offset = this.bytes
    this.#put(bytes)
    return this.#index.addColumn({ firstMs, lastMs, offset, length: bytes.length, samples, crc: crc32(bytes) })
  }

  beginSeries(labels: Labels): void {
    assert(this.#last === undefined || compareLabels(this.#last, labels) < 0, 'series of a block ascend')
    this.#last = labels
    this.#index.addSeries(labels, this.#chunkCount)
  }

  /** As many `values` as the column has timestamps. */
  addChunk(column: number, values: Float64Array): void {
    const end = encodeValues(values, this.#index.columnAt(column).samples, this.#scratch, 0)
    this.copyChunk(column, this.#scratch.subarray(0, end))
  }

  copyChunk(column: number, bytes: Uint8Array): void {
    const offset = this.bytes
    this.#chunks.u32(offset % 2 ** 32)
    this.#chunks.u32(Math.floor(offset / 2 ** 32))
    this.#chunks.u32(bytes.length)
    this.#chunks.u32(crc32(bytes))
    this.#chunks.u32(column)
    this.#chunkCount += 1
    this.#put(bytes)
  }

  /** Writes index and footer, and syncs. The file is closed whatever happens. */
  finish(): Result<void, DiskError> {
    this.#buffer.align(8)
    this.#flush()
    const indexOffset = this.#written
    const { bytes, counts } = this.#index.build(this.#chunkCount)
    const footer = new ByteWriter(64)
    footer.f64(indexOffset)
    footer.f64(bytes.length)
    footer.f64(indexOffset + bytes.length)
    for (const count of [counts.symbols, counts.symbolBytes, counts.pairs, counts.postings, counts.series, counts.columns]) footer.u32(count)
    footer.u32(this.#chunkCount)
    footer.u32(crc32(bytes))
    footer.u32(crc32(this.#chunks.bytes))
    footer.u32(crc32(footer.bytes))
    this.#write(bytes)
    this.#write(this.#chunks.bytes)
    this.#write(footer.bytes)
    if (this.#outcome.ok) this.#outcome = this.#file.sync()
    this.#file.close()
    return this.#outcome
  }

  /** Ends without a block. */
  abandon(): void {
    this.#file.close()
  }

  #put(bytes: Uint8Array): void {
    this.#buffer.raw(bytes)
    if (this.#buffer.length >= WRITE_BYTES) this.#flush()
  }

  #flush(): void {
    this.#write(this.#buffer.bytes)
    this.#buffer.clear()
  }

  #write(bytes: Uint8Array): void {
    this.#written += bytes.length
    if (this.#outcome.ok && bytes.length > 0) this.#outcome = this.#file.write(bytes)
  }
}
