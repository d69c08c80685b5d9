import { describe, expect, it } from 'vitest'
import { intervalOf, quantilesOf } from './statistics.ts'

describe('quantiles', () => {
  it('are values that occurred, at least that share at or below', () => {
    const values = Float64Array.from({ length: 200 }, (_, i) => 200 - i)
    expect(quantilesOf(values)).toEqual({ mean: 100.5, p50: 100, p90: 180, p95: 190, p99: 198, max: 200 })
    expect(quantilesOf(Float64Array.of(3, 1))).toEqual({ mean: 2, p50: 1, p90: 3, p95: 3, p99: 3, max: 3 })
  })

  it('are unknown without a value', () => {
    expect(quantilesOf(new Float64Array(0))).toEqual({
      mean: Number.NaN,
      p50: Number.NaN,
      p90: Number.NaN,
      p95: Number.NaN,
      p99: Number.NaN,
      max: Number.NaN,
    })
  })
})

describe('the interval of runs', () => {
  it('is that of a worked example', () => {
    // Five values, s = 1.5811, t(0.975, 4) = 2.7764: 3 ± 1.9632.
    const { mean, low, high } = intervalOf([1, 2, 3, 4, 5])
    expect(mean).toBe(3)
    expect(low).toBeCloseTo(3 - 1.9632, 3)
    expect(high).toBeCloseTo(3 + 1.9632, 3)
  })

  it('joins the table and the expansion without a gap', () => {
    const width = (count: number) => {
      const { low, high } = intervalOf(Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : -1)))
      const spread = Math.sqrt(count / (count - 1)) / Math.sqrt(count)
      return (high - low) / 2 / spread
    }
    // t(0.975) of 29, 31, 59 and 119 degrees of freedom; even counts, so that the mean is 0.
    expect(width(30)).toBeCloseTo(2.0452, 4)
    expect(width(32)).toBeCloseTo(2.0395, 3)
    expect(width(60)).toBeCloseTo(2.001, 3)
    expect(width(120)).toBeCloseTo(1.9801, 3)
  })

  it('claims nothing from one value, and leaves out what was not measured', () => {
    expect(intervalOf([7])).toEqual({ mean: 7, low: Number.NaN, high: Number.NaN })
    expect(intervalOf([])).toEqual({ mean: Number.NaN, low: Number.NaN, high: Number.NaN })
    expect(intervalOf([2, Number.NaN, 4]).mean).toBe(3)
  })
})
