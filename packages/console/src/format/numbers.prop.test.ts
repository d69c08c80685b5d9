import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatBytes, formatCount, formatDuration, formatInteger, formatMargin, formatMs, formatRatio, plural, UNKNOWN } from './numbers.ts'

const notFinite = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, undefined]

/** Seconds that a formatted duration stands for. */
function secondsOf(text: string): number {
  const units: Record<string, number> = { µs: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86_400 }
  let sum = 0
  for (const [, value, unit] of text.matchAll(/([\d.]+) (µs|ms|min|s|h|d)/g)) sum += Number(value) * (units[unit ?? ''] ?? Number.NaN)
  return sum
}

describe('formatDuration', () => {
  test.each([
    [0, '0 s'],
    [0.0000314, '31 µs'],
    [0.0082, '8.20 ms'],
    [0.009996, '10 ms'],
    [0.037, '37 ms'],
    [0.812, '812 ms'],
    [0.9996, '1.00 s'],
    [8.23, '8.23 s'],
    [12.44, '12.4 s'],
    [59.97, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3599.7, '1 h 00 min'],
    [11_220, '3 h 07 min'],
    [187_200, '2 d 4 h'],
    [-0.25, '−250 ms'],
  ])('writes %d s as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })

  test('stays within a twentieth of the value, whatever the unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 172_000, noNaN: true }), (seconds) => {
        expect(Math.abs(secondsOf(formatDuration(seconds)) - seconds)).toBeLessThanOrEqual(seconds * 0.05)
      }),
    )
  })

  test('never writes a part that belongs to the next unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e7, noNaN: true }), (seconds) => {
        const text = formatDuration(seconds)
        // The 60 of 1.60 s are hundredths.
        expect(text).not.toMatch(/\b1000 (µs|ms)|(?<!\.)\b60(\.0)? (s|min)\b/)
      }),
    )
  })

  test('goes on to the next unit where scaling rounds up to it', () => {
    expect(formatDuration(0.9994999999999999)).toBe('1.00 s')
    expect(formatDuration(0.9994)).toBe('999 ms')
    expect(formatDuration(1.596331496283796)).toBe('1.60 s')
  })

  test('never writes an unknown duration as a number', () => {
    for (const value of notFinite) expect(formatDuration(value)).toBe(UNKNOWN)
    expect(formatMs(null)).toBe(UNKNOWN)
    expect(formatMs(812)).toBe('812 ms')
  })
})

describe('formatRatio', () => {
  test.each([
    [0, '0 %'],
    [0.0004, '<0.1 %'],
    [0.914, '91.4 %'],
    [0.9997, '99.97 %'],
    [0.99999999, '>99.99999 %'],
    [1, '100 %'],
    [1.25, '125.0 %'],
    [-0.5, '−50.0 %'],
  ])('writes %d as %s', (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text)
  })

  test('rounds nothing but 1 up to 100 % and nothing but 0 down to 0 %', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, minExcluded: true, maxExcluded: true, noNaN: true }), (ratio) => {
        const text = formatRatio(ratio)
        expect(text).not.toMatch(/^100/)
        expect(text).not.toBe('0 %')
        expect(text).not.toBe('0.0 %')
      }),
    )
  })

  test('is unknown, never 0, when it is not known', () => {
    for (const value of notFinite) expect(formatRatio(value)).toBe(UNKNOWN)
  })
})

describe('formatCount', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [0.25, '0.25'],
    [15_900, '15.9K'],
    [215_000, '215K'],
    [1_234_567, '1.23M'],
    [9.88e9, '9.88B'],
  ])('writes %d as %s', (value, text) => {
    expect(formatCount(value)).toBe(text)
  })

  test('has at most three significant digits', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), (value) => {
        const digits = formatCount(value)
          .replaceAll(/[^\d.]/g, '')
          .replace(/^0+\.?0*/, '')
          .replace('.', '')
        expect(digits.length).toBeLessThanOrEqual(4)
        if (value < 1e9) expect(Number.parseFloat(digits.slice(0, 3))).toBeLessThanOrEqual(1000)
      }),
    )
    for (const value of notFinite) expect(formatCount(value)).toBe(UNKNOWN)
  })
})

test('formatInteger keeps every digit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), (value) => {
      expect(Number(formatInteger(value).replaceAll(',', ''))).toBe(value)
    }),
  )
  expect(formatInteger(1408)).toBe('1,408')
  for (const value of notFinite) expect(formatInteger(value)).toBe(UNKNOWN)
})

test('formatBytes says that its units are binary', () => {
  expect(formatBytes(512)).toBe('512 B')
  expect(formatBytes(71.2 * 1024 ** 3)).toBe('71.2 GiB')
  expect(formatBytes(32 * 1024 ** 2)).toBe('32 MiB')
  for (const value of notFinite) expect(formatBytes(value)).toBe(UNKNOWN)
})

test('formatMargin has two digits and no sign', () => {
  expect(formatMargin(0.1204)).toBe('0.12 s')
  expect(formatMargin(-0.1204)).toBe('0.12 s')
  expect(formatMargin(0.0042)).toBe('4.20 ms')
  expect(formatMargin(75)).toBe('1 min 15 s')
})

test('plural agrees with its number', () => {
  expect(plural(1, 'endpoint')).toBe('1 endpoint')
  expect(plural(0, 'endpoint')).toBe('0 endpoints')
  expect(plural(1600, 'prompt token')).toBe('1,600 prompt tokens')
})
