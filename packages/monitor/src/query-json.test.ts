import { Labels } from '@signalbox/base'
import type { FloatHistogram, QueryValue } from '@signalbox/promql'
import { expect, test } from 'vitest'
import { JsonPieces, writeLabelSets, writeQueryValue, writeStrings } from './query-json.ts'

function written(write: (pieces: JsonPieces) => void): string {
  const pieces = new JsonPieces(1_000_000)
  write(pieces)
  return new TextDecoder().decode(pieces.bytes())
}

const valueText = (value: QueryValue) => written((pieces) => writeQueryValue(value, pieces))

test('values are strings and timestamps seconds with at most three decimals', () => {
  expect(valueText({ type: 'scalar', timestampMs: 1_435_781_451_781, value: 1.5 })).toBe('{"resultType":"scalar","result":[1435781451.781,"1.5"]}')
  expect(valueText({ type: 'scalar', timestampMs: 1_435_781_451_000, value: Infinity })).toBe('{"resultType":"scalar","result":[1435781451,"+Inf"]}')
  expect(valueText({ type: 'string', timestampMs: 1_500, value: 'a "b"' })).toBe('{"resultType":"string","result":[1.5,"a \\"b\\""]}')
})

test('a vector has one value a series, a matrix its points', () => {
  const labels = Labels.from({ __name__: 'up', job: 'a\n"b"' })
  expect(JSON.parse(valueText({ type: 'vector', samples: [{ labels, timestampMs: 2_000, value: Number.NaN }] }))).toEqual({
    resultType: 'vector',
    result: [{ metric: { __name__: 'up', job: 'a\n"b"' }, value: [2, 'NaN'] }],
  })
  const series = { labels, timestampsMs: Float64Array.of(1_000, 2_000), values: Float64Array.of(1, -Infinity) }
  expect(JSON.parse(valueText({ type: 'matrix', series: [series, series] }))).toEqual({
    resultType: 'matrix',
    result: Array(2).fill({
      metric: { __name__: 'up', job: 'a\n"b"' },
      values: [
        [1, '1'],
        [2, '-Inf'],
      ],
    }),
  })
  expect(valueText({ type: 'vector', samples: [] })).toBe('{"resultType":"vector","result":[]}')
})

test('native histograms are objects with their populated buckets', () => {
  const histogram: FloatHistogram = {
    schema: 0,
    zeroThreshold: 0.5,
    zeroCount: 1,
    count: 6,
    sum: 3.5,
    positive: { indices: [0, 1], counts: [2, 0] },
    negative: { indices: [1], counts: [3] },
    customBounds: [],
    resetHint: 'unknown',
  }
  const content = {
    count: '6',
    sum: '3.5',
    buckets: [
      [1, '-2', '-1', '3'],
      [3, '-0.5', '0.5', '1'],
      [0, '0.5', '1', '2'],
    ],
  }
  const labels = Labels.from({ __name__: 'h' })
  expect(JSON.parse(valueText({ type: 'vector', samples: [{ labels, timestampMs: 2_000, value: Number.NaN, histogram }] })).result).toEqual([
    { metric: { __name__: 'h' }, histogram: [2, content] },
  ])
  const series = { labels, timestampsMs: Float64Array.of(1_000, 2_000), values: Float64Array.of(1, 0), histograms: [undefined, histogram] }
  expect(JSON.parse(valueText({ type: 'matrix', series: [series] })).result).toEqual([
    { metric: { __name__: 'h' }, values: [[1, '1']], histograms: [[2, content]] },
  ])
})

test('lists of labels and of strings are plain JSON', () => {
  expect(written((pieces) => writeLabelSets([Labels.from({ a: '1' }), Labels.empty], pieces))).toBe('[{"a":"1"},{}]')
  expect(written((pieces) => writeStrings(['a', 'é"'], pieces))).toBe('["a","é\\""]')
})

test('a result that grows beyond the limit is noticed', () => {
  const pieces = new JsonPieces(1_000)
  writeStrings(Array(9).fill('x'.repeat(100)), pieces)
  expect(pieces.full).toBe(false)
  writeStrings(Array(2).fill('x'.repeat(100)), pieces)
  expect(pieces.full).toBe(true)
})
