import type { Labels } from '@signalbox/base'
import type { Call, Expr, Place } from './ast.ts'
import type { Grid, LazySeries, Row } from './series.ts'

/** Samples of one series ascending by time, stale markers taken out. Borrowed: not to be written. */
export interface Samples {
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
}

/** The windows (end - rangeMs, end] of a range argument, one for each step; their ends never decrease. */
export interface Windows {
  readonly rangeMs: number
  readonly count: number
  endMs(step: number): number
}

/** A range vector over the grid. */
export interface RangeVector {
  readonly windows: Windows
  readonly series: readonly { readonly labels: Labels; samples(): Samples }[]
}

/** Where warnings and infos go; equal texts are kept once. */
export interface Annotations {
  warn(message: string, place: Place): void
  info(message: string, place: Place): void
}

/** What the implementation of a function sees: its arguments, evaluated on demand over the grid of the call. */
export interface CallContext {
  readonly call: Call
  readonly grid: Grid
  /** The query's own grid has one step: an instant query. */
  readonly instant: boolean
  readonly annotations: Annotations
  arg(index: number): Expr
  vector(index: number): LazySeries[]
  scalar(index: number): Float64Array
  string(index: number): string
  range(index: number): RangeVector
  /** The newest samples' own timestamps in seconds, when the argument is plainly a selector. */
  sampleTimes(index: number): LazySeries[] | undefined
  /** Accounts for rows that are kept, before they are made; fails the query over its limit. */
  keepRows(rows: number): void
}

/** The rows of all series, accounted for, for functions that look across series. */
export function materialise(all: readonly LazySeries[], keepRows: (rows: number) => void): { labels: Labels; row: Row }[] {
  const kept: { labels: Labels; row: Row }[] = []
  for (const series of all) {
    keepRows(1)
    kept.push({ labels: series.labels, row: series.row() })
  }
  return kept
}
