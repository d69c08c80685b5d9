import type { Labels } from '@signalbox/base'
import { GroupHistograms } from './aggregate-histograms.ts'
import type { Aggregate, AggregateOperator } from './ast.ts'
import type { Annotations } from './context.ts'
import { groupTable } from './group-table.ts'
import { lostIn } from './neumaier.ts'
import { type LazySeries, Row } from './series.ts'

/** Folds the rows of one group, one after another, step by step. */
interface Accumulator {
  add(row: Row): void
  finish(): Row
}

export type FoldingOperator = Exclude<AggregateOperator, 'topk' | 'bottomk' | 'quantile' | 'count_values' | 'limitk' | 'limit_ratio'>

/** A new accumulator for each group; rows have `count` steps. */
function accumulator(operator: FoldingOperator, count: number): Accumulator {
  switch (operator) {
    case 'sum':
      return new Sum(count)
    case 'avg':
      return new Mean(count)
    case 'count':
      return new Fold(count, 1, (counted) => counted + 1)
    case 'group':
      return new Fold(count, 1, (one) => one)
    case 'min':
      return new Fold(count, undefined, (least, value) => (value < least || Number.isNaN(least) ? value : least))
    case 'max':
      return new Fold(count, undefined, (most, value) => (value > most || Number.isNaN(most) ? value : most))
    case 'stdvar':
      return new Variance(count, false)
    case 'stddev':
      return new Variance(count, true)
  }
}

/** Folds all series into one for each group; holds one row of the input at a time. Groups appear in the order of their first series. */
export function fold(expr: Aggregate, operator: FoldingOperator, all: readonly LazySeries[], context: FoldContext): LazySeries[] {
  const { count, keepRows } = context
  const groups = groupTable<Group>(expr)
  const inOrder: Group[] = []
  let row: Row | undefined
  for (const series of all) {
    row = series.row(row)
    let group = groups.get(series.labels)
    if (group === undefined) {
      if (row.isEmpty) continue
      keepRows(1)
      const labels = groups.labelsOf(series.labels)
      group = { labels, dropsName: false, accumulator: accumulator(operator, count), histograms: undefined }
      groups.set(series.labels, group)
      inOrder.push(group)
    }
    group.dropsName ||= series.dropsName ?? false
    if (row.hasHistograms) {
      group.histograms ??= new GroupHistograms(operator, context.annotations, expr.expr.place)
      group.histograms.take(row, series.labels)
    }
    group.accumulator.add(row)
  }
  return inOrder.map(({ labels, dropsName, accumulator: floats, histograms }) => ({
    labels,
    dropsName,
    row: () => histograms?.finish(floats.finish()) ?? floats.finish(),
  }))
}

/** What a fold needs of its query. */
export interface FoldContext {
  /** Steps. */
  readonly count: number
  readonly annotations: Annotations
  keepRows(rows: number): void
}

interface Group {
  readonly labels: Labels
  readonly accumulator: Accumulator
  dropsName: boolean
  /** Made with the first native histogram. */
  histograms: GroupHistograms | undefined
}

class Fold implements Accumulator {
  readonly #row: Row
  readonly #first: number | undefined
  readonly #next: (folded: number, value: number) => number

  /** `first` is the result of one point; undefined for the point itself. */
  constructor(count: number, first: number | undefined, next: (folded: number, value: number) => number) {
    this.#row = new Row(count)
    this.#first = first
    this.#next = next
  }

  add(row: Row): void {
    const folded = this.#row
    for (let i = 0; i < row.values.length; i++) {
      if (!row.has(i)) continue
      if (folded.has(i)) folded.values[i] = this.#next(folded.at(i), row.at(i))
      else folded.set(i, this.#first ?? row.at(i))
    }
  }

  finish(): Row {
    return this.#row
  }
}

class Sum implements Accumulator {
  readonly #row: Row
  readonly #lost: Float64Array

  constructor(count: number) {
    this.#row = new Row(count)
    this.#lost = new Float64Array(count)
  }

  add(row: Row): void {
    const { values, present } = this.#row
    const lost = this.#lost
    for (let i = 0; i < values.length; i++) {
      if (row.present[i] !== 1) continue
      const value = row.values[i] as number
      if (present[i] === 0) {
        values[i] = value
        present[i] = 1
        continue
      }
      const sum = values[i] as number
      const total = sum + value
      values[i] = total
      lost[i] = Math.abs(total) === Number.POSITIVE_INFINITY ? 0 : (lost[i] as number) + lostIn(sum, value, total)
    }
  }

  finish(): Row {
    const { values } = this.#row
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + (this.#lost[i] as number)
    return this.#row
  }
}

/** Step by step what RunningMean is for one sequence. */
class Mean implements Accumulator {
  readonly #row: Row
  readonly #lost: Float64Array
  readonly #counts: Float64Array
  readonly #incremental: Uint8Array

  constructor(count: number) {
    this.#row = new Row(count)
    this.#lost = new Float64Array(count)
    this.#counts = new Float64Array(count)
    this.#incremental = new Uint8Array(count)
  }

  add(row: Row): void {
    for (let i = 0; i < row.values.length; i++) {
      if (row.has(i)) this.#addPoint(i, row.at(i))
    }
  }

  #addPoint(i: number, value: number): void {
    const n = (this.#counts[i] as number) + 1
    this.#counts[i] = n
    if (n === 1) {
      this.#row.set(i, value)
      return
    }
    let sum = this.#row.at(i)
    let lost = this.#lost[i] as number
    let part = value
    if (this.#incremental[i] === 0) {
      if (Math.abs(sum + value) === Number.POSITIVE_INFINITY) {
        this.#incremental[i] = 1
        sum /= n - 1
        lost /= n - 1
      }
    }
    if (this.#incremental[i] === 1) {
      const kept = (n - 1) / n
      sum *= kept
      lost *= kept
      part = value / n
    }
    const total = sum + part
    this.#row.values[i] = total
    this.#lost[i] = Math.abs(total) === Number.POSITIVE_INFINITY ? 0 : lost + lostIn(sum, part, total)
  }

  finish(): Row {
    const { values } = this.#row
    for (let i = 0; i < values.length; i++) {
      const lost = this.#lost[i] as number
      const n = this.#counts[i] as number
      values[i] = this.#incremental[i] === 1 ? (values[i] as number) + lost : (values[i] as number) / n + lost / n
    }
    return this.#row
  }
}

/** Population variance; an infinite or NaN first value makes it NaN. SOURCE: B. P. Welford, 1962. */
class Variance implements Accumulator {
  readonly #row: Row
  readonly #means: Float64Array
  readonly #counts: Float64Array
  readonly #root: boolean

  constructor(count: number, root: boolean) {
    this.#row = new Row(count)
    this.#means = new Float64Array(count)
    this.#counts = new Float64Array(count)
    this.#root = root
  }

  add(row: Row): void {
    for (let i = 0; i < row.values.length; i++) {
      if (!row.has(i)) continue
      const value = row.at(i)
      const n = (this.#counts[i] as number) + 1
      this.#counts[i] = n
      if (n === 1) {
        this.#means[i] = value
        this.#row.set(i, Number.isFinite(value) ? 0 : Number.NaN)
        continue
      }
      const delta = value - (this.#means[i] as number)
      const mean = (this.#means[i] as number) + delta / n
      this.#means[i] = mean
      this.#row.values[i] = this.#row.at(i) + delta * (value - mean)
    }
  }

  finish(): Row {
    const { values } = this.#row
    for (let i = 0; i < values.length; i++) {
      const variance = (values[i] as number) / (this.#counts[i] as number)
      values[i] = this.#root ? Math.sqrt(variance) : variance
    }
    return this.#row
  }
}
