import fc from 'fast-check'
import { expect, test } from 'vitest'
import { axisTop, chooseAxis, formatTick, formatValueOf } from './axis.ts'

test('an axis has the one unit that fits its largest value', () => {
  expect([0.0004, 0.084, 8.2, 600].map((max) => chooseAxis('seconds', max).unit)).toEqual(['µs', 'ms', 's', 'min'])
  expect(chooseAxis('tokens/s', 15_900).unit).toBe('K tokens/s')
  expect(chooseAxis('ratio', 0.4).unit).toBe('%')
})

test('ticks are exact in the unit of the axis', () => {
  expect(formatTick(0.15, chooseAxis('seconds', 0.2))).toBe('150')
  expect(formatTick(0.1 + 0.2, chooseAxis('ratio', 1))).toBe('30')
  expect(formatTick(90, chooseAxis('seconds', 600))).toBe('1.5')
})

test('the drawn range holds its largest value and a ratio always ends at 1', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (max) => {
      expect(axisTop('seconds', max)).toBeGreaterThanOrEqual(max)
      expect(axisTop('requests', max)).toBeGreaterThanOrEqual(Math.max(1, max))
    }),
  )
  expect(axisTop('ratio', 0.3)).toBe(1)
  expect(axisTop('requests', Number.NaN)).toBe(1)
})

test('values carry their unit, and a missing one is said in words', () => {
  expect(formatValueOf('seconds', 0.812)).toBe('812 ms')
  expect(formatValueOf('requests/s', 7.25)).toBe('7.25 req/s')
  expect(formatValueOf('tokens/s', 15_900)).toBe('15.9K tok/s')
  expect(formatValueOf('ratio', 0)).toBe('0 %')
  expect(formatValueOf('requests', null)).toBe('no data')
  expect(formatValueOf('requests', Number.NaN)).toBe('no data')
})
