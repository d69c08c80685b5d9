import type { Window } from '../functions/window.ts'
import { isReset } from '../histogram/combine.ts'
import { compacted, type FloatHistogram, isCustom, multiplied, NO_BUCKETS } from '../histogram/float-histogram.ts'
import type { RangeNotes } from './notes.ts'
import { extrapolation, type RateKind } from './rate-row.ts'
import { isStartReset } from './start-time.ts'

/**
 * `rate`, `increase` and `delta` of one window whose samples are native histograms or know when their counter began. A mix of floats and
 * histograms has no rate. SOURCE: prometheus promql/functions.go (extrapolatedRate).
 */
export function windowRate(window: Window, rangeMs: number, kind: RateKind, notes: RangeNotes): number | FloatHistogram | undefined {
  const histograms = window.histogramCount
  if (histograms > 0 && histograms < window.count) return notes.mixedTypes()
  const first = window.histogram(window.low)
  let change = first === undefined ? floatChange(window, kind.counter) : histogramChange(window, kind.counter, notes)
  if (change === undefined && window.count > 1) return undefined
  const startedMs = window.startedMs(window.low)
  const [firstMs, lastMs] = [window.timeMs(window.low), window.timeMs(window.high - 1)]
  const beginsInside = kind.counter && startedMs > window.startMs && startedMs < firstMs
  if (!beginsInside && window.count < 2) return undefined
  const firstCount = first?.count ?? window.value(window.low)
  const seconds = kind.perSecond ? rangeMs / 1000 : 1
  if (!beginsInside) {
    const changeCount = typeof change === 'number' ? change : (change?.count ?? 0)
    const sampled = { startMs: window.startMs, endMs: window.endMs, firstMs, lastMs, count: window.count, first: firstCount, change: changeCount }
    return scaled(change, extrapolation(sampled, kind.counter) / seconds)
  }
  // The counter began inside the window, at zero: nothing is extrapolated to the left.
  if (first === undefined) change = ((change as number | undefined) ?? 0) + firstCount
  else change = change === undefined ? first : notes.added(change as FloatHistogram, first)
  const interval = (lastMs - firstMs) / 1000 / Math.max(1, window.count - 1)
  let toEnd = (window.endMs - lastMs) / 1000
  if (toEnd >= interval * 1.1) toEnd = interval / 2
  const known = (lastMs - startedMs) / 1000
  return scaled(change, (known + toEnd) / known / seconds)
}

function scaled(change: number | FloatHistogram | undefined, factor: number): number | FloatHistogram | undefined {
  if (change === undefined || typeof change === 'number') return change === undefined ? undefined : change * factor
  return multiplied(change, factor)
}

function startResetAt(window: Window, index: number): boolean {
  return isStartReset(
    { startedMs: window.startedMs(index - 1), timeMs: window.timeMs(index - 1) },
    { startedMs: window.startedMs(index), timeMs: window.timeMs(index) },
  )
}

function floatChange(window: Window, counter: boolean): number {
  let change = window.value(window.high - 1) - window.value(window.low)
  if (!counter) return change
  for (let i = window.low + 1; i < window.high; i++) {
    if (window.value(i) < window.value(i - 1) || startResetAt(window, i)) change += window.value(i - 1)
  }
  return change
}

/** The last histogram minus the first, plus what was counted before each reset; undefined for one sample or incompatible ones. */
function histogramChange(window: Window, counter: boolean, notes: RangeNotes): FloatHistogram | undefined {
  const at = (index: number): FloatHistogram => window.histogram(index) as FloatHistogram
  const [low, last] = [window.low, window.high - 1]
  if (last === low) return undefined
  let previous = at(low)
  if (counter) {
    for (let i = low; i <= last; i++) if (at(i).resetHint === 'gauge') notes.notCounter()
    const second = at(low + 1)
    // Reset right after the first sample: its layout does not matter then.
    if (startResetAt(window, low + 1) || isReset(previous, second)) previous = emptyLike(second)
  } else if (previous.resetHint !== 'gauge' || at(last).resetHint !== 'gauge') notes.notGauge()
  const checked = counter ? last : low
  for (let i = low + 1; i <= checked; i++) if (isCustom(at(i)) !== isCustom(previous)) return notes.mixedSchemas()
  let change = notes.subtracted(at(last), previous)
  if (counter) {
    for (let i = low + 1; i <= last && change !== undefined; i++) {
      if (startResetAt(window, i) || isReset(previous, at(i))) change = notes.added(change, previous)
      previous = at(i)
    }
  }
  return change === undefined ? undefined : compacted({ ...change, resetHint: 'gauge' })
}

function emptyLike({ schema, customBounds }: FloatHistogram): FloatHistogram {
  const nothing = { zeroThreshold: 0, zeroCount: 0, count: 0, sum: 0, positive: NO_BUCKETS, negative: NO_BUCKETS }
  return { ...nothing, schema, customBounds, resetHint: 'unknown' }
}
