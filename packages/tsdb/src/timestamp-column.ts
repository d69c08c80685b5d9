import { assert } from '@signalbox/base'
import { CHUNK_SAMPLES } from './sealed-chunk.ts'

/** Slots of a new column; doubles up to CHUNK_SAMPLES, so that what lives shortly stays small. */
const COLUMN_SAMPLES_MIN = 15

/**
 * The timestamps of a chunk, shared by the series whose samples so far have the same ones. Each series reads as far as it has
 * samples itself; the first that gets further writes, the others confirm.
 *
 *     column:    [ 10 25 40 . . ]      written 3
 *     series a:    ^^^^^^^^            has 3; the next 55 extends the column
 *     series b:    ^^^^^               has 2; a next 40 confirms it, anything else needs a branch
 */
export class TimestampColumn {
  #timestampsMs: Float64Array
  #written: number
  #isClaimed = false

  private constructor(timestampsMs: Float64Array, written: number) {
    this.#timestampsMs = timestampsMs
    this.#written = written
  }

  static starting(timestampMs: number): TimestampColumn {
    const column = new TimestampColumn(new Float64Array(COLUMN_SAMPLES_MIN), 0)
    column.accept(0, timestampMs)
    return column
  }

  /** CHUNK_SAMPLES long and final once that many are written. */
  get timestampsMs(): Float64Array {
    return this.#timestampsMs
  }

  /** Whether this timestamp stands at `index`, or now does because the column ended there. */
  accept(index: number, timestampMs: number): boolean {
    if (index < this.#written) return this.#timestampsMs[index] === timestampMs
    assert(index === this.#written && index < CHUNK_SAMPLES, 'a column grows at its end')
    if (index === this.#timestampsMs.length) this.#timestampsMs = grown(this.#timestampsMs)
    this.#timestampsMs[index] = timestampMs
    this.#written = index + 1
    return true
  }

  /** A column of its own that begins with the first `length` of these. */
  branch(length: number): TimestampColumn {
    return new TimestampColumn(this.#timestampsMs.slice(), length)
  }

  /** True for the first caller: that series counts the column's memory. */
  claim(): boolean {
    const isFirst = !this.#isClaimed
    this.#isClaimed = true
    return isFirst
  }
}

/** Finds the column that a series' next timestamp belongs to. It remembers the last column begun and the last branch: scrapes append target by target. */
export class TimestampColumns {
  #begun: TimestampColumn | undefined
  #branch: { readonly from: TimestampColumn; readonly column: TimestampColumn; readonly index: number } | undefined

  /** For the first sample of a chunk. */
  begin(timestampMs: number): TimestampColumn {
    if (this.#begun?.accept(0, timestampMs) !== true) this.#begun = TimestampColumn.starting(timestampMs)
    return this.#begun
  }

  /** For the sample at `index` of a chunk on `column`: that column, or one that is equal so far and goes on with `timestampMs`. */
  next(column: TimestampColumn, index: number, timestampMs: number): TimestampColumn {
    if (column.accept(index, timestampMs)) return column
    const last = this.#branch
    if (last?.from === column && last.index === index && last.column.accept(index, timestampMs)) return last.column
    const branch = column.branch(index)
    branch.accept(index, timestampMs)
    this.#branch = { from: column, column: branch, index }
    return branch
  }
}

/** A column of twice the length, at most CHUNK_SAMPLES. Keeps every bit. */
export function grown(column: Float64Array): Float64Array {
  const longer = new Float64Array(Math.min(CHUNK_SAMPLES, Math.max(COLUMN_SAMPLES_MIN, column.length * 2)))
  longer.set(column)
  return longer
}
