import { assert } from '@signalbox/base'

const UNITS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
]

/** A span of whole milliseconds (>= 0) as Prometheus and Grafana write it, in the largest unit that divides it: 90 is `90s`, 3600 is `1h`. */
export function durationText(seconds: number): string {
  assert(seconds >= 0 && Number.isInteger(seconds * 1_000), `a duration of ${seconds} s`)
  if (!Number.isInteger(seconds)) return `${seconds * 1_000}ms`
  const fitting = UNITS.find(([size]) => seconds >= size && seconds % size === 0)
  return fitting === undefined ? `${seconds}s` : `${seconds / fitting[0]}${fitting[1]}`
}
