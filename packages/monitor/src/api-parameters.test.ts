import { describe, expect, test } from 'vitest'
import { parseDuration, parseLimit, parseTime } from './api-parameters.ts'

const value = (result: { ok: boolean; value?: unknown; error?: unknown }) => (result.ok ? result.value : result.error)

describe('parameters of the query API', () => {
  test('a time is unix seconds or RFC 3339, answered in whole milliseconds', () => {
    expect(value(parseTime('1700000000'))).toBe(1_700_000_000_000)
    expect(value(parseTime('1700000000.1234'))).toBe(1_700_000_000_123)
    expect(value(parseTime('-1.5'))).toBe(-1_500)
    expect(value(parseTime('2023-11-14T22:13:20Z'))).toBe(1_700_000_000_000)
    expect(value(parseTime('2023-11-14T23:13:20.5+01:00'))).toBe(1_700_000_000_500)
  })

  test('what is no time is refused in the words that clients know', () => {
    for (const text of ['', 'now', 'NaN', '1e300', '2023-11-14', '2023-13-40T00:00:00Z']) {
      expect(value(parseTime(text))).toBe(`cannot parse ${JSON.stringify(text)} to a valid timestamp`)
    }
  })

  test('a duration is seconds or units from years to milliseconds', () => {
    expect(value(parseDuration('15'))).toBe(15_000)
    expect(value(parseDuration('0.25'))).toBe(250)
    expect(value(parseDuration('1h30m'))).toBe(5_400_000)
    expect(value(parseDuration('1d2ms'))).toBe(86_400_002)
    expect(value(parseDuration('-1'))).toBe(-1_000)
  })

  test('what is no duration is refused, and so is one beyond 292 years', () => {
    for (const text of ['', 'x', '1x', '1m1h', '5 m'])
      expect(value(parseDuration(text))).toBe(`cannot parse ${JSON.stringify(text)} to a valid duration`)
    expect(value(parseDuration('400y'))).toBe('cannot parse "400y" to a valid duration. It overflows int64')
  })

  test('a limit of 0 is no limit', () => {
    expect(value(parseLimit('0'))).toBeUndefined()
    expect(value(parseLimit(null))).toBeUndefined()
    expect(value(parseLimit('7'))).toBe(7)
    expect(value(parseLimit('-1'))).toBe('limit must be non-negative')
    expect(value(parseLimit('many'))).toBe('strconv.Atoi: parsing "many": invalid syntax')
  })
})
