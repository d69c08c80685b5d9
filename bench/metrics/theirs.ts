import { type DialectEntry, entriesOf, withoutTenantLabels } from '@signalbox/signals'
import * as prometheus from 'prom-client'
import type { BenchRequest } from './traffic.ts'

/** prom-client recording one dialect, the endpoint picker's current names, with the labels and bounds that we render. */
export class Theirs {
  readonly registry = new prometheus.Registry()
  readonly record: (request: BenchRequest) => void

  constructor() {
    const registers = [this.registry]
    const named = new Map(withoutTenantLabels(entriesOf('llm-d-epp')).map((entry) => [entry.name.slice('llm_d_epp_'.length), entry]))
    const common = (name: string) => {
      const { name: full, help, labels, bounds = [] } = named.get(name) as DialectEntry
      return { name: full, help, labelNames: labels.map((label) => label.name), buckets: [...bounds], registers }
    }
    const counter = (name: string) => new prometheus.Counter(common(name))
    const gauge = (name: string) => new prometheus.Gauge(common(name))
    const histogram = (name: string) => new prometheus.Histogram(common(name))
    const running = gauge('request_running')
    const requests = counter('request_total')
    const errors = counter('request_error_total')
    const attempts = counter('scheduler_attempts_total')
    const scheduling = histogram('scheduler_e2e_duration_seconds')
    const hitRatio = histogram('prefix_indexer_hit_ratio')
    const hitBytes = histogram('prefix_indexer_hit_bytes')
    const itl = histogram('request_streaming_itl_seconds')
    const requestBytes = histogram('request_size_bytes')
    const responseBytes = histogram('response_size_bytes')
    const inputTokens = histogram('request_input_tokens')
    const outputTokens = histogram('request_output_tokens')
    const cachedTokens = histogram('request_cached_tokens')
    const ttft = histogram('request_ttft_seconds')
    const duration = histogram('request_duration_seconds')
    const ntpot = histogram('request_ntpot_seconds')
    const tpot = histogram('request_streaming_tpot_seconds')
    this.record = (request) => {
      const { model, tenant, priority } = request
      running.labels(model, model, tenant, priority).inc()
      scheduling.observe(request.scheduleS)
      attempts.labels('success', model, request.endpoint, '', '8000').inc()
      hitRatio.labels('prefix', 'prefix').observe(request.hitRatio)
      hitBytes.labels('prefix', 'prefix').observe(request.hitRatio * request.requestBytes)
      const gaps = itl.labels(model, model, priority)
      for (const gap of request.gapsS) gaps.observe(gap)
      running.labels(model, model, tenant, priority).dec()
      requests.labels(model, model, tenant, priority).inc()
      errors.labels(model, model, tenant, priority, 'ModelServerError').inc(0)
      requestBytes.labels(model, model, priority).observe(request.requestBytes)
      responseBytes.labels(model, model, priority).observe(request.responseBytes)
      inputTokens.labels(model, model, priority).observe(request.inputTokens)
      outputTokens.labels(model, model, priority).observe(request.outputTokens)
      cachedTokens.labels(model, model, priority).observe(request.cachedTokens)
      ttft.labels(model, model, priority, 'true').observe(request.ttftS)
      duration.labels(model, model, priority).observe(request.durationS)
      ntpot.labels(model, model, priority).observe(request.durationS / request.outputTokens)
      tpot.labels(model, model, priority).observe(request.tpotS)
    }
  }
}
