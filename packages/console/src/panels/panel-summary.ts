import type { PanelView, Threshold } from '../api-types.ts'
import { formatValueOf } from '../format/axis.ts'
import { formatClock } from '../format/time.ts'
import type { WindowView } from './series-window.ts'

/** The newest measured value of a line, or null when its last `staleMs` hold none: an old value is not a current one. */
export function latestValue(view: WindowView, values: readonly (number | null)[], staleMs: number): number | null {
  const back = Math.max(1, Math.ceil(staleMs / view.stepMs))
  for (let index = values.length - 1; index >= Math.max(0, values.length - 1 - back); index -= 1) {
    const value = values[index]
    if (value !== null && value !== undefined) return value
  }
  return null
}

/** How long a missing newest point is bridged in legends: two scrapes. */
export const CURRENT_MS = 10_000

/** Index of the point nearest to a time, within the window. */
export function indexAt(view: WindowView, timeMs: number): number {
  const index = view.times.length - 1 - Math.round((view.endMs - timeMs) / view.stepMs)
  return Math.min(view.times.length - 1, Math.max(0, index))
}

/** The chart in words: `p95 now 812 ms, highest 2.1 s at 14:03`. */
export function summarize(panel: PanelView, names: readonly string[], view: WindowView): string {
  if (view.series.length === 0) return `${panel.title}: no data in this range.`
  const parts = view.series.map((series, index) => {
    let max: number | null = null
    let maxAt = 0
    series.values.forEach((value, point) => {
      if (value !== null && (max === null || value > max)) {
        max = value
        maxAt = point
      }
    })
    const now = formatValueOf(panel.unit, latestValue(view, series.values, CURRENT_MS))
    const highest = formatValueOf(panel.unit, max)
    return `${names[index] ?? ''} now ${now}, highest ${highest} at ${formatClock((view.times[maxAt] ?? 0) * 1000)}`
  })
  return `${panel.title}: ${parts.join('; ')}.`
}

/** The level that holds at a value: that of the highest threshold at or below it; below all of them, `ok` or, where more is better, `critical`. */
export function levelAt(thresholds: readonly Threshold[], good: PanelView['good'], value: number): Threshold['level'] | undefined {
  if (thresholds.length === 0) return undefined
  let level: Threshold['level'] = good === 'up' ? 'critical' : 'ok'
  for (const threshold of [...thresholds].sort((a, b) => a.value - b.value)) {
    if (value >= threshold.value) level = threshold.level
  }
  return level
}

/** Largest value drawn, for the axis; thresholds count when the data come near them. */
export function drawnMax(view: WindowView, thresholds: readonly Threshold[]): number {
  let max = 0
  for (const { values } of view.series) for (const value of values) if (value !== null && value > max) max = value
  const near = thresholds.map(({ value }) => value).filter((value) => value > max && value <= max * 1.6)
  return near.length > 0 ? Math.min(...near) : max
}
