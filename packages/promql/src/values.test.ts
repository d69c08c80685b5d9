import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPlain } from './aggregate-select.ts'
import { quantile } from './arithmetic.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { civilFromDays } from './functions/civil.ts'
import { bucketQuantile } from './histogram/classic.ts'
import { xxHash64 } from './labels-hash.ts'
import { matcher } from './matcher.ts'
import { quote, unquote } from './quote.ts'
import { isStale, staleNaN } from './stale.ts'
import type { MatchOperator } from './types.ts'

describe('stale markers', () => {
  it('are told from every other value, quiet or signalling, through typed arrays and copies', () => {
    const column = new Float64Array([1, 2, 3])
    column[1] = staleNaN()
    expect([...column.slice().keys()].map((i) => isStale(column.slice()[i] as number))).toEqual([false, true, false])
    const wire = new DataView(new ArrayBuffer(8))
    wire.setBigUint64(0, 0x7ff0000000000002n)
    expect(isStale(wire.getFloat64(0))).toBe(true)
    for (const value of [Number.NaN, 0, 2, -0, Number.POSITIVE_INFINITY, 5e-324 * 2]) expect(isStale(value)).toBe(false)
    expect(staleNaN()).toBeNaN()
  })
})

describe('matchers', () => {
  const test = (operator: MatchOperator, pattern: string, text: string): boolean => {
    const result = matcher('l', operator, pattern)
    if (!result.ok) throw new Error(result.error)
    return result.value.matches(text)
  }

  it.each([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a|b', 'b', true],
    ['a|b', 'a|b', false],
    ['a|', '', true],
    ['pre.*', 'prefix', true],
    ['pre.*', 'a pre', false],
    ['.*fix', 'prefix\n fix', true],
    ['.+', '', false],
    ['.*', '', true],
    ['a.c', 'a\nc', true],
    ['(?i)ABC', 'abc', true],
    ['x|(?P<n>y)z', 'yz', true],
    ['a$', 'a', true],
    ['[[:alpha:]]+\\d', 'ab1', true],
  ])('=~ %j on %j is %s, and !~ the opposite', (pattern, text, matches) => {
    expect(test('=~', pattern, text)).toBe(matches)
    expect(test('!~', pattern, text)).toBe(!matches)
  })

  it('a pattern that makes backtracking engines hang is answered', () => {
    expect(test('=~', '(a+)+b', 'a'.repeat(5000))).toBe(false)
  })

  it('the shortcuts agree with the full pattern', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '-'), maxLength: 4 })
    const pattern = fc.tuple(fc.constantFrom('', '.*'), word, fc.constantFrom('', '.*', '|a', '|')).map((parts) => parts.join(''))
    fc.assert(fc.property(pattern, word, (text, value) => test('=~', text, value) === test('=~', `(?:${text})`, value)))
  })
})

describe('texts of values', () => {
  it('quote and unquote are inverse, also for bytes that are no UTF-8', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => unquote(quote(text)) === text))
    expect(quote(unquote('"a\\xc5z"') ?? '')).toBe('"a\\xc5z"')
    expect(unquote('"\\u00e9\\101\\x41\\n"')).toBe('éAA\n')
    expect(unquote('`\\n`')).toBe('\\n')
    for (const bad of ['"\\q"', '"\\x4"', '"\\ud800"', '"\\400"']) expect(unquote(bad)).toBeUndefined()
  })

  it('durations are inverse up to their canonical form', () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 40 }), (ms) => parseDuration(formatDuration(ms)) === ms))
    expect(formatDuration(36 * 3_600_000)).toBe('36h')
    expect(formatDuration(14 * 86_400_000)).toBe('2w')
    for (const bad of ['', '5', '1s1m', '1m1m', 'm', '1.5h']) expect(parseDuration(bad)).toBeUndefined()
  })

  it('numbers as labels have no exponent and no digit too many', () => {
    expect([1e21, 1.5e-7, -2e22, 0.1, 5, Number.NaN, Number.NEGATIVE_INFINITY].map(formatPlain)).toEqual([
      '1000000000000000000000',
      '0.00000015',
      '-20000000000000000000000',
      '0.1',
      '5',
      'NaN',
      '-Inf',
    ])
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => Object.is(Number(formatPlain(value)), value)))
  })
})

describe('arithmetic', () => {
  it('quantiles interpolate, and NaN ranks first', () => {
    expect(quantile(0.5, Float64Array.of(3, 1))).toBe(2)
    expect(quantile(0, Float64Array.of(1, Number.NaN))).toBeNaN()
    expect(quantile(1, Float64Array.of(1, Number.NaN))).toBe(1)
    expect([-1, 2].map((q) => quantile(q, Float64Array.of(1)))).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
    expect(quantile(0.5, new Float64Array())).toBeNaN()
  })

  it('a bucket quantile lies in its bucket and grows with q', () => {
    const bounds = Float64Array.of(0.1, 0.5, 1, Number.POSITIVE_INFINITY)
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 4, maxLength: 4 }), fc.double({ min: 1e-9, max: 1, noNaN: true }), (increments, q) => {
        // The 0-quantile of an empty first bucket is 0/0, as in Prometheus.
        fc.pre(increments.some((n) => n > 0))
        let sum = 0
        const counts = Float64Array.from(increments, (n) => (sum += n))
        const low = bucketQuantile(q / 2, bounds, counts.slice()).value
        const high = bucketQuantile(q, bounds, counts.slice()).value
        expect(high).toBeLessThanOrEqual(1)
        expect(low).toBeLessThanOrEqual(high)
      }),
    )
  })

  it('dates agree with the platform for four centuries around the epoch', () => {
    fc.assert(
      fc.property(fc.integer({ min: -80_000, max: 80_000 }), (days) => {
        const date = new Date(days * 86_400_000)
        expect(civilFromDays(days)).toEqual({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() })
      }),
    )
  })
})

describe('xxHash64', () => {
  it('has the published values', () => {
    const hash = (text: string): string => xxHash64(new TextEncoder().encode(text)).toString(16)
    expect(['', 'a', 'abc', 'Nobody inspects the spammish repetition'].map(hash)).toEqual([
      'ef46db3751d8e999',
      'd24ec4f1a98c6e5b',
      '44bc2cf5ad770999',
      'fbcea83c8a378bf1',
    ])
  })
})
