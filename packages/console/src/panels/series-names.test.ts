import { describe, expect, test } from 'vitest'
import { colorSeries, nameSeries } from './series-names.ts'

describe('nameSeries', () => {
  test('takes the legend as it is where a query returns one series', () => {
    expect(
      nameSeries(
        ['p50', 'p95'],
        [
          { query: 0, metric: {} },
          { query: 1, metric: { model_name: 'llama' } },
        ],
      ),
    ).toEqual(['p50', 'p95'])
  })

  test('fills in the labels that a legend names', () => {
    expect(nameSeries(['{{instance}} of {{ job }}'], [{ query: 0, metric: { instance: 'engine-1', job: 'vllm' } }])).toEqual(['engine-1 of vllm'])
    expect(nameSeries(['{{absent}}'], [{ query: 0, metric: {} }])).toEqual([''])
  })

  test('adds the labels in which series of one query differ, and only those', () => {
    const series = ['engine-1', 'engine-2'].map((instance) => ({ query: 0, metric: { job: 'vllm', instance } }))
    expect(nameSeries(['running'], series)).toEqual(['running · engine-1', 'running · engine-2'])
  })
})

describe('colorSeries', () => {
  test('gives quantiles of one thing one hue in three strengths', () => {
    const series = [0, 1, 2].map((query) => ({ query, metric: {} }))
    expect(colorSeries(['p50', 'p95', 'p99'], series)).toEqual([
      { hue: 0, shade: 'light' },
      { hue: 0, shade: 'middle' },
      { hue: 0, shade: 'full' },
    ])
  })

  test('gives quantiles of different dialects different hues', () => {
    const names = ['p50 (vLLM V1)', 'p95 (vLLM V1)', 'p50 (SGLang)', 'p95 (SGLang)']
    const colors = colorSeries(
      names,
      names.map((_, query) => ({ query, metric: {} })),
    )
    expect(colors.map(({ hue }) => hue)).toEqual([0, 0, 1, 1])
    expect(colors.map(({ shade }) => shade)).toEqual(['light', 'middle', 'light', 'middle'])
  })

  test('gives an instance the same hue on every panel, whatever else is drawn first', () => {
    const metric = (instance: string) => ({ query: 1, metric: { instance } })
    const alone = colorSeries(['a', 'b'], [metric('engine-1'), metric('engine-2')])
    const beside = colorSeries(['b', 'a'], [metric('engine-2'), metric('engine-1')])
    expect(beside[1]?.hue).toBe(alone[0]?.hue)
  })

  test('gives different lines different hues while there are any', () => {
    const series = Array.from({ length: 8 }, (_, index) => ({ query: 0, metric: { instance: `engine-${index}` } }))
    expect(new Set(colorSeries(series.map(String), series).map(({ hue }) => hue)).size).toBe(8)
  })
})
