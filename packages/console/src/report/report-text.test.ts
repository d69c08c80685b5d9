import type { ReportMetric } from '@signalbox/replay'
import { expect, test } from 'vitest'
import { intervalText, metricText } from './report-text.ts'

const of = (unit: ReportMetric['unit']): ReportMetric => ({ id: 'x', label: 'X', unit, better: 'less', description: 'x' })

test('a value is written in the unit that fits it', () => {
  expect(metricText(of('ms'), 1234)).toBe('1.23 s')
  expect(metricText(of('ms'), 37)).toBe('37 ms')
  expect(metricText(of('ratio'), 0.9146)).toBe('91.5 %')
  expect(metricText(of('times'), 1.5)).toBe('1.50 ×')
  expect(metricText(of('per-second'), 12.34)).toBe('12.3/s')
  expect(metricText(of('tokens'), 1_234_567)).toBe('1.23M')
  expect(metricText(of('requests'), 0)).toBe('0')
})

test('what is not known is said to be, in every unit', () => {
  for (const unit of ['ms', 'ratio', 'times', 'per-second', 'tokens', 'requests'] as const) expect(metricText(of(unit), null), unit).toBe('unknown')
})

test('an interval has both bounds, and is not there where one run is all there is or all are the same', () => {
  expect(intervalText(of('ms'), { mean: 1300, low: 1200, high: 1400 })).toBe('1.20 s to 1.40 s')
  expect(intervalText(of('ms'), { mean: 1300, low: null, high: null })).toBe('')
  expect(intervalText(of('ratio'), { mean: 1, low: 1, high: 1 })).toBe('')
})
