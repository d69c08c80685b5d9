import { quantile } from '../arithmetic.ts'
import type { CallContext } from '../context.ts'
import { EvaluationFailure } from '../failure.ts'
import { isReset } from '../histogram/combine.ts'
import { equalHistograms, type FloatHistogram } from '../histogram/float-histogram.ts'
import { HistogramMean, HistogramSum } from '../histogram/histogram-sum.ts'
import { formatG } from '../histogram/histogram-text.ts'
import { NeumaierSum, RunningMean } from '../neumaier.ts'
import { RangeNotes } from '../rate/notes.ts'
import { isStartReset } from '../rate/start-time.ts'
import type { LazySeries } from '../series.ts'
import { type FunctionDefinition, vectorFunction } from './signature.ts'
import { overFloats, overRange, type Window, type WindowFunction, windowRow } from './window.ts'

/** A function of the floats of a window. */
function ofFloats(name: string, compute: WindowFunction, experimental = false): FunctionDefinition {
  return vectorFunction(name, ['range vector'], (call) => overFloats(call, call.range(0), 0, compute), { experimental })
}

interface SampleFunctionOptions {
  readonly keepName?: boolean
  readonly experimental?: boolean
}

/** A function of all samples of a window, whatever they are. */
function ofSamples(
  name: string,
  compute: (window: Window) => number | FloatHistogram | undefined,
  { keepName = false, experimental = false }: SampleFunctionOptions = {},
): FunctionDefinition {
  const overAll = (call: CallContext): LazySeries[] =>
    overRange(call, call.range(0), (samples, windows) => windowRow(samples, windows, compute), keepName)
  return vectorFunction(name, ['range vector'], overAll, { experimental })
}

/** A function of floats or of histograms; a window with both has no point and gets a warning. */
function ofOneKind(name: string, compute: WindowFunction, ofHistograms: (window: Window, notes: RangeNotes) => FloatHistogram | undefined) {
  return vectorFunction(name, ['range vector'], (call) =>
    overRange(call, call.range(0), (samples, windows, { labels }) => {
      if (samples.histograms === undefined) return windowRow(samples, windows, compute)
      const notes = new RangeNotes(call.annotations, call.arg(0).place, labels)
      return windowRow(samples, windows, (window) => {
        const histograms = window.histogramCount
        if (histograms === 0) return compute(window)
        return histograms === window.count ? ofHistograms(window, notes) : notes.mixedTypes()
      })
    }),
  )
}

function extremeIndex(window: Window, better: (a: number, b: number) => boolean): number {
  let best = window.low
  for (let i = window.low + 1; i < window.high; i++) {
    if (better(window.value(i), window.value(best)) || Number.isNaN(window.value(best))) best = i
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

/** Adds all histograms of a window to an accumulator, and says what is worth saying. */
function accumulated<T extends HistogramSum | HistogramMean>(into: T, window: Window, notes: RangeNotes): T | undefined {
  let compatible = true
  for (let i = window.low; compatible && i < window.high; i++) compatible = into.add(window.histogram(i) as FloatHistogram)
  if (into.hintsCollide) notes.hintsCollide()
  if (into.boundsReconciled) notes.boundsReconciled('aggregation')
  return compatible ? into : notes.mixedSchemas()
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
    const [h0, h1] = [window.histogram(i - 1), window.histogram(i)]
    if (h0 !== undefined || h1 !== undefined) {
      if (h0 === undefined || h1 === undefined || !equalHistograms(h0, h1)) count++
      continue
    }
    const before = window.value(i - 1)
    const now = window.value(i)
    if (now !== before && !(Number.isNaN(now) && Number.isNaN(before))) count++
  }
  return count
}

function resets(window: Window): number {
  let count = 0
  for (let i = window.low + 1; i < window.high; i++) {
    const [h0, h1] = [window.histogram(i - 1), window.histogram(i)]
    const byStart = isStartReset(
      { startedMs: window.startedMs(i - 1), timeMs: window.timeMs(i - 1) },
      { startedMs: window.startedMs(i), timeMs: window.timeMs(i) },
    )
    if (h0 !== undefined && h1 !== undefined ? isReset(h0, h1) : h0 !== h1 || window.value(i) < window.value(i - 1)) count++
    else if (byStart) count++
  }
  return count
}

function quantileOverTime(call: CallContext): LazySeries[] {
  const q = call.scalar(0)
  warnQuantile(call, q)
  return overFloats(call, call.range(1), 0, (window) => quantile(q[window.step] as number, window.values.slice(window.low, window.high)))
}

/** The median of the distances from the median; NaN when any value is. */
function medianDeviation(window: Window): number {
  const values = window.values.slice(window.low, window.high)
  if (values.some(Number.isNaN)) return Number.NaN
  const median = quantile(0.5, values)
  return quantile(
    0.5,
    values.map((value) => Math.abs(value - median)),
  )
}

/** Holt's linear trend. SOURCE: prometheus promql/functions.go (double_exponential_smoothing). */
function doubleExponentialSmoothing(call: CallContext): LazySeries[] {
  const [smoothing, trend] = [call.scalar(1), call.scalar(2)]
  return overFloats(call, call.range(0), 0, (window) => {
    const [sf, tf] = [smoothing[window.step] as number, trend[window.step] as number]
    requireFactor(sf, 'smoothing')
    requireFactor(tf, 'trend')
    if (window.count < 2) return undefined
    let level = window.value(window.low)
    let before = 0
    let slope = window.value(window.low + 1) - level
    for (let i = window.low + 1; i < window.high; i++) {
      if (i > window.low + 1) slope = tf * (level - before) + (1 - tf) * slope
      const next = sf * window.value(i) + (1 - sf) * (level + slope)
      before = level
      level = next
    }
    return level
  })
}

function requireFactor(factor: number, kind: 'smoothing' | 'trend'): void {
  if (factor > 0 && factor < 1) return
  const initial = kind === 'smoothing' ? 'sf' : 'tf'
  throw new EvaluationFailure('execution', `invalid ${kind} factor. Expected: 0 < ${initial} < 1, got: ${factor.toFixed(6)}`)
}

/** Warns about quantiles that are not in [0, 1]: NaN, the largest and the smallest of them. */
export function warnQuantile(call: Pick<CallContext, 'annotations' | 'arg'>, q: Float64Array, argument = 0): void {
  let [least, most] = [0, 1]
  for (const value of q) {
    if (Number.isNaN(value)) warn(value)
    least = Math.min(least, Number.isNaN(value) ? 0 : value)
    most = Math.max(most, Number.isNaN(value) ? 1 : value)
  }
  if (most > 1) warn(most)
  if (least < 0) warn(least)

  function warn(value: number): void {
    call.annotations.warn(`quantile value should be between 0 and 1, got ${formatG(value)}`, call.arg(argument).place)
  }
}

const EXPERIMENTAL = { experimental: true }
const seconds = (window: Window, index: number): number => window.timeMs(index) / 1000
const sampleAt = (window: Window, index: number): number | FloatHistogram => window.histogram(index) ?? window.value(index)

export const overTimeFunctions: readonly FunctionDefinition[] = [
  ofOneKind('avg_over_time', mean, (window, notes) => accumulated(new HistogramMean(), window, notes)?.total()),
  ofFloats('min_over_time', (window) => window.value(extremeIndex(window, (a, b) => a < b))),
  ofFloats('max_over_time', (window) => window.value(extremeIndex(window, (a, b) => a > b))),
  ofOneKind('sum_over_time', sum, (window, notes) => accumulated(new HistogramSum(), window, notes)?.total()),
  ofSamples('count_over_time', (window) => window.count),
  ofSamples('last_over_time', (window) => sampleAt(window, window.high - 1), { keepName: true }),
  ofSamples('first_over_time', (window) => sampleAt(window, window.low), { keepName: true }),
  ofSamples('present_over_time', () => 1),
  ofFloats('stdvar_over_time', variance),
  ofFloats('stddev_over_time', (window) => Math.sqrt(variance(window))),
  ofSamples('changes', changes),
  ofSamples('resets', resets),
  ofFloats('mad_over_time', medianDeviation, true),
  ofSamples('ts_of_first_over_time', (window) => seconds(window, window.low), EXPERIMENTAL),
  ofSamples('ts_of_last_over_time', (window) => seconds(window, window.high - 1), EXPERIMENTAL),
  ofFloats(
    'ts_of_max_over_time',
    (window) =>
      seconds(
        window,
        extremeIndex(window, (a, b) => a >= b),
      ),
    true,
  ),
  ofFloats(
    'ts_of_min_over_time',
    (window) =>
      seconds(
        window,
        extremeIndex(window, (a, b) => a <= b),
      ),
    true,
  ),
  vectorFunction('quantile_over_time', ['scalar', 'range vector'], quantileOverTime),
  vectorFunction('double_exponential_smoothing', ['range vector', 'scalar', 'scalar'], doubleExponentialSmoothing, EXPERIMENTAL),
]
