import { assert } from '@signalbox/base'
import type { SampleSource } from '../head-view.ts'
import { LabelIndex } from '../label-index.ts'
import { readSeries } from '../log/records.ts'
import { ChunkMemory } from '../samples/chunk-memory.ts'
import { ChunkReader, type SampleWindow } from '../samples/chunk-reader.ts'
import { LateSamples } from '../samples/late-samples.ts'
import type { CommitMessage, LateColumns, PlaceColumns } from './feed-message.ts'
import { PlaceTable } from './place-table.ts'

/** The head of a store that another thread writes, as of one publication: an index and places of its own over the shared samples. */
export class HeadReplica implements SampleSource {
  readonly index = new LabelIndex()
  readonly #memory = new ChunkMemory()
  readonly #reader = new ChunkReader(this.#memory)
  readonly #places = new PlaceTable()
  readonly #late = new Map<number, LateSamples>()

  /** Estimated; without the samples, which are shared. */
  get bytes(): number {
    return this.index.bytes + this.#places.bytes
  }

  addSeries(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const series = readSeries(bytes)
    assert(series !== undefined, 'a feed of the same version')
    for (const { ref, labels } of series) {
      this.index.add(labels, ref)
      this.#places.open(ref)
    }
  }

  apply(commit: CommitMessage): void {
    for (const change of commit.buffers) this.#memory.apply(change)
    this.addSeries(commit.series)
    const { advanced } = commit
    for (let i = 0; i < advanced.length; i += 2) this.#places.advance(advanced[i] as number, advanced[i + 1] as number)
    this.#move(commit.moved)
    this.#setLate(commit.late)
    if (commit.dead.length > 0) this.#remove(commit.dead)
    if (!commit.isWhole) return
    const alive = new Set(commit.moved.refs)
    this.#remove([...this.index.refs()].filter((ref) => !alive.has(ref)))
  }

  window(ref: number, startMs: number, endMs: number): SampleWindow {
    const place = this.#places.get(ref)
    assert(place !== undefined, 'a series that exists')
    return this.#reader.window(ref, place, this.#late.get(ref), { startMs, endMs })
  }

  copy(window: SampleWindow, timestampsMs: Float64Array, values: Float64Array): void {
    this.#reader.copy(window, this.#late.get(window.ref), timestampsMs, values)
  }

  copyValues(window: SampleWindow, values: Float64Array): void {
    this.#reader.copyValues(window, values)
  }

  #move({ refs, sealed, columns, rows, lengths }: PlaceColumns): void {
    for (let i = 0; i < refs.length; i++) {
      this.#places.set(refs[i] as number, {
        sealed: sealed[i] as number,
        column: columns[i] as number,
        row: rows[i] as number,
        length: lengths[i] as number,
      })
    }
  }

  #setLate({ refs, lengths, timestampsMs, values }: LateColumns): void {
    let at = 0
    for (let i = 0; i < refs.length; i++) {
      const late = new LateSamples()
      for (const end = at + (lengths[i] as number); at < end; at++) late.push(timestampsMs[at] as number, values[at] as number)
      if (late.length > 0) this.#late.set(refs[i] as number, late)
      else this.#late.delete(refs[i] as number)
    }
  }

  #remove(refs: ArrayLike<number>): void {
    const dead = new Set<number>()
    for (let i = 0; i < refs.length; i++) if (this.index.has(refs[i] as number)) dead.add(refs[i] as number)
    for (const ref of dead) {
      this.#places.delete(ref)
      this.#late.delete(ref)
    }
    this.index.remove(dead)
  }
}
