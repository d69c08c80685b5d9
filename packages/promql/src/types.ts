import type { Labels } from '@signalbox/base'
import type { FloatHistogram } from './histogram/float-histogram.ts'

export type MatchOperator = '=' | '!=' | '=~' | '!~'

/** One label matcher. `matches` is the compiled predicate; an absent label is matched as ''. */
export interface Matcher {
  readonly name: string
  readonly operator: MatchOperator
  readonly value: string
  matches(value: string): boolean
}

/**
 * One series' samples as columns, ascending by time. The arrays belong to the store and must not
 * be written; they stay valid until the query that selected them ends.
 */
export interface SeriesColumns {
  readonly labels: Labels
  /** Milliseconds since the epoch. */
  readonly timestampsMs: Float64Array
  /** A stale marker is the NaN that `isStale` recognises. */
  readonly values: Float64Array
  /** Beside `values`: where a sample is a native histogram, it is here and the value does not count. Absent when all are floats. */
  readonly histograms?: readonly (FloatHistogram | undefined)[]
  /** When each sample's counter began, milliseconds; 0 where that is unknown. Absent when none is known. */
  readonly startTimestampsMs?: Float64Array
}

/** The store as the engine sees it. */
export interface Queryable {
  /** Every series that satisfies all matchers, with its samples in [startMs, endMs], both inclusive. */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[]
  /** Called when the evaluation has ended, however it did: what it selected may be written over. */
  release?(): void
}

/** A position in the expression's text, UTF-16 offsets, end exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface ParseError {
  readonly code: 'parse'
  /** As Prometheus words it: `1:5: parse error: unexpected ...`. */
  readonly message: string
  readonly span: Span
}

export interface ParseOptions {
  /** Also takes experimental functions and aggregations, `fill`, `anchored` and `smoothed`. Default false. */
  readonly experimental?: boolean
}

export interface EvaluationError {
  readonly code: 'execution' | 'timeout' | 'canceled' | 'limit'
  readonly message: string
}

export interface EvaluationLimits {
  /** Samples loaded by one query. */
  readonly samplesMax: number
  /** Series selected by one query, a series counted as often as it is selected. */
  readonly seriesMax: number
  /** Points of one series in a range query. */
  readonly pointsMax: number
}

export interface EvaluationOptions {
  /** How far an instant selector looks back, default 5 min. */
  readonly lookbackMs?: number
  readonly limits?: Partial<EvaluationLimits>
  /** Polled between series; answering true ends the query with 'canceled', 'timeout' with that. */
  readonly canceled?: () => boolean | 'timeout'
  /**
   * Names are dropped from the result at the end and not as soon as an operation makes another quantity, so that `label_replace` and
   * `by (__name__)` still see them. Default false.
   */
  readonly delayedNameRemoval?: boolean
}

export interface VectorSample {
  readonly labels: Labels
  readonly timestampMs: number
  readonly value: number
  /** The sample when it is a native histogram; `value` does not count then. */
  readonly histogram?: FloatHistogram
}

export type QueryValue =
  | { readonly type: 'scalar'; readonly timestampMs: number; readonly value: number }
  | { readonly type: 'string'; readonly timestampMs: number; readonly value: string }
  | { readonly type: 'vector'; readonly samples: readonly VectorSample[] }
  | { readonly type: 'matrix'; readonly series: readonly SeriesColumns[] }

export interface QueryOutput {
  readonly value: QueryValue
  /** Prometheus's annotations, worded as it words them. */
  readonly warnings: readonly string[]
  readonly infos: readonly string[]
}
