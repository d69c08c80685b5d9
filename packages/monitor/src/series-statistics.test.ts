import { Labels } from '@signalbox/base'
import { expect, test } from 'vitest'
import { statisticsOf } from './series-statistics.ts'

const all = [
  Labels.from({ __name__: 'a', job: 'x', path: 'é' }),
  Labels.from({ __name__: 'a', job: 'x', path: 'long' }),
  Labels.from({ __name__: 'b', job: 'y' }),
]

test('series, values, bytes and pairs are counted, the largest first', () => {
  expect(statisticsOf(all, 10, { oldestMs: 1, newestMs: 2 })).toEqual({
    headStats: { numSeries: 3, numLabelPairs: 6, minTime: 1, maxTime: 2 },
    seriesCountByMetricName: [
      { name: 'a', value: 2 },
      { name: 'b', value: 1 },
    ],
    labelValueCountByLabelName: [
      { name: '__name__', value: 2 },
      { name: 'job', value: 2 },
      { name: 'path', value: 2 },
    ],
    memoryInBytesByLabelName: [
      { name: 'path', value: 6 },
      { name: '__name__', value: 3 },
      { name: 'job', value: 3 },
    ],
    seriesCountByLabelValuePair: [
      { name: '__name__=a', value: 2 },
      { name: 'job=x', value: 2 },
      { name: '__name__=b', value: 1 },
      { name: 'job=y', value: 1 },
      { name: 'path=long', value: 1 },
      { name: 'path=é', value: 1 },
    ],
  })
})

test('lists are cut, and an empty store has no times', () => {
  expect(statisticsOf(all, 1, { oldestMs: 1, newestMs: 2 }).seriesCountByLabelValuePair).toEqual([{ name: '__name__=a', value: 2 }])
  expect(statisticsOf([], 10, { oldestMs: Infinity, newestMs: -Infinity })).toEqual({
    headStats: { numSeries: 0, numLabelPairs: 0, minTime: 0, maxTime: 0 },
    seriesCountByMetricName: [],
    labelValueCountByLabelName: [],
    memoryInBytesByLabelName: [],
    seriesCountByLabelValuePair: [],
  })
})
