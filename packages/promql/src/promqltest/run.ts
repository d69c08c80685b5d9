import type { Result } from '@signalbox/base'
import type { Expr } from '../ast.ts'
import { evaluateInstant, evaluateRange } from '../evaluate.ts'
import { formatLabels } from '../labels-text.ts'
import { parse } from '../parser.ts'
import { format } from '../printer.ts'
import type { EvaluationError, QueryOutput, QueryValue, SeriesColumns } from '../types.ts'
import { MemoryStore, type StoredPoint } from './memory-store.ts'
import { pinned, readsTheTime } from './pin.ts'
import { type Evaluation, type Expectation, parseScript } from './script.ts'
import type { SeriesLine } from './series-line.ts'

/** What became of one `eval`; `problem` is undefined when it passed. */
export interface Outcome {
  readonly line: number
  readonly expr: string
  readonly problem: string | undefined
}

const EPSILON = 1e-6
const SAMPLES_MAX = 10_000

/** Runs a file in the promqltest language and says of each `eval` whether it passed. */
export function runScript(text: string): Outcome[] {
  let store = new MemoryStore()
  const outcomes: Outcome[] = []
  for (const command of parseScript(text)) {
    if (command.kind === 'clear') store = new MemoryStore()
    else if (command.kind === 'load') {
      for (const { labels, points } of command.rows) {
        const floats: StoredPoint[] = []
        for (const [i, point] of points.entries()) {
          if (typeof point === 'number' || point === 'stale') floats.push([i * command.stepMs, point])
        }
        store.add(labels, floats)
      }
    } else outcomes.push({ line: command.line, expr: command.expr, problem: check(command, store) })
  }
  return outcomes
}

function check(test: Evaluation, store: MemoryStore): string | undefined {
  const parsed = parse(test.expr)
  if (!parsed.ok) return expects(test, 'fail') ? undefined : `does not parse: ${parsed.error.message}`
  const expr = parsed.value
  const again = parse(format(expr))
  if (!again.ok || format(again.value) !== format(expr)) return `printed ${format(expr)} does not parse back`
  const problem = judge(test, evaluate(test, expr, store))
  if (problem !== undefined || test.stepMs > 0) return problem
  return checkPinned(test, expr, store) ?? checkAsRange(test, expr, store)
}

function evaluate(test: Evaluation, expr: Expr, store: MemoryStore): Result<QueryOutput, EvaluationError> {
  const options = { limits: { samplesMax: SAMPLES_MAX } }
  return test.stepMs === 0 ? evaluateInstant(expr, store, test.startMs, options) : evaluateRange(expr, store, test, options)
}

/** With every selector pinned to the evaluation time the result is the same at any time. */
function checkPinned(test: Evaluation, expr: Expr, store: MemoryStore): string | undefined {
  if (readsTheTime(expr)) return undefined
  for (const factor of [-10, 0, 0.2, 1, 10]) {
    const problem = judge({ ...test, startMs: test.startMs * factor }, evaluateInstant(pinned(expr, test.startMs), store, test.startMs * factor))
    if (problem !== undefined) return `pinned with @ and evaluated at ${factor} t: ${problem}`
  }
  return undefined
}

/** The middle step of a range query equals the instant query. */
function checkAsRange(test: Evaluation, expr: Expr, store: MemoryStore): string | undefined {
  if (test.string !== undefined || test.matrix !== undefined || expects(test, 'ordered') || expects(test, 'fail')) return undefined
  const timeMs = test.startMs
  const output = evaluateRange(expr, store, { startMs: timeMs - 60_000, endMs: timeMs + 60_000, stepMs: 60_000 })
  if (!output.ok) return undefined
  const { value } = output.value
  if (value.type !== 'matrix') return 'a range query answers a matrix'
  const samples = value.series.flatMap(({ labels, timestampsMs, values }) => {
    const index = timestampsMs.indexOf(timeMs)
    return index < 0 ? [] : [{ labels, timestampMs: timeMs, value: values[index] as number }]
  })
  const middle: QueryValue =
    test.scalar === undefined ? { type: 'vector', samples } : { type: 'scalar', timestampMs: timeMs, value: samples[0]?.value ?? Number.NaN }
  const problem = judgeValue(test, middle)
  return problem === undefined ? undefined : `as a range query: ${problem}`
}

function expects(test: Evaluation, kind: Expectation['kind']): boolean {
  return test.expectations.some((expectation) => expectation.kind === kind)
}

function judge(test: Evaluation, output: Result<QueryOutput, EvaluationError>): string | undefined {
  const failures = test.expectations.filter(({ kind }) => kind === 'fail')
  if (!output.ok) {
    const { message } = output.error
    return failures.some((expectation) => fits(expectation, message)) ? undefined : `failed: ${message}`
  }
  if (failures.length > 0) return 'did not fail'
  const annotations = judgeNotes(test, 'warn', output.value.warnings) ?? judgeNotes(test, 'info', output.value.infos)
  return annotations ?? judgeValue(test, output.value.value)
}

function judgeNotes(test: Evaluation, kind: 'warn' | 'info', notes: readonly string[]): string | undefined {
  if (expects(test, `no_${kind}`) && notes.length > 0) return `unexpected ${kind}: ${notes.join('; ')}`
  const wanted = test.expectations.filter((expectation) => expectation.kind === kind)
  if (wanted.length === 0) return undefined
  if (!wanted.every((expectation) => notes.some((note) => fits(expectation, note)))) return `missing ${kind}, got: ${notes.join('; ') || 'none'}`
  const extra = notes.find((note) => !wanted.some((expectation) => fits(expectation, note)))
  return extra === undefined ? undefined : `unexpected ${kind}: ${extra}`
}

function fits({ message, pattern }: Expectation, text: string): boolean {
  return message !== undefined ? text === message : (pattern?.test(text) ?? true)
}

function judgeValue(test: Evaluation, value: QueryValue): string | undefined {
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
  if (rows.some((row) => row.points.includes('histogram'))) return 'expects a native histogram'
  const wanted = new Map(rows.map((row, i) => [row.labels.key, { row, index: i }]))
  for (const [index, one] of series.entries()) {
    const found = wanted.get(one.labels.key)
    if (found === undefined) return `unexpected series ${formatLabels(one.labels)} ${one.values.join(' ')}`
    wanted.delete(one.labels.key)
    if (ordered && found.index !== index) return `${formatLabels(one.labels)} at place ${index}, expected ${found.index}`
    const problem = comparePoints(found.row, one, steps)
    if (problem !== undefined) return `${formatLabels(one.labels)}: ${problem}`
  }
  const missing = [...wanted.values()].find(({ row }) => row.points.some((point) => point !== 'gap'))
  return missing === undefined ? undefined : `missing series ${formatLabels(missing.row.labels)}`
}

function comparePoints(row: SeriesLine, series: SeriesColumns, { startMs, stepMs }: Steps): string | undefined {
  const expected = row.points.flatMap((point, i) => (typeof point === 'number' ? [[startMs + i * stepMs, point] as const] : []))
  if (expected.length !== series.values.length) return `${series.values.length} points (${series.values.join(' ')}), expected ${expected.length}`
  for (const [i, [timeMs, value]] of expected.entries()) {
    if (series.timestampsMs[i] !== timeMs) return `a point at ${series.timestampsMs[i]}, expected one at ${timeMs}`
    if (!almostEqual(value, series.values[i] as number)) return `${series.values[i]} at ${timeMs}, expected ${value}`
  }
  return undefined
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
