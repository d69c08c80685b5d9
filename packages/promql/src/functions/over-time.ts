import { quantile } from '../arithmetic.ts'
import type { CallContext } from '../context.ts'
import { NeumaierSum, RunningMean } from '../neumaier.ts'
import type { LazySeries } from '../series.ts'
import { type FunctionDefinition, vectorFunction } from './signature.ts'
import { overRange, type Window, type WindowFunction, windowRow } from './window.ts'

function overTime(name: string, compute: WindowFunction, keepName = false): FunctionDefinition {
  return vectorFunction(name, ['range vector'], (call) =>
    overRange(call.range(0), (samples, windows) => windowRow(samples, windows, compute), keepName),
  )
}

function extreme(window: Window, better: (a: number, b: number) => boolean): number {
  let best = window.value(window.low)
  for (let i = window.low + 1; i < window.high; i++) {
    const value = window.value(i)
    if (better(value, best) || Number.isNaN(best)) best = value
  }
  return best
}

function sum(window: Window): number {
  const total = new NeumaierSum()
  for (let i = window.low; i < window.high; i++) total.add(window.value(i))
  return total.total
}

function mean(window: Window): number {
  const running = new RunningMean()
  for (let i = window.low; i < window.high; i++) running.add(window.value(i))
  return running.mean
}

/** Population variance. SOURCE: B. P. Welford, 1962, with compensated accumulators. */
function variance(window: Window): number {
  const average = new NeumaierSum()
  const squares = new NeumaierSum()
  for (let i = window.low, n = 1; i < window.high; i++, n++) {
    const delta = window.value(i) - average.total
    average.add(delta / n)
    squares.add(delta * (window.value(i) - average.total))
  }
  return squares.total / window.count
}

function changes(window: Window): number {
  let count = 0
  for (let i = window.low + 1; i < window.high; i++) {
    const before = window.value(i - 1)
    const now = window.value(i)
    if (now !== before && !(Number.isNaN(now) && Number.isNaN(before))) count++
  }
  return count
}

function resets(window: Window): number {
  let count = 0
  for (let i = window.low + 1; i < window.high; i++) {
    if (window.value(i) < window.value(i - 1)) count++
  }
  return count
}

function quantileOverTime(call: CallContext): LazySeries[] {
  const q = call.scalar(0)
  warnQuantile(call, q)
  return overRange(call.range(1), (samples, windows) =>
    windowRow(samples, windows, (window) => quantile(q[window.step] as number, window.values.slice(window.low, window.high))),
  )
}

/** Warns about a quantile that is not in [0, 1], once. */
export function warnQuantile(call: Pick<CallContext, 'annotations' | 'arg'>, q: Float64Array): void {
  const wrong = q.find((value) => !(value >= 0 && value <= 1))
  if (wrong === undefined) return
  const shown = wrong === Number.POSITIVE_INFINITY ? '+Inf' : wrong === Number.NEGATIVE_INFINITY ? '-Inf' : String(wrong)
  call.annotations.warn(`quantile value should be between 0 and 1, got ${shown}`, call.arg(0).place)
}

export const overTimeFunctions: readonly FunctionDefinition[] = [
  overTime('avg_over_time', mean),
  overTime('min_over_time', (window) => extreme(window, (a, b) => a < b)),
  overTime('max_over_time', (window) => extreme(window, (a, b) => a > b)),
  overTime('sum_over_time', sum),
  overTime('count_over_time', (window) => window.count),
  overTime('last_over_time', (window) => window.value(window.high - 1), true),
  overTime('first_over_time', (window) => window.value(window.low), true),
  overTime('present_over_time', () => 1),
  overTime('stdvar_over_time', variance),
  overTime('stddev_over_time', (window) => Math.sqrt(variance(window))),
  overTime('changes', changes),
  overTime('resets', resets),
  vectorFunction('quantile_over_time', ['scalar', 'range vector'], quantileOverTime),
]
