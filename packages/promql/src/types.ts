import type { Labels } from '@signalbox/base'

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
}

/** The store as the engine sees it. */
export interface Queryable {
  /** Every series that satisfies all matchers, with its samples in [startMs, endMs], both inclusive. */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): readonly SeriesColumns[]
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

export interface EvaluationError {
  readonly code: 'execution' | 'timeout' | 'canceled' | 'limit'
  readonly message: string
}

export interface EvaluationLimits {
  /** Samples loaded by one query. */
  readonly samplesMax: number
  /** Points of one series in a range query. */
  readonly pointsMax: number
}

export interface EvaluationOptions {
  /** How far an instant selector looks back, default 5 min. */
  readonly lookbackMs?: number
  readonly limits?: Partial<EvaluationLimits>
  /** Polled between series; answering true ends the query with 'canceled'. */
  readonly canceled?: () => boolean
}

export interface VectorSample {
  readonly labels: Labels
  readonly timestampMs: number
  readonly value: number
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
