import { table } from './table.ts'

/** One series of an answer of Prometheus's `query` or `query_range`. */
export interface ResultSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: Point
  readonly values?: readonly Point[]
  readonly histogram?: HistogramPoint
  readonly histograms?: readonly HistogramPoint[]
}

/** Seconds since the epoch, and the value as text. */
type Point = readonly [seconds: number, value: string]
type HistogramPoint = readonly [seconds: number, histogram: { readonly count: string; readonly sum: string }]

export type ResultData =
  | { readonly resultType: 'scalar'; readonly result: Point }
  | { readonly resultType: 'string'; readonly result: Point }
  | { readonly resultType: 'vector'; readonly result: readonly ResultSeries[] }
  | { readonly resultType: 'matrix'; readonly result: readonly ResultSeries[] }

/** What the columns of sparklines stand for: `columns` points from `from` to `to`, both in seconds. */
export interface TimeAxis {
  readonly from: number
  readonly to: number
  readonly columns: number
}

const LEVELS = '▁▂▃▄▅▆▇█'

/** Columns of a sparkline. */
const WIDTH_MAX = 60

/** The result for a terminal: a value alone, or a table with a column a label; a series' points as a sparkline, its range and its last value. */
export function resultText(data: ResultData): string {
  if (data.resultType === 'scalar' || data.resultType === 'string') return data.result[1]
  const { result } = data
  if (result.length === 0) return 'No series.'
  const labels = labelColumns(result)
  const labelHeader = labels.map((name) => (name === '__name__' ? 'metric' : name))
  const rows = (cells: (series: ResultSeries) => readonly string[]) =>
    result.map((series) => [...labels.map((name) => series.metric[name] ?? ''), ...cells(series)])
  if (data.resultType === 'vector') {
    return table(
      [...labelHeader, 'value'],
      rows((series) => [valueCell(series)]),
    )
  }
  const axis = timeAxisOf(result)
  return table(
    [...labelHeader, 'last', 'lowest', 'highest', ''],
    rows((series) => pointCells(series, axis)),
  )
}

/** The axis on which every series of a matrix is drawn: a column a step, at most 60. */
export function timeAxisOf(result: readonly ResultSeries[]): TimeAxis {
  const points = result.flatMap(({ values = [], histograms = [] }) => [...values, ...histograms])
  const times = [...new Set(points.map(([at]) => at))].sort((a, b) => a - b)
  const [from = 0] = times
  const to = times.at(-1) ?? from
  let gap = to - from
  for (let i = 1; i < times.length; i++) gap = Math.min(gap, (times[i] as number) - (times[i - 1] as number))
  return { from, to, columns: gap === 0 ? 1 : Math.min(WIDTH_MAX, Math.round((to - from) / gap) + 1) }
}

/**
 * One character a column: its last value between the lowest (▁) and the highest (█) of the series; blank where there is none, `·` for what
 * is not finite.
 */
export function sparkline(points: readonly (readonly [at: number, value: number])[], { from, to, columns }: TimeAxis): string {
  const drawn = new Array<number | undefined>(columns)
  for (const [at, value] of points) drawn[columns === 1 ? 0 : Math.round(((at - from) / (to - from)) * (columns - 1))] = value
  const { lowest, highest } = extremes(points.map(([, value]) => value))
  return Array.from(drawn, (value) => {
    if (value === undefined) return ' '
    if (!Number.isFinite(value)) return '·'
    const share = highest === lowest ? 0.5 : (value - lowest) / (highest - lowest)
    return LEVELS[Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length))]
  }).join('')
}

/** `__name__` first, then the others by name; those that no series has are no columns. */
function labelColumns(result: readonly ResultSeries[]): string[] {
  const names = new Set(result.flatMap(({ metric }) => Object.keys(metric)))
  return [...names].sort((a, b) => Number(b === '__name__') - Number(a === '__name__') || (a < b ? -1 : 1))
}

function valueCell({ value, histogram }: ResultSeries): string {
  return value?.[1] ?? (histogram === undefined ? '' : histogramText(histogram))
}

function pointCells({ values = [], histograms = [] }: ResultSeries, axis: TimeAxis): string[] {
  const newest = histograms.at(-1)
  if (newest !== undefined && newest[0] >= (values.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY)) return [histogramText(newest), '', '', '']
  const points = values.map(([at, text]) => [at, numberOf(text)] as const)
  const { lowest, highest } = extremes(points.map(([, value]) => value))
  const range = lowest > highest ? ['', ''] : [String(lowest), String(highest)]
  return [values.at(-1)?.[1] ?? '', ...range, sparkline(points, axis)]
}

function histogramText([, { count, sum }]: HistogramPoint): string {
  return `histogram of ${count}, sum ${sum}`
}

/** Of the finite values; the lowest is above the highest where there is none. */
function extremes(values: readonly number[]): { readonly lowest: number; readonly highest: number } {
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    if (value < lowest) lowest = value
    if (value > highest) highest = value
  }
  return { lowest, highest }
}

function numberOf(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text)
}
