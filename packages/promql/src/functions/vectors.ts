import { Labels } from '@signalbox/base'
import { type CallContext, type KeptSeries, materialise } from '../context.ts'
import { compareLabels } from '../labels-text.ts'
import { type LazySeries, mapValues, Row } from '../series.ts'
import { type FunctionDefinition, scalarFunction, vectorFunction } from './signature.ts'

/** The value of the only series of a step; NaN when there are none or several. */
function scalar(call: CallContext): Float64Array {
  const { count } = call.grid
  const values = new Float64Array(count).fill(Number.NaN)
  const seen = new Uint8Array(count)
  for (const series of call.vector(0)) {
    const row = series.row()
    for (let i = 0; i < count; i++) {
      if (!row.has(i)) continue
      values[i] = seen[i] === 0 ? row.at(i) : Number.NaN
      seen[i] = 1
    }
  }
  return values
}

/** Orders the floats of an instant vector by value, NaN last both ways. A range result is ordered by labels, so there it only says so. */
function sorted(name: string, direction: 1 | -1): FunctionDefinition {
  return vectorFunction(name, ['instant vector'], (call) => {
    if (!call.instant) {
      call.annotations.warn('sort is ineffective for range queries since results are always ordered by labels', call.call.place)
      return call.vector(0).map((series) => mapValues(series, (row) => row.dropHistograms()))
    }
    const rows = materialise(call.vector(0), call.keepRows).filter(({ row }) => row.has(0))
    rows.sort((a, b) => compare(a.row.at(0), b.row.at(0), direction))
    return rows.map(kept)
  })
}

/** Orders an instant vector by the named labels in natural order, then by all labels. */
function sortedByLabel(name: string, direction: 1 | -1): FunctionDefinition {
  const sort = (call: CallContext): LazySeries[] => {
    if (!call.instant) {
      call.annotations.warn('sort is ineffective for range queries since results are always ordered by labels', call.call.place)
      return call.vector(0)
    }
    const names = call.call.args.slice(1).map((_, i) => call.string(i + 1))
    const rows = materialise(call.vector(0), call.keepRows).filter(({ row }) => row.hasPoint(0))
    rows.sort((a, b) => {
      for (const label of names) {
        const order = compareNaturally(a.labels.get(label), b.labels.get(label))
        if (order !== 0) return order * direction
      }
      return compareLabels(a.labels, b.labels) * direction
    })
    return rows.map(kept)
  }
  return vectorFunction(name, ['instant vector', 'string'], sort, { optional: 1, repeats: true, experimental: true })
}

/** Runs of digits by their number, other text by its characters. */
function compareNaturally(a: string, b: string): number {
  const [left, right] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i] as string, right[i] as string]
    if (x === y) continue
    const digits = /^\d/.test(x) && /^\d/.test(y)
    if (digits && Number(x) !== Number(y)) return Number(x) - Number(y)
    return x < y ? -1 : 1
  }
  return left.length - right.length
}

function kept({ labels, dropsName, row }: KeptSeries): LazySeries {
  return { labels, dropsName: dropsName ?? false, row: () => row }
}

function compare(a: number, b: number, direction: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a === b ? 0 : (a < b ? -1 : 1) * direction
}

export const vectorFunctions: readonly FunctionDefinition[] = [
  scalarFunction('scalar', ['instant vector'], scalar),
  vectorFunction('vector', ['scalar'], (call) => [{ labels: Labels.empty, row: () => Row.full(call.scalar(0)) }]),
  sorted('sort', 1),
  sorted('sort_desc', -1),
  sortedByLabel('sort_by_label', 1),
  sortedByLabel('sort_by_label_desc', -1),
]
