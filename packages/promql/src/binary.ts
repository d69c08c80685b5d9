import type { Labels } from '@signalbox/base'
import { arithmetic, comparison } from './arithmetic.ts'
import { type Binary, isComparison, isSetOperator, type VectorMatching } from './ast.ts'
import { type LazySeries, mapValues, mergeEqual, type Row, withoutName } from './series.ts'

/** What an operator does with a pair of values: writes a value into `row` at `step`, or removes the point. `kept` is what a filter lets through. */
export type PairOperation = (row: Row, step: number, left: number, right: number, kept: number) => void

export function pairOperation(expr: Binary): PairOperation {
  const { operator } = expr
  if (isSetOperator(operator)) throw new TypeError(`${operator} does not work on pairs of values`)
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

/** Whether the result is another quantity than the left side, so that it loses the name: all but filters. */
export function dropsName(expr: Binary): boolean {
  return expr.bool || !isComparison(expr.operator)
}

export function scalarBinary(expr: Binary, left: Float64Array, right: Float64Array): Float64Array {
  const { operator } = expr
  if (isSetOperator(operator)) throw new TypeError(`${operator} between scalars`)
  const compute = isComparison(operator) ? comparison(operator) : arithmetic(operator)
  return left.map((value, i) => Number(compute(value, right[i] as number)))
}

/** A vector with a scalar on one side; a filter keeps the vector's value whichever side it is on. */
export function vectorScalarBinary(expr: Binary, vector: readonly LazySeries[], scalar: Float64Array, scalarIsLeft: boolean): LazySeries[] {
  const operate = pairOperation(expr)
  const change = (row: Row): void => {
    for (let i = 0; i < scalar.length; i++) {
      if (!row.has(i)) continue
      const value = row.at(i)
      const other = scalar[i] as number
      if (scalarIsLeft) operate(row, i, other, value, value)
      else operate(row, i, value, other, value)
    }
  }
  if (!dropsName(expr)) return vector.map((series) => mapValues(series, change))
  return mergeEqual(vector.map((series) => mapValues(series, change, withoutName(series.labels))))
}

const DEFAULT_MATCHING: VectorMatching = { cardinality: 'one-to-one', on: false, labels: [], include: [] }

export function matchingOf(expr: Binary): VectorMatching {
  return expr.matching ?? DEFAULT_MATCHING
}

/** The labels by which two series match. */
export function signature(matching: VectorMatching): (labels: Labels) => Labels {
  const names = new Set(matching.labels)
  if (matching.on) return (labels) => labels.pick(names)
  return (labels) => withoutName(labels).omit(names)
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
