import type { Labels } from '@signalbox/base'
import { arithmetic, comparison } from './arithmetic.ts'
import { type Binary, isComparison, isSetOperator, isTrim, type VectorMatching } from './ast.ts'
import type { Annotations, CallContext } from './context.ts'
import type { FloatHistogram } from './histogram/float-histogram.ts'
import { type HistogramNote, histogramPair, type Operand } from './histogram/histogram-binary.ts'
import { type LazySeries, mapValues, mergeEqual, type Row } from './series.ts'

/** What an operator does with a pair of floats: writes a value into `row` at `step`, or removes the point. `kept` is what a filter lets through. */
export type PairOperation = (row: Row, step: number, left: number, right: number, kept: number) => void

export function pairOperation(expr: Binary): PairOperation {
  const { operator } = expr
  if (isSetOperator(operator)) throw new TypeError(`${operator} does not work on pairs of values`)
  // Only histograms can be trimmed.
  if (isTrim(operator)) return (row, step) => row.remove(step)
  if (!isComparison(operator)) {
    const compute = arithmetic(operator)
    return (row, step, left, right) => row.set(step, compute(left, right))
  }
  const holds = comparison(operator)
  if (expr.bool) return (row, step, left, right) => row.set(step, holds(left, right) ? 1 : 0)
  return (row, step, left, right, kept) => {
    if (holds(left, right)) row.set(step, kept)
    else row.remove(step)
  }
}

/** Applies the operator to points of which one at least is a native histogram; answers what a user should be told. */
export function operateOnHistograms(expr: Binary, row: Row, step: number, left: Operand, right: Operand): HistogramNote | undefined {
  const { value, note } = histogramPair(expr.operator, left, right)
  if (value === undefined) row.remove(step)
  else if (expr.bool) row.set(step, value === false ? 0 : 1)
  else if (value === false) row.remove(step)
  else setPoint(row, step, value === true ? left : value)
  return note
}

function setPoint(row: Row, step: number, point: Operand): void {
  if (typeof point === 'number') row.set(step, point)
  else row.setHistogram(step, point)
}

export function annotate(annotations: Annotations, expr: Binary, note: HistogramNote | undefined): void {
  if (note === undefined) return
  if (note.kind === 'warn') annotations.warn(note.message, expr.place)
  else annotations.info(note.message, expr.place)
}

/** Whether the result is another quantity than the left side, so that it loses the name: all but filters and trims. */
export function dropsName(expr: Binary): boolean {
  return expr.bool || !(isComparison(expr.operator) || isTrim(expr.operator))
}

export function scalarBinary(expr: Binary, left: Float64Array, right: Float64Array): Float64Array {
  const { operator } = expr
  if (isSetOperator(operator) || isTrim(operator)) throw new TypeError(`${operator} between scalars`)
  const compute = isComparison(operator) ? comparison(operator) : arithmetic(operator)
  return left.map((value, i) => Number(compute(value, right[i] as number)))
}

interface ScalarOperand {
  readonly values: Float64Array
  readonly isLeft: boolean
}

/** A vector with a scalar on one side; a filter keeps the vector's value whichever side it is on. */
export function vectorScalarBinary(
  expr: Binary,
  vector: readonly LazySeries[],
  scalar: ScalarOperand,
  context: Pick<CallContext, 'annotations' | 'unnamed'>,
): LazySeries[] {
  const operate = pairOperation(expr)
  const { values, isLeft } = scalar
  const trims = isTrim(expr.operator)
  const change = (row: Row): void => {
    for (let i = 0; i < values.length; i++) {
      if (!row.has(i)) continue
      const value = row.at(i)
      const other = values[i] as number
      if (trims) annotate(context.annotations, expr, histogramPair(expr.operator, value, other).note)
      if (isLeft) operate(row, i, other, value, value)
      else operate(row, i, value, other, value)
    }
  }
  const changeMixed = (row: Row): void => {
    if (row.hasHistograms) {
      const histograms = Array.from(values, (_, i): FloatHistogram | undefined => row.histogramAt(i))
      change(row)
      for (const [i, histogram] of histograms.entries()) {
        if (histogram === undefined) continue
        const [left, right] = isLeft ? [values[i] as number, histogram] : [histogram, values[i] as number]
        annotate(context.annotations, expr, operateOnHistograms(expr, row, i, left, right))
      }
    } else change(row)
  }
  if (!dropsName(expr)) return vector.map((series) => mapValues(series, changeMixed))
  return mergeEqual(vector.map((series) => mapValues(series, changeMixed, context.unnamed(series))))
}

const DEFAULT_MATCHING: VectorMatching = {
  cardinality: 'one-to-one',
  on: false,
  labels: [],
  include: [],
  fillLeft: undefined,
  fillRight: undefined,
}

export function matchingOf(expr: Binary): VectorMatching {
  return expr.matching ?? DEFAULT_MATCHING
}

/** The labels by which two series match. */
export function signature(matching: VectorMatching): (labels: Labels) => Labels {
  const names = new Set(matching.on ? matching.labels : [...matching.labels, '__name__'])
  return matching.on ? (labels) => labels.pick(names) : (labels) => labels.omit(names)
}

/** The series grouped by the key of their signature. */
export function bySignature<T extends { readonly labels: Labels }>(all: readonly T[], matching: VectorMatching): Map<string, T[]> {
  const sign = signature(matching)
  const groups = new Map<string, T[]>()
  for (const series of all) {
    const { key } = sign(series.labels)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [series])
    else group.push(series)
  }
  return groups
}
