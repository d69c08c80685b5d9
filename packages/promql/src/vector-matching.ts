import type { Labels } from '@signalbox/base'
import type { Binary, VectorMatching } from './ast.ts'
import { bySignature, dropsName, matchingOf, type PairOperation, pairOperation, signature } from './binary.ts'
import { EvaluationFailure } from './failure.ts'
import { formatLabels } from './labels-text.ts'
import { type LazySeries, mergeEqual, Row, withoutName } from './series.ts'

interface Kept {
  readonly labels: Labels
  readonly row: Row
}

/**
 * An operator between two vectors. "Many" is the left side, but for group_right; on the "one" side a signature may have one point a step.
 * Labels do not change from step to step, so pairs of series are found once and their rows combined whole.
 */
export function vectorBinary(expr: Binary, left: readonly Kept[], right: readonly Kept[], count: number): LazySeries[] {
  const matching = matchingOf(expr)
  const swapped = matching.cardinality === 'one-to-many'
  const many = swapped ? right : left
  const oneGroups = bySignature(swapped ? left : right, matching)
  const manySteps = stepsOf(many, count)
  for (const group of oneGroups.values()) {
    if (group.length > 1) requireUnique(group, manySteps, matching, swapped ? 'left' : 'right')
  }
  const operate = pairOperation(expr)
  const labelsOf = resultLabels(expr, matching)
  const results: LazySeries[] = []
  for (const [key, group] of bySignature(many, matching)) {
    const ones = oneGroups.get(key)
    if (ones === undefined) continue
    if (matching.cardinality === 'one-to-one') requireOneMatch(group, ones, count)
    for (const manySeries of group) {
      for (const oneSeries of ones) {
        const labels = labelsOf(manySeries.labels, oneSeries.labels)
        const sides: [Row, Row] = swapped ? [oneSeries.row, manySeries.row] : [manySeries.row, oneSeries.row]
        results.push({ labels, row: () => combine(sides, operate, count) })
      }
    }
  }
  return matching.cardinality === 'one-to-one' ? mergeEqual(results) : mergeGrouped(results)
}

function combine([left, right]: readonly [Row, Row], operate: PairOperation, count: number): Row {
  const row = new Row(count)
  for (let i = 0; i < count; i++) {
    // A filter keeps the left value, also where the right side is the "many".
    if (left.has(i) && right.has(i)) operate(row, i, left.at(i), right.at(i), left.at(i))
  }
  return row
}

function stepsOf(all: readonly Kept[], count: number): Uint8Array {
  const steps = new Uint8Array(count)
  for (const { row } of all) for (let i = 0; i < count; i++) if (row.present[i] === 1) steps[i] = 1
  return steps
}

/** Fails when two series of the "one" side have a point at a step at which the other side has any. */
function requireUnique(group: readonly Kept[], manySteps: Uint8Array, matching: VectorMatching, side: string): void {
  const owner = new Array<Kept | undefined>(manySteps.length)
  for (const series of group) {
    for (let i = 0; i < manySteps.length; i++) {
      if (manySteps[i] === 0 || !series.row.has(i)) continue
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
function requireOneMatch(group: readonly Kept[], ones: readonly Kept[], count: number): void {
  if (group.length < 2) return
  const matched = new Uint8Array(count)
  for (const { row } of group) {
    for (let i = 0; i < count; i++) {
      if (!row.has(i) || !ones.some((one) => one.row.has(i))) continue
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
