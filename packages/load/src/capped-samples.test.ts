import { seededRandom } from '@signalbox/base'
import { expect, test } from 'vitest'
import { CappedSamples } from './capped-samples.ts'

test('without a value there is no distribution', () => {
  expect(new CappedSamples(seededRandom(1)).quantiles()).toBeNull()
})

test('few values are exact', () => {
  const samples = new CappedSamples(seededRandom(1))
  for (let value = 1; value <= 3000; value++) samples.add(value)
  expect(samples.quantiles()).toEqual({ mean: 1500.5, p50: 1500, p90: 2700, p95: 2850, p99: 2970, max: 3000 })
})

test('of many values mean and maximum are exact and quantiles are near', () => {
  const samples = new CappedSamples(seededRandom(1))
  const count = 1_000_000
  for (let value = 1; value <= count; value++) samples.add(value)
  const quantiles = samples.quantiles()
  expect(quantiles?.mean).toBe((count + 1) / 2)
  expect(quantiles?.max).toBe(count)
  // The standard error of the median's rank is 0.11 %.
  expect(Math.abs((quantiles?.p50 ?? 0) / count - 0.5)).toBeLessThan(0.006)
  expect(Math.abs((quantiles?.p99 ?? 0) / count - 0.99)).toBeLessThan(0.002)
})
