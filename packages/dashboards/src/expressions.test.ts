import { Labels } from '@signalbox/base'
import { evaluateInstant, type Matcher, parse, type Queryable, type SeriesColumns, typeOf } from '@signalbox/promql'
import { describe, expect, test } from 'vitest'
import { dashboard } from './dashboard.ts'

const NOW_MS = 1_700_000_000_000
const WINDOW = { windowSeconds: 60 }

/** Series that go from the first value to the second within the last minute, in five-second steps. */
function store(series: readonly { readonly labels: Readonly<Record<string, string>>; readonly from: number; readonly to: number }[]): Queryable {
  const columns: SeriesColumns[] = series.map(({ labels, from, to }) => ({
    labels: Labels.from(labels),
    timestampsMs: Float64Array.from({ length: 13 }, (_, i) => NOW_MS - 60_000 + i * 5_000),
    values: Float64Array.from({ length: 13 }, (_, i) => from + ((to - from) * i) / 12),
  }))
  return {
    select: (matchers: readonly Matcher[], startMs) =>
      columns
        .filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name))))
        .map(({ labels, timestampsMs, values }) => {
          const first = timestampsMs.findIndex((timestampMs) => timestampMs >= startMs)
          return { labels, timestampsMs: timestampsMs.subarray(first), values: values.subarray(first) }
        }),
  }
}

function numbers(queryable: Queryable, panelId: string, legend: string, model = ''): Record<string, number> {
  const panel = dashboard({ model, ...WINDOW }).find(({ id }) => id === panelId)
  const query = panel?.queries.find((candidate) => candidate.legend === legend)
  const expression = parse(query?.expr ?? '')
  if (!expression.ok) throw new Error(expression.error.message)
  const output = evaluateInstant(expression.value, queryable, NOW_MS)
  if (!output.ok) throw new Error(output.error.message)
  expect(output.value.warnings).toEqual([])
  expect(output.value.infos).toEqual([])
  if (output.value.value.type !== 'vector') throw new Error(output.value.value.type)
  return Object.fromEntries(output.value.value.samples.map(({ labels, value }) => [labels.get('instance') || 'fleet', value]))
}

const hits = (instance: string, from: number, to: number) => ({
  labels: { __name__: 'vllm:prefix_cache_hits_total', instance, model_name: 'm', engine: '0' },
  from,
  to,
})
const queries = (instance: string, from: number, to: number) => ({
  labels: { __name__: 'vllm:prefix_cache_queries_total', instance, model_name: 'm', engine: '0' },
  from,
  to,
})

describe('the expressions of the dashboard', () => {
  test.each(['', 'llama-3', 'strange "name" \\ with\nlines'])('are all PromQL of an instant vector for the model %j', (model) => {
    for (const panel of dashboard({ model, ...WINDOW })) {
      for (const { expr } of panel.queries) {
        const parsed = parse(expr)
        expect(parsed.ok ? typeOf(parsed.value) : parsed.error.message, expr).toBe('instant vector')
      }
    }
  })

  test('weigh the hit rate of the fleet by lookups, not by endpoints', () => {
    const fleet = store([hits('a', 0, 90), queries('a', 0, 100), hits('b', 0, 0), queries('b', 0, 900)])
    expect(numbers(fleet, 'hit-rate', 'fleet')['fleet']).toBeCloseTo(0.09, 12)
    const each = numbers(fleet, 'hit-rate', '{{instance}}')
    expect(each['a']).toBeCloseTo(0.9, 12)
    expect(each['b']).toBe(0)
  })

  test('give no hit rate, rather than NaN, where nothing is looked up', () => {
    const idle = store([hits('a', 5, 5), queries('a', 9, 9), hits('b', 0, 1), queries('b', 0, 2)])
    expect(numbers(idle, 'hit-rate', '{{instance}}')).toEqual({ b: expect.closeTo(0.5, 12) })
    expect(numbers(store([hits('a', 5, 5), queries('a', 9, 9)]), 'hit-rate', 'fleet')).toEqual({})
  })

  test('take one quantile of the whole fleet', () => {
    const bucket = (instance: string, le: string, to: number) => ({
      labels: { __name__: 'vllm:time_to_first_token_seconds_bucket', instance, le, model_name: 'm' },
      from: 0,
      to,
    })
    const fleet = store([
      bucket('a', '0.1', 90),
      bucket('a', '1', 90),
      bucket('a', '+Inf', 90),
      bucket('b', '0.1', 0),
      bucket('b', '1', 10),
      bucket('b', '+Inf', 10),
    ])
    expect(numbers(fleet, 'ttft', 'p95')).toEqual({ fleet: expect.closeTo(0.1 + 0.9 * 0.5, 9) })
  })

  test('show the mean engine of the fleet and the fullest engine of each endpoint', () => {
    const usage = (instance: string, engine: string, value: number) => ({
      labels: { __name__: 'vllm:kv_cache_usage_perc', instance, engine, model_name: 'm' },
      from: value,
      to: value,
    })
    const fleet = store([usage('a', '0', 0.2), usage('a', '1', 0.9), usage('b', '0', 0.1)])
    expect(numbers(fleet, 'kv-usage', 'fleet')['fleet']).toBeCloseTo(0.4, 12)
    expect(numbers(fleet, 'kv-usage', '{{instance}}')).toEqual({ a: 0.9, b: 0.1 })
    expect(numbers(fleet, 'kv-usage', 'fleet', 'another model')).toEqual({})
  })
})
