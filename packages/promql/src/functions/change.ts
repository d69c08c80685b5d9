import type { CallContext, RangeVector } from '../context.ts'
import { NeumaierSum } from '../neumaier.ts'
import { type RateKind, rateRow } from '../rate.ts'
import type { LazySeries } from '../series.ts'
import { type FunctionDefinition, vectorFunction } from './signature.ts'
import { overRange, type Window, type WindowFunction, windowRow } from './window.ts'

const COUNTER_NAME = /(?:_total|_sum|_count|_bucket)$/

function extrapolated(name: string, kind: RateKind): FunctionDefinition {
  return vectorFunction(name, ['range vector'], (call) => {
    const range = call.range(0)
    if (kind.counter) noteGauges(call, range)
    return overRange(range, (samples, windows) => rateRow(samples, windows, kind))
  })
}

function noteGauges(call: CallContext, range: RangeVector): void {
  const judged = new Set<string>()
  for (const { labels } of range.series) {
    const name = labels.get('__name__')
    if (name === '' || judged.has(name)) continue
    judged.add(name)
    if (COUNTER_NAME.test(name)) continue
    const message = `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "${name}"`
    call.annotations.info(message, call.arg(0).place)
  }
}

/** The change between the last two samples: as it is (idelta), or per second and with a reset counted from zero (irate). */
function lastTwo(name: string, perSecond: boolean): FunctionDefinition {
  const compute: WindowFunction = (window) => {
    if (window.count < 2) return undefined
    const last = window.value(window.high - 1)
    const before = window.value(window.high - 2)
    if (!perSecond) return last - before
    const seconds = (window.timeMs(window.high - 1) - window.timeMs(window.high - 2)) / 1000
    return seconds === 0 ? undefined : (last < before ? last : last - before) / seconds
  }
  return vectorFunction(name, ['range vector'], (call) => overRange(call.range(0), (samples, windows) => windowRow(samples, windows, compute)))
}

/** Least squares over a window: slope per second, and the value of the line at `originMs`. SOURCE: prometheus promql/functions.go (linearRegression). */
function linearRegression(window: Window, originMs: number): { slope: number; intercept: number } {
  const first = window.value(window.low)
  const [x, y, xy, xx] = [new NeumaierSum(), new NeumaierSum(), new NeumaierSum(), new NeumaierSum()]
  let constant = true
  for (let i = window.low; i < window.high; i++) {
    const seconds = (window.timeMs(i) - originMs) / 1000
    const value = window.value(i)
    if (i > window.low && value !== first) constant = false
    x.add(seconds)
    y.add(value)
    xy.add(seconds * value)
    xx.add(seconds * seconds)
  }
  if (constant) return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: Number.NaN, intercept: Number.NaN }
  const n = window.count
  const covariance = xy.total - (x.total * y.total) / n
  const slope = covariance / (xx.total - (x.total * x.total) / n)
  return { slope, intercept: y.total / n - (slope * x.total) / n }
}

function deriv(call: CallContext): LazySeries[] {
  return overRange(call.range(0), (samples, windows) =>
    windowRow(samples, windows, (window) => (window.count < 2 ? undefined : linearRegression(window, window.timeMs(window.low)).slope)),
  )
}

function predictLinear(call: CallContext): LazySeries[] {
  const ahead = call.scalar(1)
  const { grid } = call
  return overRange(call.range(0), (samples, windows) =>
    windowRow(samples, windows, (window) => {
      if (window.count < 2) return undefined
      // The line is read at the evaluation time, whatever the selector's offset.
      const { slope, intercept } = linearRegression(window, grid.startMs + window.step * grid.stepMs)
      return slope * (ahead[window.step] as number) + intercept
    }),
  )
}

export const changeFunctions: readonly FunctionDefinition[] = [
  extrapolated('rate', { counter: true, perSecond: true }),
  extrapolated('increase', { counter: true, perSecond: false }),
  extrapolated('delta', { counter: false, perSecond: false }),
  lastTwo('irate', true),
  lastTwo('idelta', false),
  vectorFunction('deriv', ['range vector'], deriv),
  vectorFunction('predict_linear', ['range vector', 'scalar'], predictLinear),
]
