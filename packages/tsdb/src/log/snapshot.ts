import { failure, ok, type Result } from '@signalbox/base'
import { ByteReader } from '../codec/byte-reader.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import { decodeValues, encodedBytesMax, encodeValues } from '../codec/value-codec.ts'
import type { Head } from '../head.ts'
import type { Disk, DiskError, DiskFile } from '../ports.ts'
import { CHUNK_SAMPLES } from '../samples/chunk-memory.ts'
import {
  beginFrame,
  endFrame,
  FRAME_COLUMNS,
  FRAME_END,
  FRAME_SAMPLES,
  FRAME_SERIES,
  type FrameDamage,
  readFrames,
  SNAPSHOT,
  writeFileHeader,
} from './frame.ts'
import { readSeries, type SeriesRecord, writeSeries } from './records.ts'

/** Series of one frame: with the longest labels there are they stay far below the limit of a frame. */
const FRAME_SERIES_COUNT = 64
/** Between two yields, some 20 ms of work. */
const STEP_SERIES = 2048

export function snapshotName(number: number): string {
  return `${String(number).padStart(8, '0')}.snapshot`
}

/**
 * Writes all that `head` holds to an empty file, yielding between steps; samples may be appended meanwhile, nothing may be truncated.
 * At the end the file is synced; it is closed whatever happens, unless the generator is not run to its end.
 */
export function* writeSnapshot(head: Head, file: DiskFile, number: number): Generator<undefined, Result<void, DiskError>, undefined> {
  const writer = new SnapshotWriter(head, number)
  const refs = [...head.index.refs()]
  let outcome: Result<void, DiskError> = ok(undefined)
  for (let from = 0; from < refs.length && outcome.ok; from += STEP_SERIES) {
    writer.writeStep(refs.slice(from, from + STEP_SERIES))
    outcome = file.write(writer.take())
    yield
  }
  if (outcome.ok) {
    writer.writeEnd()
    outcome = file.write(writer.take())
  }
  if (outcome.ok) outcome = file.sync()
  file.close()
  return outcome
}

class SnapshotWriter {
  readonly #head: Head
  readonly #out = new ByteWriter(1024 * 1024)
  readonly #seed: number
  /** (column of the head, samples) -> number in this file. Only during a step: between two the head may give a column out again. */
  readonly #columns = new Map<string, number>()
  readonly #scratch = new Uint8Array(encodedBytesMax(CHUNK_SAMPLES))
  readonly #columnFrame = new ByteWriter()
  #newColumns = 0
  #nextColumn = 1
  #series = 0
  #samples = 0

  constructor(head: Head, number: number) {
    this.#head = head
    this.#seed = writeFileHeader(this.#out, SNAPSHOT, number)
  }

  /** What was written since it was asked last. */
  take(): Uint8Array {
    const bytes = this.#out.bytes.slice()
    this.#out.clear()
    return bytes
  }

  writeStep(refs: readonly number[]): void {
    this.#columns.clear()
    for (let from = 0; from < refs.length; from += FRAME_SERIES_COUNT) this.#writeSome(refs.slice(from, from + FRAME_SERIES_COUNT))
  }

  writeEnd(): void {
    const start = beginFrame(this.#out, FRAME_END)
    this.#out.f64(this.#head.floorMs)
    this.#out.varint(this.#series)
    this.#out.varint(this.#samples)
    endFrame(this.#out, start, this.#seed)
  }

  #writeSome(refs: readonly number[]): void {
    const { index } = this.#head
    const series: SeriesRecord[] = refs.filter((ref) => index.has(ref)).map((ref) => ({ ref, labels: index.labelsOf(ref) }))
    this.#frame(FRAME_SERIES, (out) => writeSeries(out, series))
    this.#columnFrame.clear()
    this.#newColumns = 0
    const samples = new ByteWriter(64 * 1024)
    for (const { ref } of series) this.#writeSamples(samples, ref)
    this.#frame(FRAME_COLUMNS, (out) => {
      out.varint(this.#newColumns)
      out.raw(this.#columnFrame.bytes)
    })
    this.#frame(FRAME_SAMPLES, (out) => {
      out.varint(series.length)
      out.raw(samples.bytes)
    })
    this.#series += series.length
  }

  #writeSamples(out: ByteWriter, ref: number): void {
    const { samples } = this.#head
    const sealed = samples.sealedOf(ref)
    const open = samples.openOf(ref)
    out.varint(ref)
    out.varint(sealed.length + (open === undefined ? 0 : 1))
    for (const { column, bytes } of sealed) this.#writeChunk(out, { column, samples: CHUNK_SAMPLES, bytes })
    if (open === undefined) return
    const end = encodeValues(open.values, open.values.length, this.#scratch, 0)
    this.#writeChunk(out, { column: open.column, samples: open.values.length, bytes: this.#scratch.slice(0, end) })
  }

  #writeChunk(out: ByteWriter, chunk: { readonly column: number; readonly samples: number; readonly bytes: Uint8Array }): void {
    out.varint(this.#columnNumber(chunk.column, chunk.samples))
    out.varint(chunk.samples)
    out.varint(chunk.bytes.length)
    out.raw(chunk.bytes)
    this.#samples += chunk.samples
  }

  #columnNumber(column: number, samples: number): number {
    const key = `${column}:${samples}`
    const known = this.#columns.get(key)
    if (known !== undefined) return known
    const number = this.#nextColumn++
    this.#columns.set(key, number)
    this.#newColumns += 1
    const end = encodeValues(this.#head.samples.timestampsOf(column), samples, this.#scratch, 0)
    this.#columnFrame.varint(number)
    this.#columnFrame.varint(samples)
    this.#columnFrame.varint(end)
    this.#columnFrame.raw(this.#scratch.subarray(0, end))
    return number
  }

  #frame(type: number, write: (out: ByteWriter) => void): void {
    const start = beginFrame(this.#out, type)
    write(this.#out)
    endFrame(this.#out, start, this.#seed)
  }
}

/** Reads a snapshot into an empty head. After a failure the head holds some of it: take another. */
export function readSnapshot(disk: Disk, number: number, head: Head): Result<void, FrameDamage> {
  const reader = new SnapshotReader(head)
  const damage = readFrames(disk, { name: snapshotName(number), kind: SNAPSHOT, number }, (type, bytes) => reader.read(type, bytes))
  if (damage !== undefined) return failure(damage)
  return reader.isWhole ? ok(undefined) : failure({ code: 'cut-short', offset: 0 })
}

interface RestoredColumn {
  readonly timestampsMs: Float64Array
  /** In the head; 0 before its first use there. */
  inHead: number
}

class SnapshotReader {
  readonly #head: Head
  readonly #columns = new Map<number, RestoredColumn>()
  readonly #values = new Float64Array(CHUNK_SAMPLES)
  #series = 0
  #samples = 0
  #isWhole = false

  constructor(head: Head) {
    this.#head = head
  }

  /** Whether the end frame was there, and right. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** False: the frame is not what a snapshot holds here. */
  read(type: number, bytes: Uint8Array): boolean {
    if (this.#isWhole) return false
    switch (type) {
      case FRAME_SERIES:
        return this.#readSeries(bytes)
      case FRAME_COLUMNS:
        return this.#readColumns(new ByteReader(bytes))
      case FRAME_SAMPLES:
        return this.#readSamples(new ByteReader(bytes))
      case FRAME_END:
        return this.#readEnd(new ByteReader(bytes))
      default:
        return false
    }
  }

  #readSeries(bytes: Uint8Array): boolean {
    const series = readSeries(bytes)
    if (series === undefined) return false
    this.#series += series.length
    // One that the head refuses, at a limit that is lower now, is left out with its samples.
    for (const { ref, labels } of series) this.#head.restoreSeries(ref, labels)
    return true
  }

  #readColumns(reader: ByteReader): boolean {
    const count = reader.count(3)
    for (let i = 0; i < count; i++) {
      const number = reader.varint()
      const samples = reader.varint()
      const bytes = reader.raw(reader.varint())
      if (samples < 1 || samples > CHUNK_SAMPLES) return false
      const timestampsMs = new Float64Array(samples)
      if (!decodeValues({ bytes, at: 0, end: bytes.length }, samples, timestampsMs, 0) || !ascends(timestampsMs)) return false
      this.#columns.set(number, { timestampsMs, inHead: 0 })
    }
    return reader.sound && reader.left === 0
  }

  #readSamples(reader: ByteReader): boolean {
    const series = reader.count(2)
    for (let i = 0; i < series; i++) {
      const ref = reader.varint()
      const chunks = reader.count(3)
      for (let k = 0; k < chunks; k++) {
        const column = this.#columns.get(reader.varint())
        const samples = reader.varint()
        const bytes = reader.raw(reader.varint())
        if (column === undefined || samples !== column.timestampsMs.length || !this.#restore(ref, column, bytes)) return false
        this.#samples += samples
      }
    }
    return reader.sound && reader.left === 0
  }

  #restore(ref: number, column: RestoredColumn, bytes: Uint8Array): boolean {
    const head = this.#head
    if (!head.index.has(ref)) return true
    const { timestampsMs } = column
    const length = timestampsMs.length
    const values = this.#values
    const isSound = decodeValues({ bytes, at: 0, end: bytes.length }, length, values, 0)
    if (!isSound || head.samples.newestMs(ref) >= (timestampsMs[0] as number)) return false
    if (length === CHUNK_SAMPLES && head.samples.openOf(ref) === undefined) {
      column.inHead = head.samples.restore(ref, { column: column.inHead, timestampsMs, bytes })
      head.restored(timestampsMs[CHUNK_SAMPLES - 1] as number)
    } else {
      for (let i = 0; i < length; i++) head.place(ref, timestampsMs[i] as number, values[i] as number)
    }
    return true
  }

  #readEnd(reader: ByteReader): boolean {
    const floorMs = reader.f64()
    const isRight = reader.varint() === this.#series && reader.varint() === this.#samples
    if (!reader.sound || reader.left > 0 || !isRight || Number.isNaN(floorMs)) return false
    this.#head.restoreFloor(floorMs)
    this.#isWhole = true
    return true
  }
}

function ascends(timestampsMs: Float64Array): boolean {
  for (let i = 0; i < timestampsMs.length; i++) {
    if (!Number.isFinite(timestampsMs[i]) || (i > 0 && (timestampsMs[i] as number) <= (timestampsMs[i - 1] as number))) return false
  }
  return true
}
