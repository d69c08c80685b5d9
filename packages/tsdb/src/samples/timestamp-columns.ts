import { assert } from '@signalbox/base'
import { CHUNK_SAMPLES, type ChunkMemory, PAGE_COLUMNS } from './chunk-memory.ts'

interface Column {
  readonly timestampsMs: Float64Array
  /** How many of them stand for good. */
  written: number
  /** Chunks that use it, open ones included. */
  uses: number
}

/**
 * The timestamps of chunks, shared by the series whose samples so far have the same ones. Each series reads as far as it has samples
 * itself; the first that gets further writes, the others confirm.
 *
 *     column:    [ 10 25 40 . . ]      written 3
 *     series a:    ^^^^^^^^            has 3; the next 55 extends the column
 *     series b:    ^^^^^               has 2; a next 40 confirms it, anything else needs a branch
 *
 * Columns are known by number, from 1. Each answer of `begin` and `next` that is not the column asked for counts one use, which `release`
 * takes back; a column without uses is unused until `reclaim` makes it one that is given out again. It remembers the last column begun and the last branch: scrapes append target
 * by target.
 */
export class TimestampColumns {
  readonly #memory: ChunkMemory
  readonly #onUnused: (column: number) => void
  #columns: (Column | undefined)[] = [undefined]
  #free: number[] = []
  #live = 0
  #begun = 0
  #branch = { from: 0, index: 0, to: 0 }

  constructor(memory: ChunkMemory, onUnused: (column: number) => void) {
    this.#memory = memory
    this.#onUnused = onUnused
  }

  /** Of the columns in use. */
  get bytes(): number {
    return this.#live * CHUNK_SAMPLES * 8
  }

  /** CHUNK_SAMPLES long; those beyond what the series has belong to others or to nobody yet. */
  timestampsOf(column: number): Float64Array {
    return this.#at(column).timestampsMs
  }

  /** For the first sample of a chunk. */
  begin(timestampMs: number): number {
    if (this.#begun === 0 || !this.#accept(this.#begun, 0, timestampMs)) {
      this.#begun = this.#create()
      this.#accept(this.#begun, 0, timestampMs)
    }
    this.#at(this.#begun).uses += 1
    return this.#begun
  }

  /**
   * For the sample at `index` of a chunk on `column`: that column, or one that is equal so far and goes on with `timestampMs`, whose
   * use replaces that of `column`.
   */
  next(column: number, index: number, timestampMs: number): number {
    if (this.#accept(column, index, timestampMs)) return column
    const last = this.#branch
    if (last.from !== column || last.index !== index || !this.#accept(last.to, index, timestampMs)) {
      const to = this.#create()
      const branch = this.#at(to)
      branch.timestampsMs.set(this.#at(column).timestampsMs.subarray(0, index))
      branch.written = index
      this.#accept(to, index, timestampMs)
      this.#branch = { from: column, index, to }
    }
    const { to } = this.#branch
    this.#at(to).uses += 1
    this.release(column)
    return to
  }

  /** Another use of `column`, or when it is 0 a new column of these CHUNK_SAMPLES timestamps with its first use. */
  share(column: number, timestampsMs: Float64Array): number {
    const shared = column === 0 ? this.#create() : column
    const { uses } = this.#at(shared)
    if (column === 0) {
      this.#at(shared).timestampsMs.set(timestampsMs)
      this.#at(shared).written = CHUNK_SAMPLES
    }
    this.#at(shared).uses = uses + 1
    return shared
  }

  release(column: number): void {
    const released = this.#at(column)
    released.uses -= 1
    if (released.uses > 0) return
    if (this.#begun === column) this.#begun = 0
    if (this.#branch.from === column || this.#branch.to === column) this.#branch = { from: 0, index: 0, to: 0 }
    this.#onUnused(column)
  }

  /** An unused column may be given out again. */
  reclaim(column: number): void {
    const unused = this.#at(column)
    assert(unused.uses === 0, 'a column without uses')
    unused.written = 0
    this.#free.push(column)
    this.#live -= 1
    if (this.#live > 0) return
    this.#memory.timestamps.clear()
    this.#columns = [undefined]
    this.#free = []
  }

  /** Whether this timestamp stands at `index`, or now does because the column ended there. */
  #accept(column: number, index: number, timestampMs: number): boolean {
    const { timestampsMs, written } = this.#at(column)
    if (index < written) return timestampsMs[index] === timestampMs
    assert(index === written && index < CHUNK_SAMPLES, 'a column grows at its end')
    timestampsMs[index] = timestampMs
    this.#at(column).written = index + 1
    return true
  }

  #at(column: number): Column {
    const found = this.#columns[column]
    assert(found !== undefined, 'a column in use')
    return found
  }

  #create(): number {
    this.#live += 1
    const free = this.#free.pop()
    if (free !== undefined) return free
    const column = this.#columns.length
    if ((column - 1) % PAGE_COLUMNS === 0) {
      this.#memory.timestamps.set((column - 1) / PAGE_COLUMNS, new SharedArrayBuffer(PAGE_COLUMNS * CHUNK_SAMPLES * 8))
    }
    const at = this.#memory.columnOffset(column)
    const timestampsMs = this.#memory.columnPage(column).subarray(at, at + CHUNK_SAMPLES)
    return this.#columns.push({ timestampsMs, written: 0, uses: 0 }) - 1
  }
}
