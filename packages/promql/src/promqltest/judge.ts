import type { Result } from '@signalbox/base'
import { compacted, type FloatHistogram } from '../histogram/float-histogram.ts'
import { formatHistogram } from '../histogram/histogram-text.ts'
import { formatLabels } from '../labels-text.ts'
import type { EvaluationError, QueryOutput, QueryValue, SeriesColumns } from '../types.ts'
import type { Evaluation, Expectation } from './script.ts'
import type { Point, SeriesLine } from './series-line.ts'

const EPSILON = 1e-6

export function expects(test: Evaluation, kind: Expectation['kind']): boolean {
  return test.expectations.some((expectation) => expectation.kind === kind)
}

/** What is wrong with an output; undefined when it is as expected. */
export function judge(test: Evaluation, output: Result<QueryOutput, EvaluationError>): string | undefined {
  const failures = test.expectations.filter(({ kind }) => kind === 'fail')
  if (!output.ok) return judgeFailure(failures, output.error.message)
  if (failures.length > 0) return 'did not fail'
  const annotations = judgeNotes(test, 'warn', output.value.warnings) ?? judgeNotes(test, 'info', output.value.infos)
  return annotations ?? judgeValue(test, output.value.value)
}

export function judgeFailure(failures: readonly Expectation[], message: string): string | undefined {
  return failures.some((expectation) => fits(expectation, message)) ? undefined : `failed: ${message}`
}

function judgeNotes(test: Evaluation, kind: 'warn' | 'info', notes: readonly string[]): string | undefined {
  if (expects(test, `no_${kind}`) && notes.length > 0) return `unexpected ${kind}: ${notes.join('; ')}`
  const wanted = test.expectations.filter((expectation) => expectation.kind === kind)
  if (wanted.length === 0) return undefined
  if (!wanted.every((expectation) => notes.some((note) => fits(expectation, note)))) return `missing ${kind}, got: ${notes.join('; ') || 'none'}`
  const extra = notes.find((note) => !wanted.some((expectation) => fits(expectation, note)))
  return extra === undefined ? undefined : `unexpected ${kind}: ${extra}`
}

function fits({ message, matches }: Expectation, text: string): boolean {
  return message !== undefined ? text === message : (matches?.(text) ?? true)
}

export function judgeValue(test: Evaluation, value: QueryValue): string | undefined {
  switch (value.type) {
    case 'string':
      return value.value === test.string ? undefined : `got string ${value.value}`
    case 'scalar':
      return test.scalar !== undefined && almostEqual(test.scalar, value.value) ? undefined : `got scalar ${value.value}`
    case 'vector': {
      const series = value.samples.map((sample) => ({
        labels: sample.labels,
        timestampsMs: Float64Array.of(test.startMs),
        values: Float64Array.of(sample.value),
        ...(sample.histogram === undefined ? {} : { histograms: [sample.histogram] }),
      }))
      return compareRows(test.rows, series, { startMs: test.startMs, stepMs: 1 }, expects(test, 'ordered'))
    }
    case 'matrix':
      if (test.stepMs === 0 && test.matrix === undefined) return 'got a matrix'
      return compareRows(test.rows, value.series, test.matrix ?? test, false)
  }
}

interface Steps {
  readonly startMs: number
  readonly stepMs: number
}

function compareRows(rows: readonly SeriesLine[], series: readonly SeriesColumns[], steps: Steps, ordered: boolean): string | undefined {
  const wanted = new Map(rows.map((row, i) => [row.labels.key, { row, index: i }]))
  for (const [index, one] of series.entries()) {
    const found = wanted.get(one.labels.key)
    if (found === undefined) return `unexpected series ${formatLabels(one.labels)} ${show(one)}`
    wanted.delete(one.labels.key)
    if (ordered && found.index !== index) return `${formatLabels(one.labels)} at place ${index}, expected ${found.index}`
    const problem = comparePoints(found.row, one, steps)
    if (problem !== undefined) return `${formatLabels(one.labels)}: ${problem}`
  }
  const missing = [...wanted.values()].find(({ row }) => row.points.some((point) => point !== 'gap'))
  return missing === undefined ? undefined : `missing series ${formatLabels(missing.row.labels)}`
}

function show({ values, histograms }: SeriesColumns): string {
  return Array.from(values, (value, i) => showPoint(histograms?.[i] ?? value)).join(' ')
}

function showPoint(point: Point): string {
  if (typeof point !== 'object') return String(point)
  const layout = point.customBounds.length > 0 ? `custom [${point.customBounds.join(' ')}]` : `schema ${point.schema}`
  return `${formatHistogram(point)} (${layout}, zero ${point.zeroThreshold}, ${point.resetHint})`
}

function comparePoints(row: SeriesLine, series: SeriesColumns, { startMs, stepMs }: Steps): string | undefined {
  const expected = row.points.flatMap((point, i) => (point === 'gap' || point === 'stale' ? [] : [[startMs + i * stepMs, point] as const]))
  if (expected.length !== series.values.length) return `${series.values.length} points (${show(series)}), expected ${expected.length}`
  for (const [i, [timeMs, point]] of expected.entries()) {
    if (series.timestampsMs[i] !== timeMs) return `a point at ${series.timestampsMs[i]}, expected one at ${timeMs}`
    const got = series.histograms?.[i] ?? (series.values[i] as number)
    if (!samePoint(point, got)) return `${showPoint(got)} at ${timeMs}, expected ${showPoint(point)}`
  }
  return undefined
}

function samePoint(wanted: number | FloatHistogram, got: number | FloatHistogram): boolean {
  if (typeof wanted === 'number' || typeof got === 'number')
    return wanted === got || (typeof wanted === typeof got && almostEqual(wanted as number, got as number))
  return sameHistogram(compacted(wanted), compacted(got))
}

/** Layouts are exact, numbers almost; a hint that is not written is not compared. SOURCE: prometheus promqltest (compareNativeHistogram). */
function sameHistogram(wanted: FloatHistogram, got: FloatHistogram): boolean {
  const numbers = (h: FloatHistogram): number[] => [h.count, h.sum, h.zeroCount, ...h.positive.counts, ...h.negative.counts]
  const layout = (h: FloatHistogram): string => [h.schema, h.zeroThreshold, h.customBounds, h.positive.indices, h.negative.indices].join('|')
  if (layout(wanted) !== layout(got)) return false
  if (wanted.resetHint !== 'unknown' && wanted.resetHint !== got.resetHint) return false
  const others = numbers(got)
  return numbers(wanted).every((value, i) => almostEqual(value, others[i] as number))
}

/** SOURCE: prometheus util/almost (Equal). */
function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false
  const difference = Math.abs(a - b)
  const size = Math.abs(a) + Math.abs(b)
  if (a === 0 || b === 0 || size < 2 ** -1022) return difference < EPSILON * 2 ** -1022
  return difference / Math.min(size, Number.MAX_VALUE) < EPSILON
}
