import { describe, expect, it } from 'vitest'
import { entriesAt, entriesOf, withBounds, withoutTenantLabels } from './index.ts'

const namesAt = (version: string) => new Set(entriesAt(['vllm', 'vllm-0.9'], version).map(({ name }) => name))

describe('the names of a version', () => {
  it('are both twins in vLLM 0.9.2, and nothing that came later', () => {
    const names = namesAt('0.9.2')
    for (const name of [
      'vllm:gpu_cache_usage_perc',
      'vllm:kv_cache_usage_perc',
      'vllm:gpu_prefix_cache_queries_total',
      'vllm:prefix_cache_queries_total',
      'vllm:gpu_prefix_cache_hits_total',
      'vllm:prefix_cache_hits_total',
      'vllm:time_per_output_token_seconds',
      'vllm:num_requests_running',
    ]) {
      expect(names, name).toContain(name)
    }
    for (const name of [
      'vllm:inter_token_latency_seconds',
      'vllm:request_time_per_output_token_seconds',
      'vllm:prompt_tokens_by_source_total',
      'vllm:external_prefix_cache_hits_total',
      'vllm:num_requests_waiting_by_reason',
      'vllm:tool_call_parser_invocations_total',
      'vllm:request_num_preemptions',
    ]) {
      expect(names, name).not.toContain(name)
    }
  })

  it('are the old ones alone before, and the current ones alone once the old ones are hidden', () => {
    const usage = (version: string) => [...namesAt(version)].filter((name) => name.endsWith('cache_usage_perc'))
    const gaps = (version: string) => [...namesAt(version)].filter((name) => /inter_token|:time_per_output/.test(name))
    expect(['0.9.1', '0.9.2', '0.10.2', '0.11', '0.12'].map(usage)).toEqual([
      ['vllm:gpu_cache_usage_perc'],
      ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
      ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
      ['vllm:kv_cache_usage_perc'],
      ['vllm:kv_cache_usage_perc'],
    ])
    expect(['0.10.2', '0.11.1', '0.12', '0.13'].map(gaps)).toEqual([
      ['vllm:time_per_output_token_seconds'],
      ['vllm:inter_token_latency_seconds', 'vllm:time_per_output_token_seconds'],
      ['vllm:inter_token_latency_seconds'],
      ['vllm:inter_token_latency_seconds'],
    ])
  })

  it('keep a version that is the last one, its patches included', () => {
    const has = (version: string) => entriesAt(['vllm-v0'], version).length > 0
    expect(['0.8', '0.8.5', '0.9'].map(has)).toEqual([true, true, false])
  })

  it('are those of one generation of the endpoint picker at a time, and of both in between', () => {
    const all = ['inference-model', 'inference-objective', 'inference-extension', 'llm-d-epp'] as const
    const speaks = (version: string) =>
      all.filter((dialect) => entriesAt([dialect], version).some(({ signal }) => signal === 'gateway.request_errors'))
    expect(speaks('0.5.1')).toEqual(['inference-model', 'inference-objective'])
    expect(speaks('0.8')).toEqual(['inference-objective'])
    expect(speaks('0.10.2')).toEqual(['inference-objective', 'llm-d-epp'])
    expect(speaks('0.11')).toEqual(['llm-d-epp'])
    const queues = entriesAt(['inference-extension'], '0.11').map(({ name }) => name)
    expect(queues).toEqual(['inference_extension_flow_control_queue_size', 'inference_extension_flow_control_queue_bytes'])
  })

  it('leave out what is only understood when read', () => {
    expect(entriesAt(['inference-extension'], '0.10').filter(({ readOnly }) => readOnly)).toEqual([])
  })
})

describe('tenant labels', () => {
  const all = entriesOf('llm-d-epp', 'inference-extension')
  const tenants = (entries: typeof all, type: string) =>
    entries.filter((entry) => entry.type === type && entry.labels.some(({ from }) => from === 'fairness_id')).length

  it('are on histograms of the endpoint picker as its originals have them', () => {
    expect(all.find(({ name }) => name === 'llm_d_epp_request_duration_seconds')?.labels.map(({ name }) => name)).toEqual([
      'model_name',
      'target_model_name',
      'fairness_id',
      'priority',
    ])
  })

  it('leave histograms, and nothing else, where they are not wanted', () => {
    const kept = withoutTenantLabels(all)
    expect(tenants(all, 'histogram')).toBeGreaterThan(5)
    expect(tenants(kept, 'histogram')).toBe(0)
    expect(tenants(kept, 'counter')).toBe(tenants(all, 'counter'))
    expect(tenants(kept, 'gauge')).toBe(tenants(all, 'gauge'))
    expect(kept.find(({ name }) => name === 'llm_d_epp_request_ttft_seconds')?.labels.map(({ name }) => name)).toEqual([
      'model_name',
      'target_model_name',
      'priority',
      'streaming',
    ])
  })
})

describe('further bounds', () => {
  const own = entriesOf('signalbox')
  const boundsOf = (entries: typeof own, name: string) => entries.find((entry) => entry.name === name)?.bounds

  it('join those of the histogram that is named, ascending and each once', () => {
    const tailored = withBounds(own, { signalbox_request_ttft_seconds: [0.45, 60, 0.01, 90] })
    expect(boundsOf(tailored, 'signalbox_request_ttft_seconds')).toEqual([0.01, 0.05, 0.1, 0.2, 0.4, 0.45, 0.8, 1.5, 3, 6, 15, 30, 60, 90])
    expect(boundsOf(tailored, 'signalbox_request_tpot_seconds')).toEqual(boundsOf(own, 'signalbox_request_tpot_seconds'))
  })

  it('are refused for what is no histogram, and where they bound nothing', () => {
    expect(() => withBounds(own, { signalbox_requests_total: [1] })).toThrow('no histogram is called signalbox_requests_total')
    expect(() => withBounds(own, { signalbox_request_ttft_seconds: [Number.NaN] })).toThrow('a bound of signalbox_request_ttft_seconds is NaN')
    expect(() => withBounds(own, { signalbox_request_ttft_seconds: [Infinity] })).toThrow('bounds are positive and finite')
  })
})
