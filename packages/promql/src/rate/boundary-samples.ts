import type { Samples, Windows } from '../context.ts'
import { floatsOf } from '../functions/window.ts'
import { boundarySamples, boundaryValues, reach } from './boundary-rate.ts'

/**
 * The floats of the one window of an anchored or smoothed range, with a sample at each of its boundaries; none without a sample inside.
 * SOURCE: prometheus promql/functions.go (extendFloats).
 */
export function boundedSamples(all: Samples, windows: Windows): Samples {
  const samples = floatsOf(all)
  const endMs = windows.endMs(0)
  const startMs = endMs - windows.rangeMs
  const smoothed = windows.boundaries === 'smoothed'
  const [from, to] = reach(samples, startMs - windows.lookbackMs, smoothed ? endMs + windows.lookbackMs : endMs)
  const { timestampsMs, values } = samples
  if (to < from) return { timestampsMs: new Float64Array(0), values: new Float64Array(0) }
  const { low, high } = boundarySamples(samples, { from, to, startMs, endMs, smoothed })
  if ((timestampsMs[high] as number) <= startMs) return { timestampsMs: new Float64Array(0), values: new Float64Array(0) }
  const { left, right } = boundaryValues({ samples, startMs, endMs, low, high, smoothed }, false)
  const points: [timeMs: number, value: number][] = [[startMs, left]]
  for (let i = low; i <= high; i++) {
    const timeMs = timestampsMs[i] as number
    if (timeMs > startMs && timeMs < endMs) points.push([timeMs, values[i] as number])
  }
  points.push([endMs, right])
  return { timestampsMs: Float64Array.from(points, ([timeMs]) => timeMs), values: Float64Array.from(points, ([, value]) => value) }
}
