import { describe, expect, it } from 'vitest'
import { applyFixes } from './apply-fixes.ts'
import { lint } from './lint.ts'

function fixed(text: string): string {
  return applyFixes({ path: 'x', text }, lint([{ path: 'x', text }]).findings).text
}

function rule(expr: string, more = ''): string {
  return `# a comment\ngroups:\n- name: "g"\n  rules:\n  - {alert: A,   expr: '${expr}'${more}}\n`
}

describe('a fix', () => {
  it('keeps comments, quotes and spaces', () => {
    expect(fixed(rule('max( vllm:gpu_cache_usage_perc )  > 0.9'))).toBe(rule('max( vllm:kv_cache_usage_perc )  > 0.9'))
  })

  it('keeps the part of a histogram and the spelling of the system', () => {
    expect(fixed(rule('rate(vllm:time_per_output_token_seconds_sum[5m]) > 1'))).toBe(rule('rate(vllm:inter_token_latency_seconds_sum[5m]) > 1'))
    expect(fixed(rule('max(ray_vllm:gpu_cache_usage_perc) > 1'))).toBe(rule('max(ray_vllm:kv_cache_usage_perc) > 1'))
  })

  it('adds a missing ending, and then renames', () => {
    const once = fixed(rule('rate(vllm:gpu_prefix_cache_hits[5m]) < 1'))
    expect(fixed(once)).toBe(rule('rate(vllm:prefix_cache_hits_total[5m]) < 1'))
  })

  it('renames a label with its metric, in conditions, groupings and the legend', () => {
    const target = (name: string, label: string) => ({ expr: `sum by (${label}) (${name}{${label}=~"a.*"})`, legendFormat: `{{ ${label} }}` })
    const text = (name: string, label: string) =>
      JSON.stringify({ title: 'B', panels: [{ type: 'stat', title: 'P', targets: [target(name, label)] }] }, null, 3)
    expect(fixed(text('inference_pool_per_pod_queue_size', 'model_server_pod'))).toBe(
      text('llm_d_epp_per_endpoint_queue_size', 'model_server_endpoint'),
    )
  })

  it('leaves a label to a person that other series of the query have too', () => {
    const text = rule('sum by (model_server_pod) (inference_pool_per_pod_queue_size) > on (model_server_pod) other')
    expect(fixed(text)).toBe(text)
    const [finding] = lint([{ path: 'x', text }]).findings
    expect(finding).toMatchObject({ id: 'removed-metric', edits: [] })
    expect(finding?.fix).toContain('by hand')
  })

  it('leaves a label to a person that a text of the alert names', () => {
    const text = rule(
      'max by (model_server_pod) (inference_pool_per_pod_queue_size) > 9',
      ', annotations: {summary: "{{ $labels.model_server_pod }}"}',
    )
    expect(fixed(text)).toBe(text)
  })

  it('leaves a metric to a person that has more series now', () => {
    const text = rule('inference_objective_running_requests > 9')
    expect(fixed(text)).toBe(text)
    expect(fixed(rule('sum(inference_objective_running_requests) > 9'))).toBe(rule('sum(llm_d_epp_request_running) > 9'))
  })

  it('leaves a bucket to a person whose bounds are others now', () => {
    const text = rule('sum(rate(vllm:time_in_queue_requests_bucket{le="0.3"}[5m])) > 1')
    expect(fixed(text)).toBe(text)
    const { findings } = lint([{ path: 'x', text }])
    expect(findings.find(({ id }) => id === 'removed-metric')?.fix).toContain('vllm:request_queue_time_seconds_bucket')
  })

  it('leaves names alone that a version in use still shows', () => {
    const files = [{ path: 'x', text: rule('max(vllm:gpu_cache_usage_perc) > 0.9') }]
    expect(lint(files, { versions: { vllm: '0.9.2' } }).findings).toEqual([])
    expect(lint(files, { versions: { vllm: '0.10.2' } }).findings).toEqual([])
    expect(lint(files, { versions: { vllm: '0.11' } }).findings.map(({ id }) => id)).toEqual(['removed-metric'])
  })
})
