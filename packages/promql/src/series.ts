import { Labels } from '@signalbox/base'
import { EvaluationFailure } from './failure.ts'
import type { FloatHistogram } from './histogram/float-histogram.ts'

/** The steps of an evaluation: startMs + i·stepMs for i in [0, count). */
export interface Grid {
  readonly startMs: number
  readonly stepMs: number
  readonly count: number
}

export function timeAt(grid: Grid, step: number): number {
  return grid.startMs + step * grid.stepMs
}

/** What `Row.present` holds for a step; 1 and 2 must stay as they are: hot loops compare with 1. */
const FLOAT = 1
const HISTOGRAM = 2

/**
 * One series' points over a grid: `values[i]` counts only where `present[i]` is 1, a float; where it is 2 the point is a native histogram
 * of `histogramAt`. A row belongs to whoever asked for it and may be changed in place.
 */
export class Row {
  readonly values: Float64Array
  readonly present: Uint8Array
  /** Made with the first histogram: most rows have none. */
  #histograms: (FloatHistogram | undefined)[] | undefined

  /** Takes over `values` when they are given, not copying them; no step is present yet. */
  constructor(count: number, values: Float64Array = new Float64Array(count)) {
    this.values = values
    this.present = new Uint8Array(count)
  }

  /** A row without points: `spare` itself when there is one, whose values then are still there. */
  static emptied(count: number, spare: Row | undefined): Row {
    if (spare === undefined || spare.present.length !== count) return new Row(count)
    spare.present.fill(0)
    spare.#histograms = undefined
    return spare
  }

  /** A row with a point at every step; it takes over the array. */
  static full(values: Float64Array): Row {
    const row = new Row(values.length, values)
    row.present.fill(1)
    return row
  }

  set(step: number, value: number): void {
    this.values[step] = value
    this.present[step] = FLOAT
  }

  setHistogram(step: number, histogram: FloatHistogram): void {
    this.#histograms ??= new Array<FloatHistogram | undefined>(this.present.length)
    this.#histograms[step] = histogram
    this.present[step] = HISTOGRAM
  }

  /** Copies the point of another row, or its absence. */
  copy(step: number, from: Row, fromStep = step): void {
    const histogram = from.histogramAt(fromStep)
    if (histogram !== undefined) this.setHistogram(step, histogram)
    else if (from.has(fromStep)) this.set(step, from.at(fromStep))
    else this.remove(step)
  }

  /** Whether the step has a float. */
  has(step: number): boolean {
    return this.present[step] === FLOAT
  }

  /** Whether the step has a point of either kind. */
  hasPoint(step: number): boolean {
    return this.present[step] !== 0
  }

  /** The native histogram of a step; undefined for a float or nothing. */
  histogramAt(step: number): FloatHistogram | undefined {
    return this.present[step] === HISTOGRAM ? this.#histograms?.[step] : undefined
  }

  get hasHistograms(): boolean {
    return this.#histograms !== undefined
  }

  /** Only the floats remain. */
  dropHistograms(): void {
    if (this.#histograms === undefined) return
    for (let i = 0; i < this.present.length; i++) if (this.present[i] === HISTOGRAM) this.present[i] = 0
    this.#histograms = undefined
  }

  at(step: number): number {
    return this.values[step] as number
  }

  remove(step: number): void {
    this.present[step] = 0
  }

  get isEmpty(): boolean {
    return this.present.indexOf(FLOAT) < 0 && this.present.indexOf(HISTOGRAM) < 0
  }
}

/**
 * A series of a result: its labels are known at once, its points are computed when asked for, so that an aggregation over many
 * series holds one row at a time. `row` may be called once. A series may turn out to have no point; only the final result drops it.
 */
export interface LazySeries extends SeriesIdentity {
  /** `spare` is a row that the caller has done with; it may become the answer, or not. */
  row(spare?: Row): Row
}

/** Which series a row belongs to. */
export interface SeriesIdentity {
  readonly labels: Labels
  /** The name has lost its meaning and goes at the end of the query, where names are not dropped at once. */
  readonly dropsName?: boolean
}

/** The series with each point changed in place by `change`, and its identity replaced when given. */
export function mapValues(series: LazySeries, change: (row: Row) => void, identity: SeriesIdentity = series): LazySeries {
  return {
    labels: identity.labels,
    dropsName: identity.dropsName ?? false,
    row(spare) {
      const row = series.row(spare)
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

/** `withoutName` for many series: those whose labels have the same array of names share what is left of it. */
export class NameDropper {
  #names: readonly string[] | undefined
  #rest: readonly string[] = []

  drop(labels: Labels): Labels {
    const { names, values } = labels
    if (names !== this.#names) {
      if (names[0] !== '__name__' || names.includes('__type__') || names.includes('__unit__')) return withoutName(labels)
      this.#names = names
      this.#rest = names.slice(1)
    }
    return new Labels(this.#rest, values.slice(1))
  }
}

/** The series as the result shows them: names that have lost their meaning are gone. */
export function withNamesDropped(all: readonly LazySeries[]): LazySeries[] {
  return mergeEqual(all.map((series) => (series.dropsName ? { labels: withoutName(series.labels), row: (spare) => series.row(spare) } : series)))
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

/**
 * `mergeEqual` for series that have lost the names of `named`, which are not equal to each other: where all of these have one name, no two
 * can have become equal, and the labels need not be looked at.
 */
export function mergeUnnamed(named: readonly SeriesIdentity[], all: LazySeries[]): LazySeries[] {
  const name = named[0]?.labels.get('__name__')
  const isOnlyName = (labels: Labels): boolean => labels.get('__name__') === name && labels.get('__type__') === '' && labels.get('__unit__') === ''
  return named.every(({ labels }) => isOnlyName(labels)) ? all : mergeEqual(all)
}

function merged(same: readonly LazySeries[], clash: string): LazySeries {
  return {
    labels: (same[0] as LazySeries).labels,
    dropsName: (same[0] as LazySeries).dropsName ?? false,
    row() {
      const [first, ...rest] = same.map((series) => series.row()) as [Row, ...Row[]]
      for (const row of rest) {
        for (let i = 0; i < row.present.length; i++) {
          if (!row.hasPoint(i)) continue
          if (first.hasPoint(i)) throw new EvaluationFailure('execution', clash)
          first.copy(i, row)
        }
      }
      return first
    },
  }
}
