import type { Samples, Windows } from '../context.ts'
import { Row } from '../series.ts'

export interface RateKind {
  /** Decreases are counter resets, and a counter is not extrapolated below zero. */
  readonly counter: boolean
  /** Divided by the range's seconds. */
  readonly perSecond: boolean
}

/**
 * `rate`, `increase` and `delta` of one series for all windows. Both ends of the window slide forward only; resets are found once and
 * only those inside the window are added, oldest first, so the result has the bits of a computation window by window.
 */
export function rateRow(samples: Samples, windows: Windows, kind: RateKind): Row {
  const { timestampsMs, values } = samples
  const row = new Row(windows.count)
  const resets = kind.counter ? resetsIn(values) : []
  let low = 0
  let high = 0
  let firstReset = 0
  for (let step = 0; step < windows.count; step++) {
    const endMs = windows.endMs(step)
    const startMs = endMs - windows.rangeMs
    while (high < timestampsMs.length && (timestampsMs[high] as number) <= endMs) high++
    while (low < high && (timestampsMs[low] as number) <= startMs) low++
    if (high - low < 2) continue
    const first = values[low] as number
    let change = (values[high - 1] as number) - first
    // A reset lies between two samples, so one at the window's first sample is outside.
    while (firstReset < resets.length && (resets[firstReset] as number) <= low) firstReset++
    for (let i = firstReset; i < resets.length && (resets[i] as number) < high; i++) change += values[(resets[i] as number) - 1] as number
    const firstMs = timestampsMs[low] as number
    const lastMs = timestampsMs[high - 1] as number
    const factor = extrapolation({ startMs, endMs, firstMs, lastMs, count: high - low, first, change }, kind.counter)
    row.set(step, change * (kind.perSecond ? factor / (windows.rangeMs / 1000) : factor))
  }
  return row
}

/** Indices of samples that are less than the one before them. */
function resetsIn(values: Float64Array): number[] {
  const resets: number[] = []
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) < (values[i - 1] as number)) resets.push(i)
  }
  return resets
}

export interface SampledWindow {
  readonly startMs: number
  readonly endMs: number
  readonly firstMs: number
  readonly lastMs: number
  readonly count: number
  readonly first: number
  readonly change: number
}

/**
 * By what the sampled change is multiplied to cover the window: to a boundary when the nearest sample is within 1.1 average intervals
 * of it, else by half an interval; a counter never further than where it would have been zero.
 * SOURCE: prometheus promql/functions.go (extrapolatedRate).
 */
export function extrapolation(window: SampledWindow, counter: boolean): number {
  const sampled = (window.lastMs - window.firstMs) / 1000
  const interval = sampled / (window.count - 1)
  const threshold = interval * 1.1
  let toStart = (window.firstMs - window.startMs) / 1000
  let toEnd = (window.endMs - window.lastMs) / 1000
  if (toStart >= threshold) toStart = interval / 2
  if (counter && window.change > 0 && window.first >= 0) {
    const toZero = sampled * (window.first / window.change)
    if (toZero < toStart) toStart = toZero
  }
  if (toEnd >= threshold) toEnd = interval / 2
  return (sampled + toStart + toEnd) / sampled
}
