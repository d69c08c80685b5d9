import type { Labels } from '@signalbox/base'
import type { Boundaries, Call, Expr, Place, VectorSelector } from './ast.ts'
import type { FloatHistogram } from './histogram/float-histogram.ts'
import type { Grid, LazySeries, Row, SeriesIdentity } from './series.ts'
import type { Matcher } from './types.ts'

/** Samples of one series ascending by time, stale markers taken out. Borrowed: not to be written. */
export interface Samples {
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
  readonly histograms?: readonly (FloatHistogram | undefined)[]
  readonly startTimestampsMs?: Float64Array
}

/** The windows (end - rangeMs, end] of a range argument, one for each step; their ends never decrease. */
export interface Windows {
  readonly rangeMs: number
  readonly count: number
  endMs(step: number): number
  /** Beyond 'sampled', the series hold samples on both sides of the windows, as far as the lookback. */
  readonly boundaries: Boundaries
  readonly lookbackMs: number
}

/** A range vector over the grid. */
export interface RangeVector {
  readonly windows: Windows
  readonly series: readonly (SeriesIdentity & { samples(): Samples })[]
}

/** Where warnings and infos go; equal texts are kept once. */
export interface Annotations {
  warn(message: string, place: Place): void
  info(message: string, place: Place): void
  /** Counts were raised so that a classic histogram never decreases; all occurrences become one info. */
  forced(metric: string, place: Place, change: ForcedCounts): void
}

/** How far the counts of a classic histogram were from ascending, at one time. */
export interface ForcedCounts {
  readonly timeMs: number
  /** Upper bounds of the first and the last bucket that were changed. */
  readonly bucketMin: number
  readonly bucketMax: number
  readonly differenceMax: number
}

/** What the implementation of a function sees: its arguments, evaluated on demand over the grid of the call. */
export interface CallContext {
  readonly call: Call
  readonly grid: Grid
  /** The steps of the whole query, also inside subqueries. */
  readonly queryGrid: Grid
  /** The query's own grid has one step: an instant query. */
  readonly instant: boolean
  readonly annotations: Annotations
  /** Names stay until the end of the query. */
  readonly delayedNameRemoval: boolean
  /** The identity of another quantity made of the series: without its name, now or at the end. */
  unnamed(series: SeriesIdentity): SeriesIdentity
  /** The name that an annotation may show of a series whose name has been dropped unless names stay. */
  shownName(labels: Labels): string
  arg(index: number): Expr
  vector(index: number): LazySeries[]
  scalar(index: number): Float64Array
  string(index: number): string
  range(index: number): RangeVector
  /** Of the newest samples their own times or start times in seconds, when the argument is plainly a selector. */
  sampleTimes(index: number, which: 'sampled' | 'started'): LazySeries[] | undefined
  /** The selector's series as of the times at which `selector`, another one, looks. */
  infoSeries(matchers: readonly Matcher[], like: VectorSelector | undefined): LazySeries[]
  /** Polled between series; ends the query that is no longer wanted. */
  poll(): void
  /** Accounts for rows that are kept, before they are made; fails the query over its limit. */
  keepRows(rows: number): void
}

/** A series whose row is at hand. */
export interface KeptSeries extends SeriesIdentity {
  readonly row: Row
}

/** The rows of all series, accounted for, for functions that look across series. */
export function materialise(all: readonly LazySeries[], keepRows: (rows: number) => void): KeptSeries[] {
  const kept: KeptSeries[] = []
  for (const series of all) {
    keepRows(1)
    kept.push({ labels: series.labels, dropsName: series.dropsName ?? false, row: series.row() })
  }
  return kept
}
