import { failure, ok, type Result } from '@signalbox/base'
import { ByteWriter } from '../codec/byte-writer.ts'
import type { Disk, DiskError, DiskFile } from '../ports.ts'
import { beginFrame, endFrame, FRAME_BYTES_MAX, FRAME_SCRAPE, FRAME_SERIES, reseedFrames, SEGMENT, writeFileHeader } from './frame.ts'
import { type SampleColumns, type SeriesRecord, writeScrape, writeSeries } from './records.ts'

const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
/** Kept for writing them again when a sync fails; about a hundred times what a second brings. */
const UNSYNCED_BYTES_MAX = 16 * 1024 * 1024
/** So that no frame comes near FRAME_BYTES_MAX: 9 bytes a value, up to 11 more for a timestamp of its own. */
const FRAME_SAMPLES_MAX = Math.floor(FRAME_BYTES_MAX / 32)
const FRAME_SERIES_MAX = 64
/** UTF-16 code units of names and values of one series: 64 of them, three bytes each, fit a frame. */
export const LABELS_LENGTH_MAX = 64 * 1024

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.wal`
}

/**
 * The end of the log: the segment that is written. `append` writes at once and returns when the system has it; `sync` makes it durable. After
 * a failure of either that it cannot make good, it writes nothing more until `begin` opens a new segment.
 */
export class WriteAheadLog {
  readonly #disk: Disk
  readonly #frames = new ByteWriter(64 * 1024)
  /** Frames written since the last sync that succeeded. */
  readonly #unsynced = new ByteWriter(64 * 1024)
  #file: DiskFile | undefined
  #seed = 0
  #number: number
  /** Of the segment that is written. */
  #bytes = 0
  #writtenBytes = 0
  #isDirty = false

  /** `number` is above that of every file there is. Writes nothing before `begin`. */
  constructor(disk: Disk, number: number) {
    this.#disk = disk
    this.#number = number - 1
  }

  /** Of the segment that is written, or was last. */
  get number(): number {
    return this.#number
  }

  get isOpen(): boolean {
    return this.#file !== undefined
  }

  /** Written since the start, in all segments. */
  get writtenBytes(): number {
    return this.#writtenBytes
  }

  /** Begins a new segment, the former one synced. What could not be synced is written again here, and synced. */
  begin(): Result<void, DiskError> {
    if (this.#file !== undefined && (!this.#isDirty || this.#file.sync().ok)) this.#unsynced.clear()
    this.#drop()
    this.#number += 1
    const created = this.#disk.create(segmentName(this.#number))
    if (!created.ok) return created
    const file = created.value
    const written = this.#beginFile(file)
    if (!written.ok) {
      file.close()
      // Each attempt has a name of its own; a disk that is full would fill with them.
      this.#disk.remove(segmentName(this.#number))
      return written
    }
    this.#unsynced.clear()
    this.#file = file
    return written
  }

  /** One write of new series and the samples of a scrape. A failure leaves the log closed. */
  append(series: readonly SeriesRecord[], samples: SampleColumns): Result<void, DiskError> {
    if (this.#bytes > SEGMENT_BYTES_MAX) {
      const begun = this.begin()
      if (!begun.ok) return begun
    }
    const file = this.#file
    if (file === undefined) return failure({ code: 'io', message: 'the log is closed after a failure' })
    this.#encode(series, samples)
    const bytes = this.#frames.bytes
    if (bytes.length === 0) return ok(undefined)
    const written = file.write(bytes)
    if (!written.ok) {
      // The segment may end within a frame now, and nothing after that would be read.
      this.#drop()
      return written
    }
    this.#bytes += bytes.length
    this.#writtenBytes += bytes.length
    this.#isDirty = true
    this.#unsynced.raw(bytes)
    return this.#unsynced.length > UNSYNCED_BYTES_MAX ? this.sync() : ok(undefined)
  }

  /** Everything appended is durable afterwards. Where this segment cannot be synced, a new one takes what it may have lost. */
  sync(): Result<void, DiskError> {
    const file = this.#file
    if (file === undefined || !this.#isDirty) return ok(undefined)
    if (!file.sync().ok) {
      this.#drop()
      return this.begin()
    }
    this.#unsynced.clear()
    this.#isDirty = false
    return ok(undefined)
  }

  close(): Result<void, DiskError> {
    const synced = this.sync()
    this.#drop()
    return synced
  }

  #drop(): void {
    this.#file?.close()
    this.#file = undefined
  }

  #beginFile(file: DiskFile): Result<void, DiskError> {
    const start = new ByteWriter(64 + this.#unsynced.length)
    this.#seed = writeFileHeader(start, SEGMENT, this.#number)
    reseedFrames(this.#unsynced.bytes, this.#seed)
    start.raw(this.#unsynced.bytes)
    const written = file.write(start.bytes)
    if (!written.ok) return written
    this.#bytes = start.length
    this.#writtenBytes += start.length
    this.#isDirty = true
    // The name must be durable before anything in the file is said to be.
    const named = this.#disk.syncFolder()
    if (!named.ok || this.#unsynced.length === 0) return named
    this.#isDirty = false
    return file.sync()
  }

  #encode(series: readonly SeriesRecord[], samples: SampleColumns): void {
    this.#frames.clear()
    for (let from = 0; from < series.length; from += FRAME_SERIES_MAX) {
      const start = beginFrame(this.#frames, FRAME_SERIES)
      writeSeries(this.#frames, series.slice(from, from + FRAME_SERIES_MAX))
      endFrame(this.#frames, start, this.#seed)
    }
    for (let from = 0; from < samples.length; from += FRAME_SAMPLES_MAX) {
      const start = beginFrame(this.#frames, FRAME_SCRAPE)
      writeScrape(this.#frames, samples, from, Math.min(from + FRAME_SAMPLES_MAX, samples.length))
      endFrame(this.#frames, start, this.#seed)
    }
  }
}
