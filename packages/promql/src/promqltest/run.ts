import type { Result } from '@signalbox/base'
import type { Expr } from '../ast.ts'
import { evaluateInstant, evaluateRange } from '../evaluate.ts'
import { parse } from '../parser.ts'
import { format } from '../printer.ts'
import type { EvaluationError, EvaluationOptions, QueryOutput, QueryValue } from '../types.ts'
import { withCustomBuckets } from './custom-buckets.ts'
import { expects, judge, judgeFailure, judgeValue } from './judge.ts'
import { MemoryStore, type StoredPoint } from './memory-store.ts'
import { pinned, readsTheQuery, readsTheTime } from './pin.ts'
import { type Evaluation, type Load, type LoadedSeries, parseScript } from './script.ts'

/** What became of one `eval`; `problem` is undefined when it passed. */
export interface Outcome {
  readonly line: number
  readonly expr: string
  readonly problem: string | undefined
}

/** As Prometheus runs its own files. */
const OPTIONS: EvaluationOptions = { limits: { samplesMax: 10_000 }, delayedNameRemoval: true }
/** Times, as multiples of that of the query, at which a pinned query must answer the same. */
const PINNED_AT = [-10, 0, 0.2, 1, 10]

/** Runs a file in the promqltest language and says of each `eval` whether it passed; what cannot be read has failed. */
export function runScript(text: string): Outcome[] {
  let store = new MemoryStore()
  const outcomes: Outcome[] = []
  for (const command of parseScript(text)) {
    if (command.kind === 'clear') store = new MemoryStore()
    else if (command.kind === 'load') load(command, store)
    else if (command.kind === 'unreadable') outcomes.push({ line: command.line, expr: command.text, problem: command.problem })
    else outcomes.push({ line: command.line, expr: command.expr, problem: checked(command, store) })
  }
  return outcomes
}

function load({ rows, stepMs, customBuckets }: Load, store: MemoryStore): void {
  const native = customBuckets ? withCustomBuckets(rows) : []
  for (const row of [...rows, ...native.map((one): LoadedSeries => ({ ...one, startOffsetsMs: undefined }))]) {
    const points: StoredPoint[] = []
    for (const [i, point] of row.points.entries()) {
      if (point === 'gap') continue
      const offsetMs = row.startOffsetsMs?.[i]
      points.push([i * stepMs, point, offsetMs === undefined ? 0 : i * stepMs + offsetMs])
    }
    store.add(row.labels, points)
  }
}

/** As `check`; a bug that throws fails its own case and no other. */
function checked(test: Evaluation, store: MemoryStore): string | undefined {
  try {
    return check(test, store)
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
}

function check(test: Evaluation, store: MemoryStore): string | undefined {
  const parsed = parse(test.expr, { experimental: true })
  if (!parsed.ok) {
    const failures = test.expectations.filter(({ kind }) => kind === 'fail')
    if (failures.length === 0) return `does not parse: ${parsed.error.message}`
    return judgeFailure(failures, parsed.error.message)
  }
  const expr = parsed.value
  const again = parse(format(expr), { experimental: true })
  if (!again.ok || format(again.value) !== format(expr)) return `printed ${format(expr)} does not parse back`
  const problem = judge(test, evaluate(test, expr, store))
  if (problem !== undefined || test.stepMs > 0) return problem
  return checkAsRange(test, expr, store) ?? checkPinned(test, expr, store)
}

function evaluate(test: Evaluation, expr: Expr, store: MemoryStore): Result<QueryOutput, EvaluationError> {
  return test.stepMs === 0 ? evaluateInstant(expr, store, test.startMs, OPTIONS) : evaluateRange(expr, store, test, OPTIONS)
}

/** With every selector pinned to the evaluation time the result is the same at any time. */
function checkPinned(test: Evaluation, expr: Expr, store: MemoryStore): string | undefined {
  if (readsTheTime(expr) || readsTheQuery(expr)) return undefined
  const fixed = pinned(expr, test.startMs)
  for (const factor of PINNED_AT) {
    // The point of a range vector keeps its time, so only the other results move.
    const moved = { ...test, startMs: test.startMs * factor }
    const problem = judge(moved, evaluateInstant(fixed, store, moved.startMs, OPTIONS)) ?? checkAsRange(moved, fixed, store)
    if (problem !== undefined) return `pinned with @ and evaluated at ${factor} t: ${problem}`
  }
  return undefined
}

/** The middle step of a range query equals the instant query. */
function checkAsRange(test: Evaluation, expr: Expr, store: MemoryStore): string | undefined {
  if (test.string !== undefined || test.matrix !== undefined || expects(test, 'ordered') || expects(test, 'fail')) return undefined
  if (readsTheQuery(expr)) return undefined
  const timeMs = test.startMs
  const output = evaluateRange(expr, store, { startMs: timeMs - 60_000, endMs: timeMs + 60_000, stepMs: 60_000 }, OPTIONS)
  // A neighbouring step may fail where this one does not.
  if (!output.ok) return undefined
  const { value } = output.value
  if (value.type !== 'matrix') return 'a range query answers a matrix'
  const samples = value.series.flatMap(({ labels, timestampsMs, values, histograms }) => {
    const index = timestampsMs.indexOf(timeMs)
    if (index < 0) return []
    const histogram = histograms?.[index]
    const sample = { labels, timestampMs: timeMs, value: values[index] as number }
    return [histogram === undefined ? sample : { ...sample, histogram }]
  })
  const middle: QueryValue =
    test.scalar === undefined ? { type: 'vector', samples } : { type: 'scalar', timestampMs: timeMs, value: samples[0]?.value ?? Number.NaN }
  const problem = judgeValue(test, middle)
  return problem === undefined ? undefined : `as a range query: ${problem}`
}
