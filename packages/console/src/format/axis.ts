import type { PanelUnit } from '../api-types.ts'
import { formatCount, formatDuration, formatRatio } from './numbers.ts'

/** How one chart writes its values: what to divide by, and the one unit that stands in its heading. */
export interface AxisScale {
  readonly divisor: number
  readonly unit: string
  /** Distances between ticks that are round in the unit, in the values' own unit; undefined: any decimal ones. */
  readonly increments: readonly number[] | undefined
}

const MINUTE_STEPS = [15, 30, 60, 120, 300, 600, 900, 1800, 3600]

/** One unit for a whole axis, from the largest value on it. */
export function chooseAxis(unit: PanelUnit, max: number): AxisScale {
  const decimal = (divisor: number, name: string): AxisScale => ({ divisor, unit: name, increments: undefined })
  switch (unit) {
    case 'seconds':
      if (max < 0.001) return decimal(1e-6, 'µs')
      if (max < 1) return decimal(1e-3, 'ms')
      if (max < 180) return decimal(1, 's')
      return { divisor: 60, unit: 'min', increments: MINUTE_STEPS }
    case 'milliseconds':
      return max < 1000 ? decimal(1, 'ms') : decimal(1000, 's')
    case 'ratio':
      return decimal(0.01, '%')
    case 'percent':
      return decimal(1, '%')
    case 'bytes':
    case 'bytes/s':
      return max >= 1e9 ? decimal(1e9, `G${unit}`) : max >= 1e6 ? decimal(1e6, `M${unit}`) : decimal(1, unit)
    case 'tokens':
    case 'tokens/s':
      return max >= 10_000 ? decimal(1000, `K ${unit}`) : decimal(1, unit)
    case 'count':
      return decimal(1, '')
    case 'count/s':
      return decimal(1, 'per s')
    case 'requests':
    case 'requests/s':
    case 'endpoints':
    case 'watts':
      return decimal(1, unit)
  }
}

/** Text of one tick: as few digits as keep it exact to a thousandth of the unit. */
export function formatTick(value: number, axis: AxisScale): string {
  const scaled = value / axis.divisor
  if (Math.abs(scaled) >= 10_000) return formatCount(scaled)
  return String(Number(scaled.toFixed(3)))
}

/** Highest value of the drawn range, a little above `max`: ratios always end at 1, counts never below 1. */
export function axisTop(unit: PanelUnit, max: number): number {
  if (unit === 'ratio') return Math.max(1, max)
  const least = unit === 'seconds' ? 0.001 : 1
  return Math.max(least, Number.isFinite(max) ? max * 1.08 : least)
}

/** One value with its unit, as legends and tables write it. */
export function formatValueOf(unit: PanelUnit, value: number | null): string {
  if (value === null || !Number.isFinite(value)) return 'no data'
  switch (unit) {
    case 'seconds':
      return formatDuration(value)
    case 'milliseconds':
      return formatDuration(value / 1000)
    case 'ratio':
      return formatRatio(value)
    case 'percent':
      return formatRatio(value / 100)
    case 'requests':
    case 'tokens':
    case 'endpoints':
    case 'count':
      return formatCount(value)
    case 'requests/s':
      return `${formatCount(value)} req/s`
    case 'tokens/s':
      return `${formatCount(value)} tok/s`
    case 'count/s':
      return `${formatCount(value)}/s`
    case 'bytes':
      return `${formatCount(value)} B`
    case 'bytes/s':
      return `${formatCount(value)} B/s`
    case 'watts':
      return `${formatCount(value)} W`
  }
}
