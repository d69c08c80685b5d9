import { CHUNK_SAMPLES } from './timestamp-columns.ts'

/** Series of one page. Those of one target are born and die together, so pages empty out. */
export const PAGE_SERIES = 64

const HEAD_BYTES = PAGE_SERIES * 8
const VALUES_BYTES = PAGE_SERIES * CHUNK_SAMPLES * 8

/**
 * The open chunks of 64 series, 984 bytes each.
 *
 *     newestMs f64 x 64 | sealed f64 x 64 | column i32 x 64 | length i32 x 64 | values f64 x 120 x 64
 *
 * `sealed` is the series' newest sealed chunk or 0; `column` the timestamps of the open one, 0 exactly while `length` is 0.
 */
export class SeriesPage {
  static readonly bytes = 3 * HEAD_BYTES + VALUES_BYTES

  /** -Infinity without samples. */
  readonly newestMs: Float64Array
  readonly sealed: Float64Array
  readonly column: Int32Array
  readonly length: Int32Array
  readonly values: Float64Array
  /** Which slots are series. */
  readonly alive = new Uint8Array(PAGE_SERIES)
  /** How many slots are series. */
  count = 0

  constructor() {
    const buffer = new SharedArrayBuffer(SeriesPage.bytes)
    this.newestMs = new Float64Array(buffer, 0, PAGE_SERIES)
    this.sealed = new Float64Array(buffer, HEAD_BYTES, PAGE_SERIES)
    this.column = new Int32Array(buffer, 2 * HEAD_BYTES, PAGE_SERIES)
    this.length = new Int32Array(buffer, 2 * HEAD_BYTES + HEAD_BYTES / 2, PAGE_SERIES)
    this.values = new Float64Array(buffer, 3 * HEAD_BYTES, PAGE_SERIES * CHUNK_SAMPLES)
    this.newestMs.fill(-Infinity)
  }
}
