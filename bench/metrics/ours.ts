import { type Clock, VirtualClock } from '@signalbox/base'
import { Registry } from '@signalbox/instruments'
import { type DialectId, entriesOf, withoutTenantLabels } from '@signalbox/signals'
import type { BenchRequest } from './traffic.ts'

/** The dialects that a gateway shows when all of them are asked for. */
export const ALL_DIALECTS: readonly DialectId[] = [
  'llm-d-epp',
  'signalbox',
  'inference-model',
  'inference-objective',
  'inference-pool',
  'inference-extension',
  'llumnix',
  'process',
]

/** A gateway's metrics, recorded as the gateway records them: one lookup for the cells of a request's labels. */
export class Ours {
  readonly registry: Registry
  readonly record: (request: BenchRequest) => void

  /** `whole`: what only further dialects show is recorded too. */
  constructor(dialects: readonly DialectId[], whole: boolean) {
    const clock: Clock = new VirtualClock()
    this.registry = new Registry({ entries: withoutTenantLabels(entriesOf(...dialects)), clock })
    const recordCommon = commonRecorder(this.registry)
    const recordFurther = whole ? furtherRecorder(this.registry) : undefined
    this.record = (request) => {
      recordCommon(request)
      recordFurther?.(request)
    }
  }
}

/** The 22 observations behind the endpoint picker's names and our own. */
function commonRecorder(registry: Registry): (request: BenchRequest) => void {
  const requests = registry.counter('gateway.requests')
  const outcomes = registry.counter('gateway.request_outcomes')
  const errors = registry.counter('gateway.request_errors')
  const running = registry.gauge('gateway.requests_running')
  const attempts = registry.counter('scheduler.attempts')
  const ttft = registry.histogram('gateway.ttft')
  const histogramsOf = (labels: readonly [string, string, string, string]) => ({
    duration: registry.histogram('gateway.request_duration').with(...labels),
    ntpot: registry.histogram('gateway.ntpot').with(...labels),
    tpot: registry.histogram('gateway.tpot').with(...labels),
    itl: registry.histogram('gateway.itl').with(...labels),
    requestBytes: registry.histogram('gateway.request_bytes').with(...labels),
    responseBytes: registry.histogram('gateway.response_bytes').with(...labels),
    inputTokens: registry.histogram('gateway.input_tokens').with(...labels),
    outputTokens: registry.histogram('gateway.output_tokens').with(...labels),
    cachedTokens: registry.histogram('gateway.cached_tokens').with(...labels),
  })
  const cellsOf = registry.bundle((model: string, target: string, tenant: string, priority: string) => ({
    running: running.with(model, target, tenant, priority),
    requests: requests.with(model, target, tenant, priority),
    ok: outcomes.with(model, 'ok'),
    errors: errors.with(model, target, tenant, priority, 'ModelServerError'),
    ttft: ttft.with(model, target, tenant, priority, 'true'),
    ...histogramsOf([model, target, tenant, priority]),
  }))
  const schedulingDuration = registry.histogram('scheduler.duration').with()
  const hitRatio = registry.histogram('scheduler.prefix_hit_ratio').with('prefix', 'prefix')
  const hitBytes = registry.histogram('scheduler.prefix_hit_bytes').with('prefix', 'prefix')
  return (request) => {
    const { model, tenant, priority } = request
    cellsOf.with(model, model, tenant, priority).running.add(1)
    schedulingDuration.observe(request.scheduleS)
    attempts.with('success', model, request.endpoint, '', '8000').inc()
    hitRatio.observe(request.hitRatio)
    hitBytes.observe(request.hitRatio * request.requestBytes)
    const cells = cellsOf.with(model, model, tenant, priority)
    for (const gap of request.gapsS) cells.itl.observe(gap)
    cells.running.add(-1)
    cells.requests.inc()
    cells.ok.inc()
    cells.errors.inc(0)
    cells.requestBytes.observe(request.requestBytes)
    cells.responseBytes.observe(request.responseBytes)
    cells.inputTokens.observe(request.inputTokens)
    cells.outputTokens.observe(request.outputTokens)
    cells.cachedTokens.observe(request.cachedTokens)
    cells.ttft.observe(request.ttftS)
    cells.duration.observe(request.durationS)
    cells.ntpot.observe(request.durationS / request.outputTokens)
    cells.tpot.observe(request.tpotS)
  }
}

/** The 13 observations that only Llumnix' names need. */
function furtherRecorder(registry: Registry): (request: BenchRequest) => void {
  const cellsOf = registry.bundle((model: string) => ({
    responses: registry.counter('gateway.responses').with(model, '200'),
    promptTokens: registry.counter('gateway.prompt_tokens').with(model),
    completionTokens: registry.counter('gateway.completion_tokens').with(model),
    endedInput: registry.histogram('gateway.ended_input_tokens').with(model),
    endedOutput: registry.histogram('gateway.ended_output_tokens').with(model),
    queue: registry.histogram('gateway.queue_time').with(model),
    schedule: registry.histogram('gateway.schedule_time').with(model),
    preprocess: registry.histogram('gateway.preprocess_time').with(model),
    postprocess: registry.histogram('gateway.postprocess_time').with(model),
  }))
  const succeeded = registry.counter('scheduling.succeeded').with()
  const calc = registry.histogram('scheduler.prefix_calc_time').with()
  const hitRatioMax = registry.histogram('scheduler.prefix_hit_ratio_max').with('prefix', 'prefix')
  const pending = registry.gauge('gateway.requests_pending').with()
  return (request) => {
    const cells = cellsOf.with(request.model)
    pending.add(1)
    pending.add(-1)
    succeeded.inc()
    calc.observe(request.scheduleS)
    hitRatioMax.observe(request.hitRatio)
    cells.responses.inc()
    cells.promptTokens.inc(request.inputTokens)
    cells.completionTokens.inc(request.outputTokens)
    cells.endedInput.observe(request.inputTokens)
    cells.endedOutput.observe(request.outputTokens)
    cells.queue.observe(request.scheduleS)
    cells.schedule.observe(request.scheduleS)
    cells.preprocess.observe(request.scheduleS)
    cells.postprocess.observe(request.scheduleS)
  }
}
