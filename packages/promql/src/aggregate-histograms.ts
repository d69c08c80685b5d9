import type { Labels } from '@signalbox/base'
import type { FoldingOperator } from './aggregate.ts'
import type { Place } from './ast.ts'
import type { Annotations } from './context.ts'
import { HistogramMean, HistogramSum } from './histogram/histogram-sum.ts'
import { RangeNotes } from './rate/notes.ts'
import type { Row } from './series.ts'

/** What one step of a group has accumulated; undefined after histograms that cannot be combined. */
type StepSum = HistogramSum | HistogramMean | undefined

/**
 * The native histograms of one group, beside the accumulator of its floats. `sum` and `avg` add them, `count` and `group` count them, the
 * other operators ignore them with an info. SOURCE: prometheus promql/engine.go (aggregation).
 */
export class GroupHistograms {
  readonly #operator: FoldingOperator
  readonly #annotations: Annotations
  readonly #place: Place
  readonly #steps = new Map<number, StepSum>()

  constructor(operator: FoldingOperator, annotations: Annotations, place: Place) {
    this.#operator = operator
    this.#annotations = annotations
    this.#place = place
  }

  /** Takes the histograms out of the row, so that only what the operator folds as floats remains. */
  take(row: Row, labels: Labels): void {
    switch (this.#operator) {
      case 'sum':
      case 'avg':
        this.#add(row, labels)
        break
      case 'count':
      case 'group':
        for (let i = 0; i < row.present.length; i++) if (row.histogramAt(i) !== undefined) row.set(i, 1)
        return
      default:
        ignoreHistograms(row, this.#operator, this.#annotations, this.#place)
        return
    }
    row.dropHistograms()
  }

  #add(row: Row, labels: Labels): void {
    const notes = new RangeNotes(this.#annotations, this.#place, labels)
    for (let i = 0; i < row.present.length; i++) {
      const histogram = row.histogramAt(i)
      if (histogram === undefined) continue
      if (!this.#steps.has(i)) this.#steps.set(i, this.#operator === 'sum' ? new HistogramSum() : new HistogramMean())
      const sum = this.#steps.get(i)
      if (sum === undefined || sum.add(histogram)) continue
      notes.mixedSchemas()
      this.#steps.set(i, undefined)
    }
  }

  /** The result of the group: a step with floats and histograms has none. */
  finish(floats: Row): Row {
    for (const [step, sum] of this.#steps) {
      if (floats.has(step)) {
        this.#annotations.warn('encountered a mix of histograms and floats for aggregation', this.#place)
        floats.remove(step)
        continue
      }
      if (sum?.boundsReconciled) this.#annotations.info('mismatched custom buckets were reconciled during aggregation', this.#place)
      if (sum?.hintsCollide) this.#annotations.warn('conflicting counter resets during histogram aggregation', this.#place)
      const total = sum?.total()
      if (total !== undefined) floats.setHistogram(step, total)
    }
    return floats
  }
}

/** Drops the histograms of a row and says so when there are any. */
export function ignoreHistograms(row: Row, operator: string, annotations: Annotations, place: Place): void {
  if (!row.hasHistograms) return
  for (let i = 0; i < row.present.length; i++) {
    if (row.histogramAt(i) === undefined) continue
    annotations.info(`ignored histogram in ${operator} aggregation`, place)
    break
  }
  row.dropHistograms()
}
