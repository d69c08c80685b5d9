import type { Clock } from '@signalbox/base'
import type { ExpositionFormat } from '@signalbox/exposition'
import { type CounterCell, type GaugeCell, type HistogramCell, type Instrument, Registry } from '@signalbox/instruments'
import { measureProcess } from '@signalbox/node'
import type { EndpointSpec } from '@signalbox/scheduler'
import { entriesOf, withoutTenantLabels } from '@signalbox/signals'
import type { RequestLabels, RequestMetrics, RequestObservation, SchedulingObservation } from './ports.ts'

/** Of the scheduler, what the page shows; read when it is rendered. NaN: not known. */
export interface ObservedScheduler {
  endpoints(): readonly Pick<EndpointSpec, 'id' | 'url'>[]
  pool(): {
    readonly kvUsage: number
    readonly queue: number
    readonly running: number
    readonly ready: number
    /** Every endpoint; `queue` is NaN without fresh state, `stateAgeMs` before the first good poll. */
    readonly perEndpoint: readonly { readonly endpoint: string; readonly queue: number; readonly stateAgeMs: number }[]
  }
  prefixIndex(): { readonly blocks: number; readonly admitted: number; readonly evicted: number }
}

export interface GatewayMetricsOptions {
  readonly clock: Clock
  /** The pool's name. */
  readonly pool: string
  readonly scheduler: ObservedScheduler
  readonly log: { readonly bytes: number }
  readonly commit: string
  readonly buildRef: string
  /** Adds the signals of the process; default `measureProcess`. */
  readonly measure?: (registry: Registry) => void
}

/** Our prefix index under the name that its kind has among the endpoint picker's plug-ins. SOURCE: reference/epp.md §1.3. */
const PREFIX_INDEX = ['approx-prefix-cache-producer', 'approx-prefix-cache-producer'] as const

/**
 * What the gateway measures, under the endpoint picker's names of both generations and our own.
 *
 * Each `began` is followed by exactly one `ended`. Then, for any set of series and once nothing runs:
 *
 *     requests = ok + error + rejected + cancelled        (request_outcomes)
 *     request_errors = error + rejected                   never more than requests
 *     requests_running = 0
 *
 * Populations: request size: every request; response size: what was relayed of any answer; token counts: wherever `usage` came;
 * time to first token: every stream that had content, and whole answers; all other times: successful answers only.
 */
export class GatewayMetrics implements RequestMetrics {
  readonly #registry: Registry
  readonly #requests: Instrument<CounterCell>
  readonly #outcomes: Instrument<CounterCell>
  readonly #errors: Instrument<CounterCell>
  readonly #running: Instrument<GaugeCell>
  readonly #duration: Instrument<HistogramCell>
  readonly #ntpot: Instrument<HistogramCell>
  readonly #ttft: Instrument<HistogramCell>
  readonly #tpot: Instrument<HistogramCell>
  readonly #itl: Instrument<HistogramCell>
  readonly #requestBytes: Instrument<HistogramCell>
  readonly #responseBytes: Instrument<HistogramCell>
  readonly #inputTokens: Instrument<HistogramCell>
  readonly #outputTokens: Instrument<HistogramCell>
  readonly #cachedTokens: Instrument<HistogramCell>
  readonly #retries: Instrument<CounterCell>
  readonly #clientErrors: CounterCell
  readonly #endpointsReloads: Instrument<CounterCell>
  readonly #attempts: Instrument<CounterCell>
  readonly #schedulingDuration: HistogramCell
  readonly #hitRatio: HistogramCell
  readonly #hitBytes: HistogramCell
  readonly #ports: EndpointPorts

  constructor(options: GatewayMetricsOptions) {
    const entries = withoutTenantLabels(entriesOf('inference-model', 'inference-pool', 'inference-extension', 'llm-d-epp', 'signalbox', 'process'))
    const registry = new Registry({ entries, clock: options.clock })
    this.#registry = registry
    this.#requests = registry.counter('gateway.requests')
    this.#outcomes = registry.counter('gateway.request_outcomes')
    this.#errors = registry.counter('gateway.request_errors')
    this.#running = registry.gauge('gateway.requests_running')
    this.#duration = registry.histogram('gateway.request_duration')
    this.#ntpot = registry.histogram('gateway.ntpot')
    this.#ttft = registry.histogram('gateway.ttft')
    this.#tpot = registry.histogram('gateway.tpot')
    this.#itl = registry.histogram('gateway.itl')
    this.#requestBytes = registry.histogram('gateway.request_bytes')
    this.#responseBytes = registry.histogram('gateway.response_bytes')
    this.#inputTokens = registry.histogram('gateway.input_tokens')
    this.#outputTokens = registry.histogram('gateway.output_tokens')
    this.#cachedTokens = registry.histogram('gateway.cached_tokens')
    this.#retries = registry.counter('gateway.retries')
    this.#clientErrors = registry.counter('gateway.client_errors').with()
    this.#endpointsReloads = registry.counter('gateway.endpoints_reloads')
    this.#attempts = registry.counter('scheduler.attempts')
    this.#schedulingDuration = registry.histogram('scheduler.duration').with()
    this.#hitRatio = registry.histogram('scheduler.prefix_hit_ratio').with(...PREFIX_INDEX)
    this.#hitBytes = registry.histogram('scheduler.prefix_hit_bytes').with(...PREFIX_INDEX)
    registry.gauge('gateway.info').with(options.commit, options.buildRef).set(1)
    this.#ports = new EndpointPorts(options.scheduler)
    collectPool(registry, options)
    const measure = options.measure ?? measureProcess
    measure(registry)
  }

  /** A request's headers have arrived. */
  began({ model, targetModel, fairnessId, priority }: RequestLabels): void {
    this.#running.with(model, targetModel, fairnessId, priority).add(1)
  }

  /** A request has ended, however it ended; exactly once for each `began`. */
  ended(observation: RequestObservation): void {
    const { outcome } = observation
    const { model, targetModel, fairnessId, priority } = observation.labels
    const labels = [model, targetModel, fairnessId, priority] as const
    this.#running.with(...labels).add(-1)
    this.#requests.with(...labels).inc()
    this.#outcomes.with(model, outcome).inc()
    if (outcome === 'error' || outcome === 'rejected') this.#errors.with(...labels, observation.errorCode ?? 'Unknown').inc()
    // A series at 0 for what has had no error yet: a ratio over it is 0 then, not empty.
    else this.#errors.with(...labels, 'ModelServerError').inc(0)
    this.#observeSizes(observation, labels)
    this.#observeTimes(observation, labels)
  }

  /** Time between two content events of a stream. */
  contentGap({ model, targetModel, fairnessId, priority }: RequestLabels, seconds: number): void {
    this.#itl.with(model, targetModel, fairnessId, priority).observe(seconds)
  }

  /** A further attempt, because the one before failed for `reason` (a short, fixed word). */
  retried(reason: string): void {
    this.#retries.with(reason).inc()
  }

  /** A connection whose bytes were no HTTP request. */
  clientError(): void {
    this.#clientErrors.inc()
  }

  /** The endpoints file has changed. */
  endpointsReloaded(result: 'applied' | 'refused'): void {
    this.#endpointsReloads.with(result).inc()
  }

  /** The scheduler was asked for a choice. */
  scheduled({ durationS, ok, endpoint = '', targetModel, hitRatio, hitBytes }: SchedulingObservation): void {
    this.#schedulingDuration.observe(durationS)
    // Namespaces are Kubernetes'; there is none here.
    this.#attempts.with(ok ? 'success' : 'failure', targetModel, endpoint, '', endpoint === '' ? '' : this.#ports.of(endpoint)).inc()
    if (hitRatio !== undefined) this.#hitRatio.observe(hitRatio)
    if (hitBytes !== undefined) this.#hitBytes.observe(hitBytes)
  }

  /** The page of `/metrics`. */
  render(format: ExpositionFormat): string {
    return this.#registry.render(format)
  }

  #observeSizes(observation: RequestObservation, labels: readonly string[]): void {
    const { outcome, requestBytes, responseBytes, inputTokens = 0, outputTokens = 0, cachedTokens } = observation
    this.#requestBytes.with(...labels).observe(requestBytes)
    // A rejection's body is our own, not an answer; without a byte relayed there was none.
    if (outcome === 'ok' || (outcome !== 'rejected' && responseBytes > 0)) this.#responseBytes.with(...labels).observe(responseBytes)
    if (inputTokens > 0) this.#inputTokens.with(...labels).observe(inputTokens)
    if (outputTokens > 0) this.#outputTokens.with(...labels).observe(outputTokens)
    if (cachedTokens !== undefined) this.#cachedTokens.with(...labels).observe(cachedTokens)
  }

  #observeTimes(observation: RequestObservation, labels: readonly string[]): void {
    const { outcome, streaming, durationS, outputTokens = 0 } = observation
    const isOk = outcome === 'ok'
    const ttftS = streaming ? observation.ttftS : isOk ? durationS : undefined
    if (ttftS !== undefined) this.#ttft.with(...labels, String(streaming)).observe(ttftS)
    if (!isOk) return
    this.#duration.with(...labels).observe(durationS)
    if (outputTokens > 0) this.#ntpot.with(...labels).observe(durationS / outputTokens)
    if (streaming && ttftS !== undefined && outputTokens > 1) {
      this.#tpot.with(...labels).observe(Math.max(0, durationS - ttftS) / (outputTokens - 1))
    }
  }
}

/** Gauges that are read from the scheduler and the log for each page; series of endpoints that have gone go too. */
function collectPool(registry: Registry, { pool, scheduler, log }: GatewayMetricsOptions): void {
  const gauges = {
    kvUsage: registry.gauge('pool.kv_usage').with(pool),
    queue: registry.gauge('pool.queue').with(pool),
    running: registry.gauge('pool.running').with(pool),
    ready: registry.gauge('pool.ready').with(pool),
    indexBlocks: registry.gauge('scheduler.prefix_index_size').with(...PREFIX_INDEX),
    ringBytes: registry.gauge('scheduler.decision_ring_bytes').with(),
  }
  const queues = new EndpointGauges(registry.gauge('pool.endpoint_queue'), [pool])
  const ages = new EndpointGauges(registry.gauge('scheduler.state_age'), [])
  registry.onCollect(() => {
    const { kvUsage, queue, running, ready, perEndpoint } = scheduler.pool()
    gauges.kvUsage.set(kvUsage)
    gauges.queue.set(queue)
    gauges.running.set(running)
    gauges.ready.set(ready)
    gauges.indexBlocks.set(scheduler.prefixIndex().blocks)
    gauges.ringBytes.set(log.bytes)
    queues.replace(perEndpoint.map((each) => [each.endpoint, each.queue]))
    ages.replace(perEndpoint.map((each) => [each.endpoint, each.stateAgeMs / 1000]))
  })
}

/** A gauge with one series an endpoint, for those whose value is known now. */
class EndpointGauges {
  readonly #gauge: Instrument<GaugeCell>
  readonly #labels: readonly string[]
  #shown: ReadonlySet<string> = new Set()

  /** `labels` come before the endpoint's. */
  constructor(gauge: Instrument<GaugeCell>, labels: readonly string[]) {
    this.#gauge = gauge
    this.#labels = labels
  }

  replace(values: readonly (readonly [endpoint: string, value: number])[]): void {
    const known = new Map(values.filter(([, value]) => !Number.isNaN(value)))
    // Those that leave make room before new ones enter, within the label's limit.
    for (const endpoint of this.#shown) if (!known.has(endpoint)) this.#gauge.remove(...this.#labels, endpoint)
    for (const [endpoint, value] of known) this.#gauge.with(...this.#labels, endpoint).set(value)
    this.#shown = new Set(known.keys())
  }
}

/** Ports of endpoints by id, read anew when an id is not known. */
class EndpointPorts {
  readonly #scheduler: ObservedScheduler
  #ports: ReadonlyMap<string, string> = new Map()

  constructor(scheduler: ObservedScheduler) {
    this.#scheduler = scheduler
  }

  /** '' for an endpoint that is not in the pool. */
  of(id: string): string {
    const known = this.#ports.get(id)
    if (known !== undefined) return known
    const ports = new Map(this.#scheduler.endpoints().map((endpoint) => [endpoint.id, portOf(endpoint.url)]))
    if (!ports.has(id)) ports.set(id, '')
    this.#ports = ports
    return ports.get(id) ?? ''
  }
}

function portOf(url: string): string {
  return /:(\d+)$/.exec(url)?.[1] ?? (url.startsWith('https:') ? '443' : '80')
}
