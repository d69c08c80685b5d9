import { describe, expect, test } from 'vitest'
import { questionOf, refusalText } from './query.ts'
import { type ResultSeries, resultText, sparkline, timeAxisOf } from './query-result.ts'

const NOW = 1_700_000_000_500

const asked = (flags: Parameters<typeof questionOf>[1]) => {
  const { path, form } = questionOf('up', flags, NOW)
  return `${path}?${form.toString()}`
}

describe('what is asked', () => {
  test('one moment, now unless said', () => {
    expect(asked({})).toBe('query?query=up&time=1700000000.5')
    expect(asked({ time: '2023-11-14T22:13:20Z' })).toBe('query?query=up&time=1700000000')
  })

  test('a range ends at the time and has about 60 steps unless said', () => {
    expect(asked({ range: '1h' })).toBe('query_range?query=up&start=1699996400.5&end=1700000000.5&step=60')
    expect(asked({ range: '10s', time: '100' })).toBe('query_range?query=up&start=90&end=100&step=1')
    expect(asked({ range: '1h', step: '500ms', time: '3600' })).toBe('query_range?query=up&start=0&end=3600&step=0.5')
  })

  test.each([
    [{ time: 'noon' }, '--time: cannot parse "noon" to a valid timestamp; give Unix seconds or a time such as 2026-01-31T12:00:00Z'],
    [{ range: '-5m' }, '--range -5m: expected a positive duration such as 15s, 5m or 1h'],
    [{ range: '5m', step: '0' }, '--step 0: expected a positive duration such as 15s, 5m or 1h'],
    [{ step: '5s' }, '--step: only a range has steps; add --range, such as --range 1h'],
  ])('%j is refused', (flags, message) => {
    expect(() => asked(flags)).toThrow(message)
  })
})

test('a refusal points at its place in the expression', () => {
  expect(refusalText('a\n+ )', 'invalid parameter "query": 2:3: parse error: unexpected ")"')).toBe(
    'invalid parameter "query": 2:3: parse error: unexpected ")"\n\n  + )\n    ^',
  )
  expect(refusalText('a', 'query timed out')).toBe('query timed out')
})

describe('the result for a terminal', () => {
  test('a vector is a table with a column a label', () => {
    const result = [
      { metric: { __name__: 'up', job: 'gateway' }, value: [1, '1'] as const },
      { metric: { __name__: 'up', zone: 'a' }, value: [1, '0'] as const },
      { metric: {}, histogram: [1, { count: '3', sum: '0.5' }] as const },
    ]
    expect(resultText({ resultType: 'vector', result })).toBe(
      ['metric  job      zone  value', 'up      gateway        1', 'up               a     0', '                       histogram of 3, sum 0.5'].join(
        '\n',
      ),
    )
  })

  test('a matrix shows the last value, the extremes and the course, all series on one axis of time', () => {
    const points = (from: number, ...values: string[]) => values.map((value, i) => [from + i * 10, value] as const)
    const result: ResultSeries[] = [
      { metric: { a: 'x' }, values: points(0, '0', '1', '2', '7') },
      { metric: { a: 'y' }, values: points(20, 'NaN', '-1') },
      { metric: { a: 'z' }, values: points(30, '+Inf') },
    ]
    expect(resultText({ resultType: 'matrix', result })).toBe(
      ['a  last  lowest  highest', 'x  7     0       7        ▁▂▃█', 'y  -1    -1      -1         ·▅', 'z  +Inf                      ·'].join('\n'),
    )
  })

  test('scalars, strings and nothing', () => {
    expect(resultText({ resultType: 'scalar', result: [1, '42'] })).toBe('42')
    expect(resultText({ resultType: 'string', result: [1, 'x'] })).toBe('x')
    expect(resultText({ resultType: 'vector', result: [] })).toBe('No series.')
  })

  test('a long course is drawn in 60 columns, gaps left blank', () => {
    const drawn = (points: readonly number[]) => {
      const axis = timeAxisOf([{ metric: {}, values: points.map((at) => [at, String(at)] as const) }])
      return sparkline(
        points.map((at) => [at, at] as const),
        axis,
      )
    }
    const long = drawn(Array.from({ length: 1_000 }, (_, i) => i))
    expect(long).toHaveLength(60)
    expect([long[0], long[59]]).toEqual(['▁', '█'])
    expect(drawn([0, 1, 2, 3, 4, 10, 11, 12, 13, 14])).toBe('▁▁▂▂▃     ▆▇▇██')
    expect(drawn([5])).toBe('▅')
  })
})
