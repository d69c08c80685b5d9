import { dialectEntries, signals } from '@signalbox/signals'
import { describe, expect, it } from 'vitest'
import { StartError } from '../supervisor/role-process.ts'
import { metricsText } from './metrics.ts'

describe('signalbox metrics', () => {
  it('lists every signal with kind, unit and its names by dialect', () => {
    const lines = metricsText(undefined, {}).split('\n')
    expect(lines.filter((line) => !line.startsWith(' ')).map((line) => /^[^:]+/.exec(line)?.[0])).toEqual(Object.keys(signals))
    const at = lines.indexOf('engine.kv_usage: gauge, ratio')
    expect(lines.slice(at + 1, at + 3)).toEqual(['  vllm:kv_cache_usage_perc (vllm)', '  sglang:token_usage (sglang)'])
    // A name that generations share has one line.
    expect(lines).toContain('  vllm:gpu_cache_usage_perc (vllm-0.9, vllm-v0)')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(150)
  })

  it('keeps to one dialect where asked', () => {
    const rows = metricsText(undefined, { dialect: 'vllm-v0' }).split('\n')
    const names = dialectEntries.filter(({ dialect }) => dialect === 'vllm-v0').map(({ name }) => name)
    expect(names.every((name) => rows.includes(`  ${name}`))).toBe(true)
    expect(rows.join('\n')).not.toContain('sglang')
  })

  it('explains the signals that a word is part of', () => {
    const text = metricsText('gateway.ttft', {})
    expect(text).toContain('gateway.ttft: histogram, seconds, less is better')
    expect(text).toContain('  llm_d_epp_request_ttft_seconds: llm-d-epp, histogram, seconds\n')
    expect(text).toMatch(/ {4}buckets +0\.005 0\.025 /)
    expect(text).toMatch(/request_ttft_milliseconds: llumnix, histogram, milliseconds/)
    expect(metricsText('TTFT', {})).toContain('engine.ttft: ')
  })

  it('explains a name: what it means, what replaces it, and what others call it', () => {
    const text = metricsText('vllm:gpu_cache_usage_perc', {})
    expect(text).toMatch(/^vllm:gpu_cache_usage_perc: engine\.kv_usage in vLLM/)
    expect(text).toContain('Deprecated: use vllm:kv_cache_usage_perc, which says the same.')
    expect(text).toMatch(/ {4}versions +/)
    expect(text).toContain('    sglang:token_usage (sglang)')
  })

  it('knows a name in its other spellings and by a sample of its histogram', () => {
    expect(metricsText('ray_vllm:kv_cache_usage_perc', {})).toContain('(vllm, there vllm:kv_cache_usage_perc)')
    expect(metricsText('vllm:time_to_first_token_seconds_bucket', {})).toContain('engine.ttft')
  })

  it('says the same as JSON', () => {
    const listed = JSON.parse(metricsText(undefined, { json: true })) as { signal: string; names: unknown[] }[]
    expect(listed.map(({ signal }) => signal)).toEqual(Object.keys(signals))
    expect(listed.flatMap(({ names }) => names)).toHaveLength(dialectEntries.length)
    expect(JSON.parse(metricsText('inference_pool_ready_pods', { json: true }))).toMatchObject([{ signal: 'pool.ready', unit: 'endpoints' }])
  })

  it('lists what is missing by component with the reason, whole, of one dialect, or by a word', () => {
    const text = metricsText(undefined, { missing: true })
    expect(text).toContain('Go runtime: there is no Go runtime in it.\n  go_goroutines (go)')
    expect(text).not.toContain('request_total')
    const go = JSON.parse(metricsText(undefined, { missing: true, json: true, dialect: 'go' })) as { name: string }[]
    expect(go.map(({ name }) => name)).toEqual(['go_goroutines', 'go_memstats_alloc_bytes'])
    expect(metricsText('request_total', { missing: true })).toBe('Nothing is missing.')
  })

  it.each([
    ['vllm:gpu_cache_usage_pec', {}, /is called "vllm:gpu_cache_usage_pec"; did you mean vllm:gpu_cache_usage_perc/],
    ['tfft', {}, /did you mean ttft/],
    ['qqqqqqqqqqqq', {}, /signalbox metrics lists what there is/],
    ['sglang:token_usage', { dialect: 'vllm' }, /no name of vllm is called/],
    [undefined, { dialect: 'vlm' }, /--dialect vlm: no such dialect; did you mean vllm\?/],
    [undefined, { dialect: 'zzzzzzzz' }, /--dialect zzzzzzzz: there are vllm, /],
  ] as const)('%j with %j is answered with what it may have been meant to be', (word, flags, message) => {
    expect(() => metricsText(word, flags)).toThrow(StartError)
    expect(() => metricsText(word, flags)).toThrow(message)
  })
})
