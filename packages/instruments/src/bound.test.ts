import { expect, it } from 'vitest'
import { formatBound } from './bound.ts'

it('spells bounds as the Go client does', () => {
  const bounds = [0, 0.00001, 0.0001, 0.00205, 0.005, 0.1, 1, 2.5, 32778, 131_072, 1_000_000, 1_048_576, 1_073_741_824, Infinity]
  expect(bounds.map((bound) => formatBound(bound, 'text'))).toEqual([
    '0',
    '1e-05',
    '0.0001',
    '0.00205',
    '0.005',
    '0.1',
    '1',
    '2.5',
    '32778',
    '131072',
    '1e+06',
    '1.048576e+06',
    '1.073741824e+09',
    '+Inf',
  ])
})

it('gives whole numbers a fraction in OpenMetrics', () => {
  expect([0, 0.5, 1, 131_072, 1_000_000, 1_048_576, Infinity].map((bound) => formatBound(bound, 'openmetrics'))).toEqual([
    '0.0',
    '0.5',
    '1.0',
    '131072.0',
    '1e+06',
    '1.048576e+06',
    '+Inf',
  ])
})
