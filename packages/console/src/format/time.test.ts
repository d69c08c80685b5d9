import { expect, test } from 'vitest'
import { formatAge, formatInstant, formatSignalAge, formatUpdated } from './time.ts'

test('ages are coarse, and negative ones (clocks that differ) count as none', () => {
  expect([-5000, 999, 2000, 240_000, 3 * 3_600_000, 72 * 3_600_000].map(formatAge)).toEqual(['just now', 'just now', '2 s', '4 min', '3 h', '3 d'])
  expect(formatUpdated(400)).toBe('updated just now')
  expect(formatUpdated(2400)).toBe('updated 2 s ago')
})

test('the age of a signal keeps its milliseconds', () => {
  expect(formatSignalAge(420)).toBe('420 ms')
  expect(formatSignalAge(0)).toBe('now')
})

test('instants are ISO 8601, and what is no time is unknown', () => {
  expect(formatInstant(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(formatInstant(Number.NaN)).toBe('unknown')
  expect(formatInstant(9e15)).toBe('unknown')
})
