import { describe, expect, it } from 'vitest'
import { gatewayDialects } from './exposed-entries.ts'
import { begin, countOf, end, FakeScheduler, gateway, labels, prediction, samplesOf, sumOf } from './gateway-metrics.case.ts'
import type { GatewayMetrics, GatewayMetricsOptions } from './gateway-metrics.ts'
import type { RequestObservation } from './ports.ts'

describe('the names of a page', () => {
  const page = (options: Partial<GatewayMetricsOptions>) => {
    const metrics = gateway(new FakeScheduler(), options)
    begin(metrics)
    end(metrics)
    return metrics.render('text')
  }
  const names = (options: Partial<GatewayMetricsOptions>) => [...page(options).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!)

  it('are those of the dialects chosen, and no others', () => {
    expect(names({ dialects: ['inference-pool'] })).toEqual([
      'inference_pool_average_kv_cache_utilization',
      'inference_pool_average_queue_size',
      'inference_pool_ready_pods',
    ])
    expect(names({ dialects: ['llumnix'] })).toContain('request_total')
    expect(names({ dialects: gatewayDialects.filter((dialect) => dialect !== 'llumnix') })).not.toContain('request_total')
    expect(names({ dialects: [] })).toEqual([])
  })

  it('tell tenants apart on histograms only where asked, on counters always', () => {
    const asked = page({ tenantLabelOnHistograms: true })
    const plain = page({})
    expect(asked).toMatch(/^llm_d_epp_request_duration_seconds_count\{[^}]*fairness_id="tenant"/m)
    expect(plain).toMatch(/^llm_d_epp_request_duration_seconds_count\{/m)
    expect(plain).not.toMatch(/^llm_d_epp_request_duration_seconds_count\{[^}]*fairness_id/m)
    expect(plain).toMatch(/^llm_d_epp_request_total\{[^}]*fairness_id="tenant"/m)
  })

  it('have a bucket that ends at each objective, the common one and those of models', () => {
    const objectives = { ttftMs: 1_700, tpotMs: 33, models: { llama: { ttftMs: 432 } } }
    const text = page({ objectives })
    for (const [family, bound] of [
      ['ttft', '1.7'],
      ['ttft', '0.432'],
      ['tpot', '0.033'],
    ] as const)
      expect(text).toMatch(new RegExp(`^signalbox_request_${family}_seconds_bucket\\{model="llama",le="${bound}"\\} [01]$`, 'm'))
    expect(text).toContain('signalbox_request_ttft_seconds_bucket{model="llama",le="0.432"} 0\n')
    expect(text).toContain('signalbox_request_ttft_seconds_bucket{model="llama",le="1.7"} 1\n')
    expect(text).not.toMatch(/llm_d_epp_request_ttft_seconds_bucket\{.*le="1.7"/)
  })

  it('all stand for signals that are recorded, whatever is shown', () => {
    expect(gateway(new FakeScheduler(), { dialects: [] }).recorded()).toEqual(gateway().recorded())
    expect(gateway().recorded()).toContain('gateway.slo_requests')
  })
})

describe('what ended requests leave under the names of others', () => {
  const after = (...observations: Partial<RequestObservation>[]): GatewayMetrics => {
    const scheduler = new FakeScheduler()
    scheduler.addresses = [prediction.endpoint]
    const metrics = gateway(scheduler)
    for (const observation of observations) {
      begin(metrics)
      if (observation.prediction !== undefined) metrics.dispatched(0.003)
      end(metrics, observation)
    }
    return metrics
  }

  it('one count by status each: 499 where the client left, whatever it had got, the real code otherwise', () => {
    const metrics = after({}, {}, { outcome: 'cancelled' }, { outcome: 'rejected', httpStatus: 404 }, { outcome: 'error', httpStatus: 502 })
    const byStatus = samplesOf(metrics).filter(({ name }) => name === 'request_total')
    expect(Object.fromEntries(byStatus.map(({ labels, value }) => [labels, value]))).toEqual({
      'model="llama",status_code="200"': 2,
      'model="llama",status_code="499"': 1,
      'model="llama",status_code="404"': 1,
      'model="llama",status_code="502"': 1,
    })
  })

  it('tokens of all that were sent: as used, else as estimated and counted in passing', () => {
    const usage = { inputTokens: 100, outputTokens: 21 }
    const none = { inputTokens: undefined, outputTokens: undefined, cachedTokens: undefined }
    const metrics = after({ prediction, ...usage }, { prediction, ...none, outcome: 'cancelled', contentEvents: 7 }, { ...none, outcome: 'rejected' })
    expect(sumOf(metrics, 'request_input_tokens_total')).toBe(100 + 160)
    expect(sumOf(metrics, 'request_output_tokens_total')).toBe(21 + 7)
    expect(countOf(metrics, 'request_input_tokens')).toBe(2)
    expect(countOf(metrics, 'llm_d_epp_request_input_tokens')).toBe(1)
  })

  it('durations of their parts, in the unit of the name, where it came to them', () => {
    const metrics = after(
      { prediction, preprocessS: 0.0004, scheduleS: 0.00003, postprocessS: 0.002, responseProcessingS: 0.003 },
      { outcome: 'rejected', httpStatus: 404, preprocessS: 0.0002 },
    )
    expect(sumOf(metrics, 'request_preprocess_duration_milliseconds_sum')).toBeCloseTo(0.6, 12)
    expect(sumOf(metrics, 'request_schedule_duration_milliseconds_sum')).toBeCloseTo(0.03, 12)
    expect(sumOf(metrics, 'request_postprocess_duration_milliseconds_sum')).toBe(2)
    expect(sumOf(metrics, 'llm_d_epp_response_processing_duration_seconds_sum')).toBe(0.003)
    expect(sumOf(metrics, 'llm_d_epp_request_processing_duration_seconds_sum')).toBe(0.003)
    expect(countOf(metrics, 'request_preprocess_duration_milliseconds')).toBe(2)
    expect(countOf(metrics, 'request_schedule_duration_milliseconds')).toBe(1)
  })

  it('goodput by what was missed, with every series from the first request on', () => {
    const metrics = after(
      {},
      { ttftS: 2.4 },
      { outcome: 'error', httpStatus: 200 },
      { outcome: 'rejected', httpStatus: 400 },
      { outcome: 'cancelled' },
    )
    const slo = samplesOf(metrics).filter(({ name }) => name === 'signalbox_slo_requests_total')
    expect(slo.map(({ labels, value }) => `${labels} ${value}`)).toEqual([
      'model="llama",result="good",reason="none" 1',
      'model="llama",result="bad",reason="ttft" 1',
      'model="llama",result="bad",reason="tpot" 0',
      'model="llama",result="bad",reason="ttft_tpot" 0',
      'model="llama",result="bad",reason="error" 1',
    ])
    expect(sumOf(metrics, 'llm_d_epp_request_slo_violation_total', 'type="ttft"')).toBe(1)
    expect(sumOf(metrics, 'llm_d_epp_request_slo_violation_total', 'type="tpot"')).toBe(0)
  })

  it('predicted and delivered cached tokens of the same requests: those whose engine reports them', () => {
    const metrics = after({ prediction, cachedTokens: 64 }, { prediction, cachedTokens: undefined })
    expect(sumOf(metrics, 'signalbox_predicted_cached_tokens_total', 'endpoint="e1"')).toBe(80)
    expect(sumOf(metrics, 'signalbox_delivered_cached_tokens_total', 'endpoint="e1"')).toBe(64)
  })

  it('how far the predicted time to first token was off, either way, of streams that had content', () => {
    const metrics = after({ prediction, dispatchedTtftS: 0.4 }, { prediction, dispatchedTtftS: 0.2 }, { prediction, streaming: false })
    expect(sumOf(metrics, 'signalbox_ttft_prediction_error_seconds_sum')).toBeCloseTo(0.2, 12)
    expect(countOf(metrics, 'signalbox_ttft_prediction_error_seconds')).toBe(2)
    expect(sumOf(metrics, 'llm_d_epp_request_predicted_ttft_seconds_sum')).toBeCloseTo(0.9, 12)
  })
})

it('requests are pending until an endpoint is chosen, and current until they end', () => {
  const metrics = gateway()
  const now = () => [sumOf(metrics, 'gateway_pending_requests'), sumOf(metrics, 'gateway_current_requests')]
  metrics.received()
  metrics.received()
  expect(now()).toEqual([2, 2])
  metrics.dispatched(0.001)
  expect(now()).toEqual([1, 2])
  metrics.series(labels).began()
  end(metrics, { prediction })
  expect(now()).toEqual([1, 1])
  metrics.series(labels).began()
  end(metrics, { outcome: 'rejected', httpStatus: 400 })
  expect(now()).toEqual([0, 0])
})

it('a choice leaves hit, best hit and the search behind them for one population: prompts that got an endpoint', () => {
  const metrics = gateway()
  metrics.scheduled({ durationS: 0.00005, targetModel: 'm', result: prediction })
  metrics.scheduled({ durationS: 0.00005, targetModel: 'm', result: { ...prediction, promptTokens: 0, marginSeconds: Number.NaN } })
  metrics.scheduled({ durationS: 0.00005, targetModel: 'm', result: 'unknown-model' })
  for (const family of [
    'request_prefix_cache_hit_percent',
    'request_max_prefix_cache_hit_percent',
    'request_calc_prefix_cache_hit_duration_milliseconds',
  ])
    expect([family, countOf(metrics, family)]).toEqual([family, 1])
  expect(sumOf(metrics, 'request_prefix_cache_hit_percent_sum')).toBe(50)
  expect(sumOf(metrics, 'request_max_prefix_cache_hit_percent_sum')).toBe(75)
  expect(sumOf(metrics, 'llm_d_epp_kv_cache_index_lookup_requests_total')).toBe(1)
  expect(sumOf(metrics, 'llm_d_epp_kv_cache_index_lookup_hits_total')).toBe(3)
  expect(sumOf(metrics, 'kvcache_index_admissions_total')).toBe(90)
  expect(sumOf(metrics, 'signalbox_decision_margin_seconds_sum')).toBe(0.02)
  expect(countOf(metrics, 'signalbox_decision_margin_seconds')).toBe(1)
  expect(sumOf(metrics, 'scheduler_scheduling_total')).toBe(2)
  expect(sumOf(metrics, 'scheduler_scheduling_failed_total', 'error_type="endpoint_not_found"')).toBe(1)
})

it('retries count under the status of the attempt that failed, or as a network error', () => {
  const metrics = gateway()
  metrics.series(labels).retried('503', 503)
  metrics.series(labels).retried('refused', undefined)
  expect(sumOf(metrics, 'request_retry_total', 'status_code="503"')).toBe(1)
  expect(sumOf(metrics, 'request_retry_total', 'status_code="network_error"')).toBe(1)
})

it("an endpoint's errors and polls are its own, and go when it leaves the pool", () => {
  const scheduler = new FakeScheduler()
  scheduler.addresses = [
    { id: 'e1', url: 'http://a:1' },
    { id: 'e2', url: 'http://b:1' },
  ]
  const metrics = gateway(scheduler)
  metrics.endpointFailed('e1', 'refused')
  metrics.endpointFailed('e1', '503')
  metrics.polled('e1', 0.004, 'ok')
  metrics.polled('e2', 0.002, 'failed')
  metrics.polled('e2', 0.002, 'not-understood')
  expect(sumOf(metrics, 'signalbox_endpoint_errors_total', 'endpoint="e1"')).toBe(2)
  expect(sumOf(metrics, 'signalbox_endpoint_poll_duration_seconds_count', 'endpoint="e2"')).toBe(2)
  expect(sumOf(metrics, 'llm_d_epp_datalayer_poll_errors_total')).toBe(1)
  expect(sumOf(metrics, 'llm_d_inference_scheduler_datalayer_extract_errors_total')).toBe(1)
  scheduler.addresses = [{ id: 'e2', url: 'http://b:1' }]
  expect(sumOf(metrics, 'signalbox_endpoint_errors_total', 'endpoint="e1"')).toBeUndefined()
  expect(sumOf(metrics, 'signalbox_endpoint_poll_duration_seconds_count')).toBe(2)
})
