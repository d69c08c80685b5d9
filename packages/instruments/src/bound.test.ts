import { expect, it } from 'vitest'
import { formatBound } from './bound.ts'

it('spells bounds as the Go client does', () => {
  const bounds = [0, 0.00001, 0.0001, 0.00205, 0.005, 0.1, 1, 2.5, 32778, 131_072, 1_000_000, 1_048_576, 1_073_741_824, Infinity]
  expect(bounds.map((bound) => formatBound(bound, 'text', 'go'))).toEqual([
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
  expect([0, 0.5, 1, 131_072, 1_000_000, 1_048_576, Infinity].map((bound) => formatBound(bound, 'openmetrics', 'go'))).toEqual([
    '0.0',
    '0.5',
    '1.0',
    '131072.0',
    '1e+06',
    '1.048576e+06',
    '+Inf',
  ])
})

it('spells bounds as the Python client does, alike in both formats', () => {
  const bounds = [0, 0.00001, 0.0001, 0.5, 1, 2.5, 10, 131_072, 1_000_000, 1_048_576, 2 ** 33, 2 ** 34, 1e15, 1e16, 1.5e17, Infinity]
  const spelled = (format: 'text' | 'openmetrics') => bounds.map((bound) => formatBound(bound, format, 'python'))
  expect(spelled('text')).toEqual([
    '0.0',
    '1e-05',
    '0.0001',
    '0.5',
    '1.0',
    '2.5',
    '10.0',
    '131072.0',
    '1e+06',
    '1.048576e+06',
    '8.589934592e+09',
    '1.7179869184e+010',
    '1e+015',
    '1e+16',
    '1.5e+17',
    '+Inf',
  ])
  expect(spelled('openmetrics')).toEqual(spelled('text'))
})
