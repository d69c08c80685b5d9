import { assert } from '@signalbox/base'

/** Of all values, in their unit; every field is NaN where there is no value. Quantile q is the smallest value with at least the share q of all at or below it. */
export interface Quantiles {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** Exact, by sorting; `values` is sorted in place. */
export function quantilesOf(values: Float64Array): Quantiles {
  values.sort()
  let sum = 0
  for (const value of values) sum += value
  const at = (share: number) => values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN
  return { mean: sum / values.length, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1) }
}

/** A mean and the 95 % confidence interval around it. */
export interface Interval {
  readonly mean: number
  /** NaN, as `high`, of one value alone: it says nothing of its spread. */
  readonly low: number
  readonly high: number
}

/**
 * The mean of independent runs and its 95 % interval by Student's t. SOURCE: mean ± t(0.975, n − 1) · s / √n, s the sample's
 * standard deviation. Values that are not numbers (nothing was measured) are left out; without any, all is NaN.
 */
export function intervalOf(values: readonly number[]): Interval {
  const known = values.filter((value) => !Number.isNaN(value))
  const count = known.length
  if (count === 0) return { mean: Number.NaN, low: Number.NaN, high: Number.NaN }
  const mean = known.reduce((sum, value) => sum + value, 0) / count
  if (count === 1) return { mean, low: Number.NaN, high: Number.NaN }
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  const half = studentT(count - 1) * Math.sqrt(variance / count)
  return { mean, low: mean - half, high: mean + half }
}

/** t(0.975) for 1 to 30 degrees of freedom. SOURCE: any table of Student's t. */
const T_975 = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009,
  2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
]
/** The normal distribution's 0.975 quantile. */
const Z_975 = 1.959964

/** Beyond the table the Cornish-Fisher expansion, whose error is below 1e-4 there. SOURCE: Abramowitz and Stegun, 26.7.5. */
function studentT(degrees: number): number {
  assert(Number.isInteger(degrees) && degrees > 0, `${degrees} degrees of freedom`)
  const z = Z_975
  return T_975[degrees - 1] ?? z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2)
}
