import type { Labels } from '@signalbox/base'
import { EvaluationFailure } from './failure.ts'

/** The steps of an evaluation: startMs + i·stepMs for i in [0, count). */
export interface Grid {
  readonly startMs: number
  readonly stepMs: number
  readonly count: number
}

export function timeAt(grid: Grid, step: number): number {
  return grid.startMs + step * grid.stepMs
}

/**
 * One series' points over a grid: `values[i]` counts only where `present[i]` is 1. A row belongs to whoever asked for it and may be
 * changed in place.
 */
export class Row {
  readonly values: Float64Array
  readonly present: Uint8Array

  /** Takes over `values` when they are given, not copying them; no step is present yet. */
  constructor(count: number, values: Float64Array = new Float64Array(count)) {
    this.values = values
    this.present = new Uint8Array(count)
  }

  /** A row with a point at every step; it takes over the array. */
  static full(values: Float64Array): Row {
    const row = new Row(values.length, values)
    row.present.fill(1)
    return row
  }

  set(step: number, value: number): void {
    this.values[step] = value
    this.present[step] = 1
  }

  has(step: number): boolean {
    return this.present[step] === 1
  }

  at(step: number): number {
    return this.values[step] as number
  }

  remove(step: number): void {
    this.present[step] = 0
  }

  get isEmpty(): boolean {
    return this.present.indexOf(1) < 0
  }
}

/**
 * A series of a result: its labels are known at once, its points are computed when asked for, so that an aggregation over many
 * series holds one row at a time. `row` may be called once. A series may turn out to have no point; only the final result drops it.
 */
export interface LazySeries {
  readonly labels: Labels
  row(): Row
}

/** The series with each point changed in place by `change`, and its labels replaced when given. */
export function mapValues(series: LazySeries, change: (row: Row) => void, labels = series.labels): LazySeries {
  return {
    labels,
    row() {
      const row = series.row()
      change(row)
      return row
    },
  }
}

const METADATA: ReadonlySet<string> = new Set(['__name__', '__type__', '__unit__'])

/** The labels without the metric's name, type and unit: what arithmetic and most functions leave. */
export function withoutName(labels: Labels): Labels {
  // Reserved names sort before lower-case ones, so most sets are judged by their first names.
  return labels.names.some((name) => METADATA.has(name)) ? labels.omit(METADATA) : labels
}

/** Series with equal labels become one; a step at which two of them have a point fails the query when the row is computed. */
export function mergeEqual(all: readonly LazySeries[], clash = 'vector cannot contain metrics with the same labelset'): LazySeries[] {
  const byKey = new Map<string, LazySeries[]>()
  for (const series of all) {
    const same = byKey.get(series.labels.key)
    if (same === undefined) byKey.set(series.labels.key, [series])
    else same.push(series)
  }
  if (byKey.size === all.length) return [...all]
  return [...byKey.values()].map((same) => (same.length === 1 ? (same[0] as LazySeries) : merged(same, clash)))
}

function merged(same: readonly LazySeries[], clash: string): LazySeries {
  return {
    labels: (same[0] as LazySeries).labels,
    row() {
      const [first, ...rest] = same.map((series) => series.row()) as [Row, ...Row[]]
      for (const row of rest) {
        for (let i = 0; i < row.present.length; i++) {
          if (!row.has(i)) continue
          if (first.has(i)) throw new EvaluationFailure('execution', clash)
          first.set(i, row.at(i))
        }
      }
      return first
    },
  }
}
