import type { Labels } from '@signalbox/base'

export type MatchOperator = '=' | '!=' | '=~' | '!~'

/** One label matcher: has the shape of the query language's. `matches` is the compiled predicate; an absent label is matched as ''. */
export interface Matcher {
  readonly name: string
  readonly operator: MatchOperator
  readonly value: string
  matches(value: string): boolean
}

/**
 * One series' samples as columns of equal length, ascending by time. A copy: later appends do not show in it. The reader's
 * until it calls `release`; not to be written.
 */
export interface SeriesColumns {
  /** With `__name__`. */
  readonly labels: Labels
  /** Milliseconds since the epoch. Series of one scrape that follow each other may have the same array. */
  readonly timestampsMs: Float64Array
  /** Bit for bit as appended, the payload of a NaN included. */
  readonly values: Float64Array
}

/**
 * What became of a sample. 'ok': kept, or already there with the same bits. 'out-of-order': older than the series' newest, or than
 * the last truncation. 'duplicate': the series has another value at this time. 'unknown-series': truncation dropped the series; ask
 * `seriesRef` again. Only after 'ok' is it in the store.
 */
export type AppendOutcome = 'ok' | 'out-of-order' | 'duplicate' | 'unknown-series'

export interface HeadStats {
  readonly series: number
  /** Held now. */
  readonly samples: number
  /** Estimated memory of samples, labels and index. */
  readonly bytes: number
  /** Calls of `seriesRef` refused at the limit, since the start. */
  readonly refused: number
  /** Samples kept since the start. */
  readonly appended: number
}
