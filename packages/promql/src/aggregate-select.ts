import type { Labels } from '@signalbox/base'
import { quantile } from './arithmetic.ts'
import type { Aggregate } from './ast.ts'
import type { KeptSeries } from './context.ts'
import { EvaluationFailure } from './failure.ts'
import { groupTable } from './group-table.ts'
import type { FloatHistogram } from './histogram/float-histogram.ts'
import { formatHistogram } from './histogram/histogram-text.ts'
import { sampleOffset } from './labels-hash.ts'
import { isValidText, quote } from './quote.ts'
import { type LazySeries, Row } from './series.ts'

const INT64 = 2 ** 63

/**
 * `topk` and `bottomk`: of each group the `k` first points of every step keep their series' labels; NaN ranks last, equals in the order of their series.
 * With one step the series of a group come out by rank.
 */
export function ranked(expr: Aggregate, all: readonly KeptSeries[], k: Float64Array): LazySeries[] {
  requireIntegers(k)
  const largest = expr.operator === 'topk'
  const results: LazySeries[] = []
  for (const group of groups(expr, all)) {
    const chosen = group.map((series) => ({ ...series, row: new Row(k.length) }))
    let order: readonly number[] = []
    for (let step = 0; step < k.length; step++) {
      const limit = Math.trunc(k[step] as number)
      if (limit < 1) continue
      order = rank(group, step, largest).slice(0, limit)
      for (const index of order) chosen[index]?.row.set(step, (group[index] as KeptSeries).row.at(step))
    }
    const ordered = k.length === 1 ? order.map((index) => chosen[index] as KeptSeries) : chosen
    for (const { labels, dropsName, row } of ordered) results.push({ labels, dropsName: dropsName ?? false, row: () => row })
  }
  return results
}

/** `limitk`: the first `k` points of each group at every step, in the order of the series. */
export function limited(expr: Aggregate, all: readonly KeptSeries[], k: Float64Array): LazySeries[] {
  requireIntegers(k)
  const results: LazySeries[] = []
  for (const group of groups(expr, all)) {
    const taken = new Float64Array(k.length)
    for (const { labels, dropsName, row } of group) {
      for (let step = 0; step < k.length; step++) {
        if (!row.hasPoint(step)) continue
        if ((taken[step] as number) < Math.trunc(k[step] as number)) taken[step] = (taken[step] as number) + 1
        else row.remove(step)
      }
      results.push({ labels, dropsName: dropsName ?? false, row: () => row })
    }
  }
  return results
}

/**
 * `limit_ratio`: about that part of the series, chosen by a hash of their labels, so that the same ones are chosen everywhere; a negative
 * ratio chooses exactly those that its complement leaves out. SOURCE: prometheus promql/engine.go (RatioSampler).
 */
export function limitedByRatio(all: readonly KeptSeries[], ratio: Float64Array): LazySeries[] {
  if (ratio.some(Number.isNaN)) throw new EvaluationFailure('execution', 'Ratio value is NaN')
  return all.map(({ labels, dropsName, row }) => ({
    labels,
    dropsName: dropsName ?? false,
    row() {
      const offset = sampleOffset(labels)
      for (let step = 0; step < ratio.length; step++) {
        const limit = Math.max(-1, Math.min(1, ratio[step] as number))
        if (limit >= 0 ? offset >= limit : offset < 1 + limit) row.remove(step)
      }
      return row
    },
  }))
}

function requireIntegers(k: Float64Array): void {
  for (const value of k) {
    if (Number.isNaN(value)) throw new EvaluationFailure('execution', 'Parameter value is NaN')
    if (Math.abs(value) >= INT64) {
      throw new EvaluationFailure('execution', `Scalar value ${formatPlain(value)} ${value > 0 ? 'overflows' : 'underflows'} int64`)
    }
  }
}

function rank(group: readonly KeptSeries[], step: number, largest: boolean): number[] {
  const present: number[] = []
  for (let i = 0; i < group.length; i++) if ((group[i] as KeptSeries).row.has(step)) present.push(i)
  return present.sort((i, j) => {
    const a = (group[i] as KeptSeries).row.at(step)
    const b = (group[j] as KeptSeries).row.at(step)
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || i - j
    return a === b ? i - j : a > b === largest ? -1 : 1
  })
}

/** The q-quantile over the series of each group at each step. */
export function groupQuantile(expr: Aggregate, all: readonly KeptSeries[], q: Float64Array): LazySeries[] {
  const table = groupTable(expr)
  return groups(expr, all).map((group) => ({
    labels: table.labelsOf((group[0] as KeptSeries).labels),
    dropsName: anyDropsName(group),
    row() {
      const row = new Row(q.length)
      const points = new Float64Array(group.length)
      for (let step = 0; step < q.length; step++) {
        let count = 0
        for (const series of group) if (series.row.has(step)) points[count++] = series.row.at(step)
        if (count > 0) row.set(step, quantile(q[step] as number, points.subarray(0, count)))
      }
      return row
    },
  }))
}

/** How many series of a group have each value, the value as a label; where that takes the place of a grouping label, groups become one. */
export function countValues(expr: Aggregate, all: readonly KeptSeries[], label: string, keepRows: (rows: number) => void): LazySeries[] {
  if (label === '' || !isValidText(label)) throw new EvaluationFailure('execution', `invalid label name ${quote(label)}`)
  const table = groupTable(expr)
  const results = new Map<string, { labels: Labels; dropsName: boolean; row: Row }>()
  for (const group of groups(expr, all)) {
    const base = table.labelsOf((group[0] as KeptSeries).labels)
    const dropsName = label !== '__name__' && anyDropsName(group)
    // Labels are made once a value: most values come again at the next step.
    const rows = new Map<number | FloatHistogram, Row>()
    for (const { row: input } of group) {
      for (let step = 0; step < input.values.length; step++) {
        if (!input.hasPoint(step)) continue
        const value = input.histogramAt(step) ?? input.at(step)
        let row = rows.get(value)
        if (row === undefined) {
          const labels = base.with(label, typeof value === 'number' ? formatPlain(value) : formatHistogram(value))
          row = results.get(labels.key)?.row
          if (row === undefined) {
            keepRows(1)
            row = new Row(input.values.length)
            results.set(labels.key, { labels, dropsName, row })
          }
          rows.set(value, row)
        }
        row.set(step, row.has(step) ? row.at(step) + 1 : 1)
      }
    }
  }
  return [...results.values()].map(({ labels, dropsName, row }) => ({ labels, dropsName, row: () => row }))
}

function anyDropsName(group: readonly KeptSeries[]): boolean {
  return group.some(({ dropsName }) => dropsName)
}

function groups(expr: Aggregate, all: readonly KeptSeries[]): KeptSeries[][] {
  const table = groupTable<KeptSeries[]>(expr)
  const inOrder: KeptSeries[][] = []
  for (const series of all) {
    if (series.row.isEmpty) continue
    const group = table.get(series.labels)
    if (group !== undefined) {
      group.push(series)
      continue
    }
    const first = [series]
    table.set(series.labels, first)
    inOrder.push(first)
  }
  return inOrder
}

/** The shortest digits that give the number, never with an exponent. */
export function formatPlain(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  const text = Object.is(value, -0) ? '-0' : String(value)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return value === Number.NEGATIVE_INFINITY ? '-Inf' : text
  const [, sign, lead, fraction = '', exponentText] = match
  const exponent = Number(exponentText)
  const digits = `${lead}${fraction}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return `${sign}${digits.padEnd(exponent + 1, '0')}`
}
