import type { RangeVector, Samples, Windows } from '../context.ts'
import { type LazySeries, mergeEqual, Row, withoutName } from '../series.ts'

/** The samples [low, high) of one window, never empty. One object is reused for all windows of a row. */
export class Window {
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
  low = 0
  high = 0
  endMs = 0
  step = 0

  constructor(samples: Samples) {
    this.timestampsMs = samples.timestampsMs
    this.values = samples.values
  }

  get count(): number {
    return this.high - this.low
  }

  value(index: number): number {
    return this.values[index] as number
  }

  timeMs(index: number): number {
    return this.timestampsMs[index] as number
  }
}

/** A value for each window that holds samples; undefined leaves the step without a point. */
export type WindowFunction = (window: Window) => number | undefined

export function windowRow(samples: Samples, windows: Windows, compute: WindowFunction): Row {
  const row = new Row(windows.count)
  const window = new Window(samples)
  const { timestampsMs } = samples
  for (let step = 0; step < windows.count; step++) {
    const endMs = windows.endMs(step)
    const startMs = endMs - windows.rangeMs
    while (window.high < timestampsMs.length && (timestampsMs[window.high] as number) <= endMs) window.high++
    while (window.low < window.high && (timestampsMs[window.low] as number) <= startMs) window.low++
    if (window.low === window.high) continue
    window.endMs = endMs
    window.step = step
    const value = compute(window)
    if (value !== undefined) row.set(step, value)
  }
  return row
}

/** The series of a range vector, each row computed by `compute`; the name is dropped unless `keepName`. */
export function overRange({ series, windows }: RangeVector, compute: (samples: Samples, windows: Windows) => Row, keepName = false): LazySeries[] {
  const rows = series.map((one) => ({
    labels: keepName ? one.labels : withoutName(one.labels),
    row: () => compute(one.samples(), windows),
  }))
  return keepName ? rows : mergeEqual(rows)
}
