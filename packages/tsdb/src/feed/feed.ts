import type { BlockSet } from '../block/block-set.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import type { Head } from '../head.ts'
import { writeSeries } from '../log/records.ts'
import type { BufferChange } from '../samples/chunk-memory.ts'
import { SampleJournal } from '../samples/sample-journal.ts'
import type { CommitMessage, LateColumns, PlaceColumns, ReaderPort } from './feed-message.ts'
import type { ReaderSet } from './reader-set.ts'

/** Series whose labels a newcomer is told in one step, some 5 ms of work. */
const STEP_SERIES = 4096

/** Rows, columns and chunks kept for slow readers, of up to a kilobyte each; beyond it the slowest are given up. */
const GONE_ITEMS_MAX = 500_000

interface Newcomer {
  readonly port: ReaderPort
  /** Labels of series before it were sent. */
  nextRef: number
}

/** Tells the readers of a head and its blocks what changed. Without readers it writes nothing down. */
export class Feed {
  readonly #readers: ReaderSet
  readonly #head: Head
  readonly #blocks: BlockSet
  readonly #journal = new SampleJournal()
  #newcomers: Newcomer[] = []
  #buffers: BufferChange[] = []
  /** Labels of series before it are known to all readers. */
  #nextRef = 0
  #floorMs = -Infinity
  #blocksRevision = -1
  #mark = 0

  constructor(parts: { readonly readers: ReaderSet; readonly head: Head; readonly blocks: BlockSet }) {
    this.#readers = parts.readers
    this.#head = parts.head
    this.#blocks = parts.blocks
  }

  add(port: ReaderPort): void {
    this.#newcomers.push({ port, nextRef: 0 })
  }

  remove(port: ReaderPort): void {
    this.#newcomers = this.#newcomers.filter((one) => one.port !== port)
    this.#readers.remove(port)
    this.#settle()
  }

  /** One bounded step towards what newcomers must know; answers whether there is more to do. */
  step(): boolean {
    const [newcomer] = this.#newcomers
    if (newcomer === undefined) return false
    const series = this.#seriesFrom(newcomer.nextRef, STEP_SERIES)
    if (series.count > 0) {
      newcomer.nextRef = series.nextRef
      newcomer.port.publish({ kind: 'series', series: series.bytes })
      return true
    }
    this.#newcomers.shift()
    this.#begin(newcomer.port)
    return this.#newcomers.length > 0
  }

  publish(mark: number): void {
    if (!this.#readers.isEmpty && this.#hasChanges(mark)) {
      this.#readers.publish(this.#changes(mark))
      if (this.#head.samples.goneItems > GONE_ITEMS_MAX) this.#readers.dropSlowest()
    }
    this.#mark = mark
    this.#settle()
  }

  /** Everything up to now is published to those who read already; the newcomer gets all of it. */
  #begin(port: ReaderPort): void {
    this.publish(this.#mark)
    const { samples, index } = this.#head
    if (this.#readers.isEmpty) {
      samples.writeDown(this.#journal)
      samples.memory.listen((change) => this.#buffers.push(change))
      this.#journal.clear()
      this.#nextRef = index.nextRef
      this.#floorMs = this.#head.floorMs
      this.#blocksRevision = this.#blocks.revision
    }
    this.#readers.add(port)
    const refs = [...index.refs()]
    port.publish({
      kind: 'commit',
      publication: this.#readers.published,
      mark: this.#mark,
      isWhole: true,
      buffers: samples.memory.all(),
      series: new Uint8Array(0),
      advanced: new Int32Array(0),
      moved: this.#placesOf(refs),
      late: this.#lateOf(refs.filter((ref) => samples.lateOf(ref) !== undefined)),
      dead: new Int32Array(0),
      floorMs: this.#head.floorMs,
      blocks: this.#blocks.all.map((block) => block.share()),
    })
  }

  #hasChanges(mark: number): boolean {
    const { index, floorMs } = this.#head
    return (
      !this.#journal.isEmpty ||
      this.#buffers.length > 0 ||
      this.#nextRef !== index.nextRef ||
      this.#floorMs !== floorMs ||
      this.#blocksRevision !== this.#blocks.revision ||
      this.#mark !== mark ||
      this.#head.samples.goneItems > 0
    )
  }

  #changes(mark: number): CommitMessage {
    const { index, samples, floorMs } = this.#head
    const journal = this.#journal
    const areBlocksNew = this.#blocksRevision !== this.#blocks.revision
    const commit: CommitMessage = {
      kind: 'commit',
      mark,
      publication: this.#readers.next,
      isWhole: false,
      buffers: this.#buffers,
      series: this.#seriesFrom(this.#nextRef, Infinity).bytes,
      advanced: Int32Array.from(journal.advanced),
      moved: this.#placesOf([...journal.moved].filter((ref) => samples.placeOf(ref) !== undefined)),
      late: this.#lateOf([...journal.late]),
      dead: Int32Array.from(journal.dead),
      floorMs,
      blocks: areBlocksNew ? this.#blocks.all.map((block) => block.share()) : undefined,
    }
    journal.clear()
    this.#buffers = []
    this.#nextRef = index.nextRef
    this.#floorMs = floorMs
    this.#blocksRevision = this.#blocks.revision
    return commit
  }

  /** Lets go what no reader looks at any more; once there are none, ends writing down. */
  #settle(): void {
    if (this.#readers.isEmpty) {
      this.#head.samples.writeDown(undefined)
      this.#head.samples.memory.listen(undefined)
      this.#journal.clear()
      this.#buffers = []
    }
    this.#head.samples.reuseGone()
    this.#blocks.removeGone()
  }

  /** Labels of at most `max` series from a reference on. */
  #seriesFrom(ref: number, max: number): { readonly bytes: Uint8Array; readonly count: number; readonly nextRef: number } {
    const { index } = this.#head
    const records = []
    if (ref < index.nextRef) {
      for (const one of index.refs(ref)) {
        records.push({ ref: one, labels: index.labelsOf(one) })
        if (records.length === max) break
      }
    }
    if (records.length === 0) return { bytes: new Uint8Array(0), count: 0, nextRef: index.nextRef }
    const writer = new ByteWriter(64 * records.length)
    writeSeries(writer, records)
    return { bytes: writer.bytes.slice(), count: records.length, nextRef: (records.at(-1)?.ref ?? ref) + 1 }
  }

  #placesOf(refs: readonly number[]): PlaceColumns {
    const { length } = refs
    const places = {
      refs: Int32Array.from(refs),
      sealed: new Int32Array(length),
      columns: new Int32Array(length),
      rows: new Int32Array(length),
      lengths: new Uint8Array(length),
    }
    for (let i = 0; i < length; i++) {
      const place = this.#head.samples.placeOf(refs[i] as number)
      if (place === undefined) continue
      places.sealed[i] = place.sealed
      places.columns[i] = place.column
      places.rows[i] = place.row
      places.lengths[i] = place.length
    }
    return places
  }

  #lateOf(refs: readonly number[]): LateColumns {
    const found = refs.map((ref) => this.#head.samples.lateOf(ref))
    const total = found.reduce((sum, late) => sum + (late?.length ?? 0), 0)
    const columns = {
      refs: Int32Array.from(refs),
      lengths: Uint8Array.from(found, (late) => late?.length ?? 0),
      timestampsMs: new Float64Array(total),
      values: new Float64Array(total),
    }
    let at = 0
    for (const late of found) {
      if (late === undefined) continue
      columns.timestampsMs.set(late.timestampsMs.subarray(0, late.length), at)
      columns.values.set(late.values.subarray(0, late.length), at)
      at += late.length
    }
    return columns
  }
}
