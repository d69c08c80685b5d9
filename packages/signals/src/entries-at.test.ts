import { describe, expect, it } from 'vitest'
import { entriesAt } from './entries-at.ts'

const names = (...args: Parameters<typeof entriesAt>) => new Set(entriesAt(...args).map(({ name }) => name))

describe('the entries of a version', () => {
  it('hold both twins in the middle of a renaming, and neither what came later nor what went before', () => {
    const page = names(['vllm', 'vllm-0.9'], '0.9.2')
    expect(page.has('vllm:gpu_cache_usage_perc') && page.has('vllm:kv_cache_usage_perc')).toBe(true)
    expect(page.has('vllm:time_per_output_token_seconds')).toBe(true)
    expect(page.has('vllm:inter_token_latency_seconds') || page.has('vllm:num_requests_swapped')).toBe(false)
  })

  it('leave out what the version hides', () => {
    expect(names(['vllm-0.9'], '0.10.2').has('vllm:gpu_cache_usage_perc')).toBe(true)
    expect([...names(['vllm-0.9'], '0.11')]).toEqual(['vllm:time_per_output_token_seconds'])
    expect([...names(['vllm-0.9'], '0.12')]).toEqual([])
  })

  it('include every patch of the last version that has a name', () => {
    expect(names(['vllm-v0'], '0.8.5').has('vllm:num_requests_swapped')).toBe(true)
    expect(entriesAt(['vllm-v0'], '0.9')).toEqual([])
  })

  it('leave out what is only understood when read', () => {
    expect(names(['inference-extension'], '1').has('inference_extension_scheduler_attempts_total')).toBe(false)
  })
})
