import type { Labels } from '@signalbox/base'
import { type Binary, isTrim, type VectorMatching } from './ast.ts'
import { annotate, bySignature, dropsName, matchingOf, operateOnHistograms, pairOperation, signature } from './binary.ts'
import type { Annotations, KeptSeries } from './context.ts'
import { EvaluationFailure } from './failure.ts'
import { formatLabels } from './labels-text.ts'
import { type LazySeries, mergeEqual, Row, withoutName } from './series.ts'

/**
 * An operator between two vectors. "Many" is the left side, but for group_right; on the "one" side a signature may have one point a step.
 * Labels do not change from step to step, so pairs of series are found once and their rows combined whole.
 */
export function vectorBinary(
  expr: Binary,
  left: readonly KeptSeries[],
  right: readonly KeptSeries[],
  count: number,
  notes: Annotations,
): LazySeries[] {
  const matching = matchingOf(expr)
  const swapped = matching.cardinality === 'one-to-many'
  const many = swapped ? right : left
  const oneGroups = bySignature(swapped ? left : right, matching)
  const fillOne = swapped ? matching.fillLeft : matching.fillRight
  const fillMany = swapped ? matching.fillRight : matching.fillLeft
  const manySteps = fillMany === undefined ? stepsOf(many, count) : new Uint8Array(count).fill(1)
  for (const group of oneGroups.values()) {
    if (group.length > 1) requireUnique(group, manySteps, matching, swapped ? 'left' : 'right')
  }
  const combine = combiner(expr, count, notes)
  const labelsOf = resultLabels(expr, matching)
  const sign = signature(matching)
  const results: LazySeries[] = []
  const pair = (manySide: Row, oneSide: Row, labels: Labels): void => {
    results.push({ labels, dropsName: expr.bool, row: () => (swapped ? combine(oneSide, manySide) : combine(manySide, oneSide)) })
  }
  const manyGroups = bySignature(many, matching)
  for (const [key, group] of manyGroups) {
    const ones = oneGroups.get(key) ?? []
    if (matching.cardinality === 'one-to-one') requireOneMatch(group, ones, count)
    for (const manySeries of group) {
      for (const oneSeries of ones) pair(manySeries.row, oneSeries.row, labelsOf(manySeries.labels, oneSeries.labels))
      if (fillOne === undefined) continue
      pair(manySeries.row, filler(fillOne, ones, count), labelsOf(manySeries.labels, sign(manySeries.labels)))
    }
  }
  if (fillMany !== undefined) {
    for (const [key, ones] of oneGroups) {
      const filled = filler(fillMany, manyGroups.get(key) ?? [], count)
      for (const oneSeries of ones) pair(filled, oneSeries.row, labelsOf(sign(oneSeries.labels), oneSeries.labels))
    }
  }
  return matching.cardinality === 'one-to-one' ? mergeEqual(results) : mergeGrouped(results)
}

/** `value` at every step at which none of the series has a point. */
function filler(value: number, present: readonly KeptSeries[], count: number): Row {
  const row = Row.full(new Float64Array(count).fill(value))
  for (const { row: other } of present) for (let i = 0; i < count; i++) if (other.hasPoint(i)) row.remove(i)
  return row
}

function combiner(expr: Binary, count: number, notes: Annotations): (left: Row, right: Row) => Row {
  const operate = pairOperation(expr)
  const floats = (left: Row, right: Row): Row => {
    const row = new Row(count)
    for (let i = 0; i < count; i++) {
      // A filter keeps the left value, also where the right side is the "many".
      if (left.has(i) && right.has(i)) operate(row, i, left.at(i), right.at(i), left.at(i))
    }
    return row
  }
  return (left, right) => {
    if (!left.hasHistograms && !right.hasHistograms && !isTrim(expr.operator)) return floats(left, right)
    const row = new Row(count)
    for (let i = 0; i < count; i++) {
      if (!left.hasPoint(i) || !right.hasPoint(i)) continue
      const [a, b] = [left.histogramAt(i) ?? left.at(i), right.histogramAt(i) ?? right.at(i)]
      if (typeof a === 'number' && typeof b === 'number' && !isTrim(expr.operator)) operate(row, i, a, b, a)
      else annotate(notes, expr, operateOnHistograms(expr, row, i, a, b))
    }
    return row
  }
}

function stepsOf(all: readonly KeptSeries[], count: number): Uint8Array {
  const steps = new Uint8Array(count)
  for (const { row } of all) for (let i = 0; i < count; i++) if (row.present[i] !== 0) steps[i] = 1
  return steps
}

/** Fails when two series of the "one" side have a point at a step at which the other side has any. */
function requireUnique(group: readonly KeptSeries[], manySteps: Uint8Array, matching: VectorMatching, side: string): void {
  const owner = new Array<KeptSeries | undefined>(manySteps.length)
  for (const series of group) {
    for (let i = 0; i < manySteps.length; i++) {
      if (manySteps[i] === 0 || !series.row.hasPoint(i)) continue
      const other = owner[i]
      owner[i] = series
      if (other === undefined) continue
      const match = formatLabels(signature(matching)(series.labels))
      const pair = [formatLabels(other.labels), formatLabels(series.labels)].sort().join(', ')
      throw new EvaluationFailure(
        'execution',
        `found duplicate series for the match group ${match} on the ${side} hand-side of the operation: [${pair}];many-to-many matching not allowed: matching labels must be unique on one side`,
      )
    }
  }
}

/** Fails when two series of the left side meet a point of the right side at one step, whether or not a filter lets them through. */
function requireOneMatch(group: readonly KeptSeries[], ones: readonly KeptSeries[], count: number): void {
  if (group.length < 2) return
  const matched = new Uint8Array(count)
  for (const { row } of group) {
    for (let i = 0; i < count; i++) {
      if (!row.hasPoint(i) || !ones.some((one) => one.row.hasPoint(i))) continue
      if (matched[i] === 1) {
        throw new EvaluationFailure('execution', 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)')
      }
      matched[i] = 1
    }
  }
}

function resultLabels(expr: Binary, matching: VectorMatching): (many: Labels, one: Labels) => Labels {
  const names = new Set(matching.labels)
  const base = dropsName(expr) ? withoutName : (labels: Labels) => labels
  if (matching.cardinality === 'one-to-one') {
    return matching.on ? (many) => base(many).pick(names) : (many) => base(many).omit(names)
  }
  return (many, one) => {
    let labels = base(many)
    for (const name of matching.include) labels = labels.with(name, one.get(name))
    return labels
  }
}

/** As mergeEqual, but two points of one result at a step mean that the listed labels do not tell the matches apart. */
function mergeGrouped(results: readonly LazySeries[]): LazySeries[] {
  return mergeEqual(results, 'multiple matches for labels: grouping labels must ensure unique matches')
}
