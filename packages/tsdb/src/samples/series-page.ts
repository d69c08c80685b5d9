/** Series of one page. Those of one target are born and die together, so pages empty out. */
export const PAGE_SERIES = 64

/**
 * Where the samples of 64 series are, 25 bytes each.
 *
 * `sealed` is the series' newest sealed chunk or 0; `column` and `row` are timestamps and values of the open one, 0 exactly while `length` is 0.
 */
export class SeriesPage {
  static readonly bytes = PAGE_SERIES * (8 + 4 * 4 + 1)

  /** -Infinity without samples. */
  readonly newestMs = new Float64Array(PAGE_SERIES).fill(-Infinity)
  readonly sealed = new Int32Array(PAGE_SERIES)
  readonly column = new Int32Array(PAGE_SERIES)
  readonly row = new Int32Array(PAGE_SERIES)
  readonly length = new Int32Array(PAGE_SERIES)
  /** Which slots are series. */
  readonly alive = new Uint8Array(PAGE_SERIES)
  /** How many slots are series. */
  count = 0
}
