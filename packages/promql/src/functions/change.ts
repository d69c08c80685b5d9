import type { Labels } from '@signalbox/base'
import type { CallContext, Samples } from '../context.ts'
import { isReset } from '../histogram/combine.ts'
import { compacted, divided, type FloatHistogram } from '../histogram/float-histogram.ts'
import { NeumaierSum } from '../neumaier.ts'
import { boundaryRateRow } from '../rate/boundary-rate.ts'
import { RangeNotes } from '../rate/notes.ts'
import { RatePlans } from '../rate/rate-plan.ts'
import { type RateKind, rateRow } from '../rate/rate-row.ts'
import { isStartReset } from '../rate/start-time.ts'
import { windowRate } from '../rate/window-rate.ts'
import type { LazySeries } from '../series.ts'
import { type FunctionDefinition, vectorFunction } from './signature.ts'
import { overFloats, overRange, type Window, windowRow } from './window.ts'

const COUNTER_NAME = /(?:_total|_sum|_count|_bucket)$/

function extrapolated(name: string, kind: RateKind): FunctionDefinition {
  return vectorFunction(name, ['range vector'], (call) => {
    const judged = new Set<string>()
    const range = call.range(0)
    const plans = new RatePlans(range.windows, kind)
    return overRange(call, range, (samples, windows, { labels, spare }) => {
      if (kind.counter) noteGauge(call, samples, labels, judged)
      if (windows.boundaries === 'sampled' && samples.histograms === undefined && samples.startTimestampsMs === undefined) {
        return rateRow(samples.values, plans.planOf(samples.timestampsMs), kind, spare)
      }
      const notes = new RangeNotes(call.annotations, call.arg(0).place, labels)
      if (windows.boundaries !== 'sampled') return boundaryRateRow(samples, windows, kind, notes)
      return windowRow(samples, windows, (window) => windowRate(window, windows.rangeMs, kind, notes))
    })
  })
}

/** Notes once a name that no counter of floats should have. */
function noteGauge(call: CallContext, { values, histograms }: Samples, labels: Labels, judged: Set<string>): void {
  const name = labels.get('__name__')
  if (name === '' || judged.has(name)) return
  if (COUNTER_NAME.test(name)) {
    judged.add(name)
    return
  }
  const floats = values.length - (histograms?.filter((histogram) => histogram !== undefined).length ?? 0)
  if (floats === 0) return
  judged.add(name)
  const message = `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "${name}"`
  call.annotations.info(message, call.arg(0).place)
}

/** The change between the last two samples: as it is (idelta), or per second and with a reset counted from zero (irate). */
function lastTwo(name: string, perSecond: boolean): FunctionDefinition {
  return vectorFunction(name, ['range vector'], (call) =>
    overRange(call, call.range(0), (samples, windows, { labels }) => {
      const notes = new RangeNotes(call.annotations, call.arg(0).place, labels)
      return windowRow(samples, windows, (window) => lastChange(window, perSecond, notes))
    }),
  )
}

function lastChange(window: Window, perSecond: boolean, notes: RangeNotes): number | FloatHistogram | undefined {
  if (window.count < 2) return undefined
  const [before, last] = [window.high - 2, window.high - 1]
  const seconds = (window.timeMs(last) - window.timeMs(before)) / 1000
  if (seconds === 0) return undefined
  const startReset = isStartReset(
    { startedMs: window.startedMs(before), timeMs: window.timeMs(before) },
    { startedMs: window.startedMs(last), timeMs: window.timeMs(last) },
  )
  const [h0, h1] = [window.histogram(before), window.histogram(last)]
  if (h0 === undefined && h1 === undefined) {
    const [v0, v1] = [window.value(before), window.value(last)]
    if (!perSecond) return v1 - v0
    return (v1 < v0 || startReset ? v1 : v1 - v0) / seconds
  }
  if (h0 === undefined || h1 === undefined) return notes.mixedTypes()
  const gauges = Number(h0.resetHint === 'gauge') + Number(h1.resetHint === 'gauge')
  if (perSecond && gauges > 0) notes.notCounter()
  if (!perSecond && gauges < 2) notes.notGauge()
  const change = perSecond && (startReset || isReset(h0, h1)) ? h1 : notes.subtracted(h1, h0)
  if (change === undefined) return undefined
  const gauge: FloatHistogram = compacted({ ...change, resetHint: 'gauge' })
  return perSecond ? divided(gauge, seconds) : gauge
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
  return overFloats(call, call.range(0), 0, (window) => (window.count < 2 ? undefined : linearRegression(window, window.timeMs(window.low)).slope))
}

function predictLinear(call: CallContext): LazySeries[] {
  const ahead = call.scalar(1)
  const { grid } = call
  return overFloats(call, call.range(0), 0, (window) => {
    if (window.count < 2) return undefined
    // The line is read at the evaluation time, whatever the selector's offset.
    const { slope, intercept } = linearRegression(window, grid.startMs + window.step * grid.stepMs)
    return slope * (ahead[window.step] as number) + intercept
  })
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
