import { describe, expect, test } from 'vitest'
import { dashboard } from './dashboard.ts'
import { quoted } from './selectors.ts'
import type { Scope } from './types.ts'

const scope = (model: string): Scope => ({ dialects: ['vllm', 'llm-d-epp'], model, window: '60s' })
const all = dashboard(scope(''))
const expressions = (model: string) => new Map(dashboard(scope(model)).map((panel) => [panel.id, panel.queries]))

describe('the performance dashboard', () => {
  test('has the eight panels, each under its own id and with a sentence about its number', () => {
    expect(all.map((panel) => panel.id)).toEqual(['ttft', 'itl', 'kv-usage', 'hit-rate', 'queue', 'throughput', 'tokens', 'e2e'])
    for (const panel of all) {
      expect(panel.title).not.toBe('')
      expect(panel.description).toMatch(/^[A-Z].{30,}\.$/)
      expect(panel.queries.length).toBeGreaterThan(0)
    }
  })

  test('adds bucket rates by bound before it takes a quantile', () => {
    expect(expressions('').get('ttft')).toContainEqual({
      legend: 'p99',
      expr: 'histogram_quantile(0.99, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[60s])))',
    })
  })

  test('leaves the hit rate out, rather than dividing by zero, while nothing is looked up', () => {
    expect(expressions('').get('hit-rate')).toEqual([
      { legend: 'fleet', expr: 'sum(rate(vllm:prefix_cache_hits_total[60s])) / (sum(rate(vllm:prefix_cache_queries_total[60s])) > 0)' },
      {
        legend: '{{instance}}',
        expr: 'sum by (instance) (rate(vllm:prefix_cache_hits_total[60s])) / (sum by (instance) (rate(vllm:prefix_cache_queries_total[60s])) > 0)',
      },
    ])
  })

  test('names the model in every selector when there is one, and in none otherwise', () => {
    for (const panel of dashboard(scope('llama-3'))) {
      for (const { expr } of panel.queries) {
        const names = expr.match(/vllm:\w+/g) ?? []
        expect(expr.match(/model_name="llama-3"/g)).toHaveLength(names.length)
      }
    }
    for (const panel of all) for (const { expr } of panel.queries) expect(expr).not.toContain('model_name')
  })

  test('cannot be led out of the label matcher by a model name', () => {
    expect(quoted('a"} or up{x="\\\n')).toBe('"a\\"} or up{x=\\"\\\\\\n"')
  })

  test('keeps a success apart from an abort and an error', () => {
    expect(expressions('').get('throughput')?.[0]?.expr).toBe('sum(rate(vllm:request_success_total{finished_reason!~"abort|error"}[60s]))')
  })

  test('orders thresholds by value, and says which way is good on each panel', () => {
    const levels = new Map(all.map((panel) => [panel.id, panel.thresholds.map((threshold) => `${threshold.value} ${threshold.level}`)]))
    expect(levels.get('kv-usage')).toEqual(['0 ok', '0.7 warning', '0.9 critical'])
    expect(levels.get('hit-rate')).toEqual(['0 critical', '0.3 warning', '0.6 ok'])
  })

  test('draws one set of lines a dialect where buckets cannot be added', () => {
    const ttft = dashboard({ ...scope(''), dialects: ['vllm', 'sglang'] }).find(({ id }) => id === 'ttft')
    expect(ttft?.queries.map(({ legend }) => legend)).toEqual([
      'p50 (vLLM V1)',
      'p95 (vLLM V1)',
      'p99 (vLLM V1)',
      'p50 (SGLang)',
      'p95 (SGLang)',
      'p99 (SGLang)',
    ])
  })

  test('names layouts in one order on every panel, so that a dialect keeps its colour', () => {
    const panels = dashboard({ ...scope(''), dialects: ['vllm', 'vllm-0.9', 'vllm-v0', 'sglang'] })
    for (const id of ['ttft', 'itl', 'e2e']) {
      const legends = panels.find((panel) => panel.id === id)?.queries.map(({ legend }) => legend) ?? []
      expect([...new Set(legends.flatMap((legend) => /\(([^,)]*)/.exec(legend)?.[1] ?? []))], id).toEqual(['vLLM V1', 'vLLM V0', 'SGLang'])
    }
  })

  test('leaves out panels of which no dialect has anything', () => {
    expect(dashboard({ ...scope(''), dialects: ['llamacpp'] }).map(({ id }) => id)).toEqual(['kv-usage', 'hit-rate', 'queue', 'tokens'])
    expect(dashboard({ ...scope(''), dialects: ['dcgm'] })).toEqual([])
  })
})
