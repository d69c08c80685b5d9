import type { Samples, Windows } from '../context.ts'
import { isReset } from '../histogram/combine.ts'
import { compacted, divided, type FloatHistogram, isCustom, multiplied } from '../histogram/float-histogram.ts'
import { Row } from '../series.ts'
import type { RangeNotes } from './notes.ts'
import type { RateKind } from './rate-row.ts'

/** The samples [low, high] of one window and those beside it that its ends are judged by. */
export interface Span {
  readonly samples: Samples
  readonly startMs: number
  readonly endMs: number
  readonly low: number
  readonly high: number
  readonly smoothed: boolean
}

/**
 * `rate`, `increase` and `delta` between the boundaries of each window: from the sample before the window (anchored), or with both ends on
 * the line between the samples around them (smoothed). Nothing is extrapolated.
 * SOURCE: prometheus promql/functions.go (extendedRate, extendedHistogramRate).
 */
export function boundaryRateRow(samples: Samples, windows: Windows, kind: RateKind, notes: RangeNotes): Row {
  const row = new Row(windows.count)
  const smoothed = windows.boundaries === 'smoothed'
  for (let step = 0; step < windows.count; step++) {
    const endMs = windows.endMs(step)
    const startMs = endMs - windows.rangeMs
    const [from, to] = reach(samples, startMs - windows.lookbackMs, smoothed ? endMs + windows.lookbackMs : endMs)
    if (to < from) continue
    const native = samples.histograms?.slice(from, to + 1).filter((histogram) => histogram !== undefined).length ?? 0
    if (native > 0 && native <= to - from) {
      notes.mixedTypes()
      continue
    }
    const span = { samples, startMs, endMs, smoothed, ...boundarySamples(samples, { from, to, startMs, endMs, smoothed }) }
    const { timestampsMs } = samples
    if ((timestampsMs[span.high] as number) <= startMs || (smoothed && (timestampsMs[span.low] as number) > endMs)) continue
    const seconds = kind.perSecond ? windows.rangeMs / 1000 : 1
    if (native === 0) row.set(step, floatChange(span, kind.counter) / seconds)
    else {
      const change = histogramChange(span, kind.counter, notes)
      if (change !== undefined) row.setHistogram(step, compacted({ ...divided(change, seconds), resetHint: 'gauge' }))
    }
  }
  return row
}

/** First and last index with a time in (afterMs, untilMs]. */
export function reach({ timestampsMs }: Samples, afterMs: number, untilMs: number): [number, number] {
  let from = 0
  while (from < timestampsMs.length && (timestampsMs[from] as number) <= afterMs) from++
  let to = from
  while (to < timestampsMs.length && (timestampsMs[to] as number) <= untilMs) to++
  return [from, to - 1]
}

interface Reach {
  readonly from: number
  readonly to: number
  readonly startMs: number
  readonly endMs: number
  readonly smoothed: boolean
}

/** The last sample at or before the start, or the first one; and the first at or after the end when smoothed, else the last. */
export function boundarySamples({ timestampsMs }: Samples, { from, to, startMs, endMs, smoothed }: Reach): { low: number; high: number } {
  let low = from
  while (low < to && (timestampsMs[low + 1] as number) <= startMs) low++
  let high = to
  if (smoothed) for (high = from; high < to && (timestampsMs[high] as number) < endMs; ) high++
  return { low, high }
}

/** The value on the line between two samples; a counter that was reset between them rises from zero. */
function onLine(samples: Samples, index: number, timeMs: number, counter: boolean): number {
  const { timestampsMs, values } = samples
  const [t1, t2] = [timestampsMs[index] as number, timestampsMs[index + 1] as number]
  const y2 = values[index + 1] as number
  const y1 = counter && y2 < (values[index] as number) ? 0 : (values[index] as number)
  return y1 + ((y2 - y1) * (timeMs - t1)) / (t2 - t1)
}

/** The values at both ends of a window of floats. */
export function boundaryValues({ samples, startMs, endMs, low, high, smoothed }: Span, counter: boolean): { left: number; right: number } {
  const { timestampsMs, values } = samples
  const interpolatesLeft = smoothed && low < high && (timestampsMs[low] as number) < startMs
  const interpolatesRight = smoothed && high > low && (timestampsMs[high] as number) > endMs
  return {
    left: interpolatesLeft ? onLine(samples, low, startMs, counter) : (values[low] as number),
    right: interpolatesRight ? onLine(samples, high - 1, endMs, counter) : (values[high] as number),
  }
}

function floatChange(span: Span, counter: boolean): number {
  const { samples, startMs, endMs, low, high } = span
  const { left, right } = boundaryValues(span, counter)
  let change = right - left
  if (!counter) return change
  let previous = left
  for (let i = low; i <= high; i++) {
    const timeMs = samples.timestampsMs[i] as number
    if ((i === low && timeMs <= startMs) || (i === high && timeMs >= endMs)) continue
    const value = samples.values[i] as number
    if (value < previous) change += previous
    previous = value
  }
  return right < previous ? change + previous : change
}

function histogramChange(span: Span, counter: boolean, notes: RangeNotes): FloatHistogram | undefined {
  const { samples, startMs, endMs, low, high, smoothed } = span
  const at = (index: number): FloatHistogram => samples.histograms?.[index] as FloatHistogram
  const timeAt = (index: number): number => samples.timestampsMs[index] as number
  for (let i = low; i <= high; i++) {
    if (isCustom(at(i)) !== isCustom(at(low))) return notes.mixedSchemas()
    if (counter && at(i).resetHint === 'gauge') notes.notCounter()
  }
  const between = (index: number, timeMs: number): FloatHistogram | undefined => {
    if (timeMs === timeAt(index)) return at(index)
    if (timeMs === timeAt(index + 1)) return at(index + 1)
    const fraction = (timeMs - timeAt(index)) / (timeAt(index + 1) - timeAt(index))
    if (counter && isReset(at(index), at(index + 1))) return multiplied(at(index + 1), fraction)
    const difference = notes.subtracted(at(index + 1), at(index))
    return difference === undefined ? undefined : notes.added(multiplied(difference, fraction), at(index))
  }
  const interpolatesLeft = smoothed && low < high && timeAt(low) < startMs
  const left = interpolatesLeft ? between(low, startMs) : at(low)
  const right = smoothed && high > low && timeAt(high) > endMs ? between(high - 1, endMs) : at(high)
  if (left === undefined || right === undefined) return undefined
  if (!counter && (left.resetHint !== 'gauge' || right.resetHint !== 'gauge')) notes.notGauge()
  let change = notes.subtracted(right, left)
  if (!counter) return change
  let previous = left
  let next = low + 1
  // The line at the left end already rises from zero over a reset there.
  if (interpolatesLeft && isReset(at(low), at(low + 1))) previous = at(next++)
  if (next > high) return change
  for (; next < high && change !== undefined; next++) {
    if (isReset(previous, at(next))) change = notes.added(change, previous)
    previous = at(next)
  }
  return change !== undefined && isReset(previous, right) ? notes.added(change, previous) : change
}
