import { seededRandom } from '@signalbox/base'
import { decodePage } from '@signalbox/exposition'
import { describe, expect, it } from 'vitest'
import { begin, countOf, end, FakeScheduler, gateway, labels, prediction, samplesOf, spread, sumOf } from './gateway-metrics.case.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'
import type { ErrorCode, Outcome, RequestLabels, RequestObservation } from './ports.ts'

describe('the page', () => {
  it('shows pool, build, index and scheduler before any request', () => {
    const page = gateway().render('text')
    expect(page).toContain('\ninference_pool_average_kv_cache_utilization{name="pool-1"} 0.25\n')
    expect(page).toContain('\nllm_d_epp_average_queue_size{name="pool-1"} 2\n')
    expect(page).toContain('\nllm_d_epp_average_running_requests{name="pool-1"} 3\n')
    expect(page).toContain('\ninference_pool_ready_pods{name="pool-1"} 1\n')
    expect(page).toContain('\ninference_extension_info{commit="abc",build_ref="main"} 1\n')
    expect(page).toContain('\ninference_extension_prefix_indexer_size 77\n')
    expect(page).toContain('\ninference_extension_prefix_indexer_hit_ratio_count 0\n')
    expect(page).toContain('\ninference_extension_prefix_indexer_hit_bytes_bucket{le="0"} 0\n')
    expect(page).toContain('\ninference_extension_scheduler_e2e_duration_seconds_count 0\n')
    expect(page).toContain('\nsignalbox_decision_ring_bytes 4096\n')
    expect(page).toContain('\nsignalbox_client_errors_total 0\n')
  })

  it('has every family of the endpoint picker that the guides name, by type and labels', () => {
    const scheduler = new FakeScheduler()
    scheduler.show({ endpoint: 'e1', queue: 2, stateAgeMs: 250 })
    const metrics = gateway(scheduler)
    begin(metrics)
    end(metrics)
    begin(metrics)
    end(metrics, { outcome: 'error', errorCode: 'ModelServerError', httpStatus: 502 })
    metrics.scheduled({ durationS: 0.0001, targetModel: 'llama-a', result: prediction })
    const page = metrics.render('text')
    const both = 'model_name="llama",target_model_name="llama-a"'
    const families: readonly (readonly [name: string, type: string, labels: string])[] = [
      ['inference_model_request_total', 'counter', `{${both}}`],
      ['inference_model_request_error_total', 'counter', `{${both},error_code="ModelServerError"}`],
      ['inference_model_request_duration_seconds', 'histogram', `{${both}}`],
      ['normalized_time_per_output_token_seconds', 'histogram', `{${both}}`],
      ['inference_model_request_sizes', 'histogram', `{${both}}`],
      ['inference_model_response_sizes', 'histogram', `{${both}}`],
      ['inference_model_input_tokens', 'histogram', `{${both}}`],
      ['inference_model_output_tokens', 'histogram', `{${both}}`],
      ['inference_model_running_requests', 'gauge', '{model_name="llama"}'],
      ['inference_pool_average_kv_cache_utilization', 'gauge', '{name="pool-1"}'],
      ['inference_pool_average_queue_size', 'gauge', '{name="pool-1"}'],
      ['inference_pool_per_pod_queue_size', 'gauge', '{name="pool-1",model_server_pod="e1"}'],
      ['inference_pool_ready_pods', 'gauge', '{name="pool-1"}'],
      ['inference_extension_info', 'gauge', '{commit="abc",build_ref="main"}'],
      ['inference_extension_prefix_indexer_size', 'gauge', ''],
      ['inference_extension_prefix_indexer_hit_ratio', 'histogram', ''],
      ['inference_extension_prefix_indexer_hit_bytes', 'histogram', ''],
      ['inference_extension_scheduler_e2e_duration_seconds', 'histogram', ''],
    ]
    for (const [name, type, series] of families) {
      expect(page).toContain(`# TYPE ${name} ${type}\n`)
      expect(page).toContain(`\n${name}${type === 'histogram' ? '_count' : ''}${series} `)
    }
  })

  it('is read whole by the decoder of either format', () => {
    const metrics = gateway()
    const odd = { ...labels, model: 'quo"ted', fairnessId: 'line\nbreak', targetModel: 'back\\slash' }
    begin(metrics, odd)
    end(metrics, {}, odd)
    const countSamples = (format: 'text' | 'openmetrics') =>
      decodePage(new TextEncoder().encode(metrics.render(format)), { sample: () => {} }, { format })
    const lines = metrics
      .render('text')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(countSamples('text')).toEqual({ ok: true, value: { samples: lines.length } })
    expect(countSamples('openmetrics')).toEqual(countSamples('text'))
  })

  it('follows the endpoints: stale ones lose their queue, removed ones everything', () => {
    const scheduler = new FakeScheduler()
    const metrics = gateway(scheduler)
    scheduler.show(
      { endpoint: 'e1', queue: 2, stateAgeMs: 250 },
      { endpoint: 'e2', queue: 5, stateAgeMs: 1500 },
      { endpoint: 'e3', queue: NaN, stateAgeMs: NaN },
    )
    expect(samplesOf(metrics).filter(({ name }) => /per_endpoint_queue|state_age/.test(name))).toEqual([
      { name: 'llm_d_epp_per_endpoint_queue_size', labels: 'name="pool-1",model_server_endpoint="e1"', value: 2 },
      { name: 'llm_d_epp_per_endpoint_queue_size', labels: 'name="pool-1",model_server_endpoint="e2"', value: 5 },
      { name: 'signalbox_endpoint_state_age_seconds', labels: 'endpoint="e1"', value: 0.25 },
      { name: 'signalbox_endpoint_state_age_seconds', labels: 'endpoint="e2"', value: 1.5 },
    ])
    scheduler.show({ endpoint: 'e2', queue: NaN, stateAgeMs: 9000 })
    expect(samplesOf(metrics).filter(({ name }) => /per_endpoint_queue|per_pod_queue|state_age/.test(name))).toEqual([
      { name: 'signalbox_endpoint_state_age_seconds', labels: 'endpoint="e2"', value: 9 },
    ])
  })

  it('says NaN for a pool that tells nothing, never 0', () => {
    const scheduler = new FakeScheduler()
    scheduler.state = { ...spread, kvUsage: NaN, queue: NaN, running: NaN, ready: 0, perEndpoint: [] }
    const page = gateway(scheduler).render('text')
    expect(page).toContain('\ninference_pool_average_kv_cache_utilization{name="pool-1"} NaN\n')
    expect(page).toContain('\ninference_pool_average_queue_size{name="pool-1"} NaN\n')
    expect(page).toContain('\ninference_pool_ready_pods{name="pool-1"} 0\n')
  })
})

describe('populations', () => {
  const after = (...observations: Partial<RequestObservation>[]): GatewayMetrics => {
    const metrics = gateway()
    for (const observation of observations) {
      begin(metrics)
      end(metrics, observation)
    }
    return metrics
  }

  it('a streamed answer is measured whole', () => {
    const metrics = after({})
    expect(sumOf(metrics, 'llm_d_epp_request_duration_seconds_sum')).toBe(2.5)
    expect(sumOf(metrics, 'llm_d_epp_request_ttft_seconds_sum', 'streaming="true"')).toBe(0.5)
    expect(sumOf(metrics, 'llm_d_epp_request_streaming_tpot_seconds_sum')).toBe(0.1)
    expect(sumOf(metrics, 'llm_d_epp_request_ntpot_seconds_sum')).toBe(2.5 / 21)
    expect(sumOf(metrics, 'llm_d_epp_request_size_bytes_sum')).toBe(300)
    expect(sumOf(metrics, 'llm_d_epp_response_size_bytes_sum')).toBe(4000)
    expect(sumOf(metrics, 'llm_d_epp_request_input_tokens_sum')).toBe(100)
    expect(sumOf(metrics, 'llm_d_epp_request_output_tokens_sum')).toBe(21)
    expect(sumOf(metrics, 'llm_d_epp_request_cached_tokens_sum')).toBe(64)
  })

  it('an answer that is not streamed has its whole duration as time to first token, and no time per token', () => {
    const metrics = after({ streaming: false, ttftS: undefined })
    expect(sumOf(metrics, 'llm_d_epp_request_ttft_seconds_sum', 'streaming="false"')).toBe(2.5)
    expect(countOf(metrics, 'llm_d_epp_request_streaming_tpot_seconds')).toBeUndefined()
  })

  it('a stream of one token has no time per token', () => {
    expect(countOf(after({ outputTokens: 1 }), 'llm_d_epp_request_streaming_tpot_seconds')).toBeUndefined()
  })

  it('a cancelled stream keeps its time to first token and nothing that needs its end', () => {
    const metrics = after({ outcome: 'cancelled', outputTokens: undefined, inputTokens: undefined, cachedTokens: undefined })
    expect(countOf(metrics, 'llm_d_epp_request_ttft_seconds')).toBe(1)
    expect(countOf(metrics, 'llm_d_epp_response_size_bytes')).toBe(1)
    for (const family of ['request_duration_seconds', 'request_ntpot_seconds', 'request_streaming_tpot_seconds', 'request_cached_tokens']) {
      expect(countOf(metrics, `llm_d_epp_${family}`)).toBeUndefined()
    }
    expect(sumOf(metrics, 'llm_d_epp_request_error_total')).toBe(0)
  })

  it('a rejected request counts as request and error, and has a size but no answer', () => {
    const metrics = after({
      outcome: 'rejected',
      errorCode: 'ResourceExhausted',
      streaming: false,
      ttftS: undefined,
      inputTokens: 0,
      outputTokens: 0,
    })
    expect(sumOf(metrics, 'inference_model_request_total')).toBe(1)
    expect(sumOf(metrics, 'llm_d_epp_request_error_total', 'error_code="ResourceExhausted"')).toBe(1)
    expect(countOf(metrics, 'llm_d_epp_request_size_bytes')).toBe(1)
    for (const family of ['response_size_bytes', 'request_ttft_seconds', 'request_input_tokens', 'request_duration_seconds']) {
      expect(countOf(metrics, `llm_d_epp_${family}`)).toBeUndefined()
    }
  })

  it('an error without a code is Unknown', () => {
    expect(sumOf(after({ outcome: 'error' }), 'llm_d_epp_request_error_total', 'error_code="Unknown"')).toBe(1)
  })

  it('cached tokens that the engine reports as 0 are observed, ones it does not report are not', () => {
    expect(countOf(after({ cachedTokens: 0 }), 'llm_d_epp_request_cached_tokens')).toBe(1)
    expect(countOf(after({ cachedTokens: undefined }), 'llm_d_epp_request_cached_tokens')).toBeUndefined()
  })
})

it('a thousand requests of all outcomes add up exactly, and the generations of names agree', () => {
  const random = seededRandom(20)
  const pickOf = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T
  const metrics = gateway()
  const outcomes: readonly Outcome[] = ['ok', 'error', 'rejected', 'cancelled']
  const codes: readonly (ErrorCode | undefined)[] = ['BadRequest', 'NotFound', 'ServiceUnavailable', 'ModelServerError', undefined]
  const open: RequestLabels[] = []
  const expected: Record<Outcome, number> = { ok: 0, error: 0, rejected: 0, cancelled: 0 }
  let begun = 0
  while (begun < 1000 || open.length > 0) {
    if (begun < 1000 && random.next() < 0.55) {
      const model = pickOf(['llama', 'qwen', 'unknown'])
      open.push({ model, targetModel: `${model}-${pickOf(['a', 'b'])}`, fairnessId: `tenant ${pickOf([1, 2, 3, 4])}`, priority: pickOf(['0', '1']) })
      begin(metrics, open.at(-1)!)
      begun += 1
    } else if (open.length > 0) {
      const [ended] = open.splice(Math.floor(random.next() * open.length), 1)
      const outcome = pickOf(outcomes)
      expected[outcome] += 1
      const observation = {
        outcome,
        errorCode: outcome === 'error' || outcome === 'rejected' ? pickOf(codes) : undefined,
        streaming: random.next() < 0.5,
        durationS: 1 + random.next() * 10,
        ttftS: random.next(),
      }
      end(metrics, observation, ended)
    }
    if (begun % 20 === 0) expect(sumOf(metrics, 'llm_d_epp_request_running') ?? 0).toBe(open.length)
  }

  const total = 1000
  expect(sumOf(metrics, 'llm_d_epp_request_total')).toBe(total)
  expect(sumOf(metrics, 'signalbox_requests_total')).toBe(total)
  expect(expected.ok + expected.error + expected.rejected + expected.cancelled).toBe(total)
  for (const outcome of outcomes) expect(sumOf(metrics, 'signalbox_requests_total', `outcome="${outcome}"`)).toBe(expected[outcome])
  expect(sumOf(metrics, 'llm_d_epp_request_error_total')).toBe(expected.error + expected.rejected)
  expect(countOf(metrics, 'llm_d_epp_request_duration_seconds')).toBe(expected.ok)
  for (const { name, value } of samplesOf(metrics))
    if (/_running$|running_requests$|^gateway_(current|pending)/.test(name))
      expect([name, value]).toEqual([name, name.includes('average') ? 3 : name.includes('std_dev') ? 2 : 0])

  const twins: readonly (readonly [current: string, old: string])[] = [
    ['request_total', 'inference_model_request_total'],
    ['request_error_total', 'inference_model_request_error_total'],
    ['request_running', 'inference_model_running_requests'],
    ['request_duration_seconds_count', 'inference_model_request_duration_seconds_count'],
    ['request_duration_seconds_bucket', 'inference_model_request_duration_seconds_bucket'],
    ['request_ntpot_seconds_count', 'normalized_time_per_output_token_seconds_count'],
    ['request_size_bytes_sum', 'inference_model_request_sizes_sum'],
    ['response_size_bytes_bucket', 'inference_model_response_sizes_bucket'],
    ['request_input_tokens_count', 'inference_model_input_tokens_count'],
    ['request_output_tokens_sum', 'inference_model_output_tokens_sum'],
  ]
  for (const model of ['llama', 'qwen', 'unknown']) {
    for (const [current, old] of twins) {
      const part = `model_name="${model}"`
      expect([model, old, sumOf(metrics, old, part)]).toEqual([model, old, sumOf(metrics, `llm_d_epp_${current}`, part)])
    }
  }
})

it('counts choices by endpoint, with the port of its address', () => {
  const scheduler = new FakeScheduler()
  scheduler.addresses = [
    { id: 'e1', url: 'http://10.0.0.1:8000' },
    { id: 'e2', url: 'https://gpu' },
  ]
  const metrics = gateway(scheduler)
  metrics.scheduled({ durationS: 0.0002, targetModel: 'm', result: prediction })
  metrics.scheduled({
    durationS: 0.0002,
    targetModel: 'm',
    result: { ...prediction, endpoint: { ...prediction.endpoint, id: 'e2' }, promptTokens: 0 },
  })
  metrics.scheduled({ durationS: 0.0002, targetModel: 'm', result: 'no-endpoint' })
  expect(samplesOf(metrics).filter(({ name }) => name === 'llm_d_epp_scheduler_attempts_total')).toEqual([
    {
      name: 'llm_d_epp_scheduler_attempts_total',
      labels: 'status="success",target_model_name="m",endpoint_name="e1",namespace="",port="8000"',
      value: 1,
    },
    {
      name: 'llm_d_epp_scheduler_attempts_total',
      labels: 'status="success",target_model_name="m",endpoint_name="e2",namespace="",port="443"',
      value: 1,
    },
    { name: 'llm_d_epp_scheduler_attempts_total', labels: 'status="failure",target_model_name="m",endpoint_name="",namespace="",port=""', value: 1 },
  ])
  expect(countOf(metrics, 'llm_d_epp_scheduler_e2e_duration_seconds')).toBe(3)
  expect(countOf(metrics, 'llm_d_epp_prefix_indexer_hit_ratio')).toBe(1)
})

it('counts retries, client errors and gaps between events', () => {
  const metrics = gateway()
  metrics.series(labels).retried('refused', undefined)
  metrics.series(labels).retried('refused', undefined)
  metrics.clientError()
  metrics.series(labels).contentGap(0.02)
  expect(sumOf(metrics, 'signalbox_retries_total', 'reason="refused"')).toBe(2)
  expect(sumOf(metrics, 'signalbox_client_errors_total')).toBe(1)
  expect(sumOf(metrics, 'llm_d_epp_request_streaming_itl_seconds_sum')).toBe(0.02)
})
