import type { Clock } from '@signalbox/base'
import type { ExpositionFormat } from '@signalbox/exposition'
import { type CounterCell, type GaugeCell, type HistogramCell, type Instrument, Registry } from '@signalbox/instruments'
import { measureProcess } from '@signalbox/node'
import type { SignalId } from '@signalbox/signals'
import { EndpointSeriesSet } from './endpoint-series.ts'
import { type Exposure, exposedEntries } from './exposed-entries.ts'
import type { PollResult } from './poller-ports.ts'
import { collectPool, EndpointPorts, type ObservedScheduler, PREFIX_INDEX } from './pool-gauges.ts'
import type { PickFailureCode, Prediction, RequestLabels, RequestMetrics, RequestObservation, RequestSeries, SchedulingObservation } from './ports.ts'
import { requestSeries } from './request-series.ts'

export interface GatewayMetricsOptions extends Exposure {
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

/** What the endpoint picker's data layer calls its source and its reader of an engine's page. SOURCE: reference/epp.md §3. */
const POLL_SOURCE = 'metrics-data-source'
const POLL_EXTRACTOR = 'core-metrics-extractor'

/** Llumnix' words for why nothing was chosen. SOURCE: reference/llumnix.md §1B. */
const FAILURE_TYPES: Readonly<Record<PickFailureCode, string>> = { 'no-endpoint': 'no_available_endpoint', 'unknown-model': 'endpoint_not_found' }

/**
 * What the gateway measures, under the names of the dialects that it is to speak.
 *
 * Each `began` is followed by exactly one `ended`. Then, for any set of series and once nothing runs:
 *
 *     requests = ok + error + rejected + cancelled        (request_outcomes)
 *              = the sum over status codes                (responses)
 *     request_errors = error + rejected                   never more than requests
 *     requests_running = requests_current = requests_pending = 0
 *
 * Populations: request size: every request; response size: what was relayed of any answer; token counts: wherever `usage` came, and
 * for those of ended requests every one that was sent to an engine; time to first token: every stream that had content, and whole
 * answers; choosing: every request that got an endpoint; handling an answer: every answer; all other times: successful answers only.
 */
export class GatewayMetrics implements RequestMetrics {
  readonly #registry: Registry
  readonly #series: (labels: RequestLabels) => RequestSeries
  readonly #endpoints: EndpointSeriesSet
  readonly #ports: EndpointPorts
  readonly #current: GaugeCell
  readonly #pending: GaugeCell
  readonly #requestProcessing: HistogramCell
  readonly #responseProcessing: HistogramCell
  readonly #retries: Instrument<CounterCell>
  readonly #clientErrors: CounterCell
  readonly #endpointsReloads: Instrument<CounterCell>
  readonly #attempts: Instrument<CounterCell>
  readonly #scheduled: CounterCell
  readonly #notScheduled: Instrument<CounterCell>
  readonly #schedulingDuration: HistogramCell
  readonly #lookupDuration: HistogramCell
  readonly #lookupLatency: HistogramCell
  readonly #lookups: CounterCell
  readonly #lookupHits: CounterCell
  readonly #bestHits: CounterCell
  readonly #hitRatio: HistogramCell
  readonly #bestHitRatio: HistogramCell
  readonly #hitBytes: HistogramCell
  readonly #margin: Instrument<HistogramCell>
  readonly #pollErrors: CounterCell
  readonly #extractErrors: CounterCell

  constructor(options: GatewayMetricsOptions) {
    const registry = new Registry({ entries: exposedEntries(options), clock: options.clock })
    this.#registry = registry
    this.#current = registry.gauge('gateway.requests_current').with()
    this.#pending = registry.gauge('gateway.requests_pending').with()
    this.#requestProcessing = registry.histogram('gateway.request_processing').with()
    this.#responseProcessing = registry.histogram('gateway.response_processing').with()
    this.#retries = registry.counter('gateway.retries')
    this.#clientErrors = registry.counter('gateway.client_errors').with()
    this.#endpointsReloads = registry.counter('gateway.endpoints_reloads')
    this.#attempts = registry.counter('scheduler.attempts')
    this.#scheduled = registry.counter('scheduling.succeeded').with()
    this.#notScheduled = registry.counter('scheduling.failed')
    this.#schedulingDuration = registry.histogram('scheduler.duration').with()
    this.#lookupDuration = registry.histogram('scheduler.prefix_calc_time').with()
    this.#lookupLatency = registry.histogram('kvindex.lookup_time').with()
    this.#lookups = registry.counter('kvindex.lookups').with()
    this.#lookupHits = registry.counter('kvindex.lookup_hits').with()
    this.#bestHits = registry.counter('kvindex.max_pod_hits').with()
    this.#hitRatio = registry.histogram('scheduler.prefix_hit_ratio').with(...PREFIX_INDEX)
    this.#bestHitRatio = registry.histogram('scheduler.prefix_hit_ratio_max').with(...PREFIX_INDEX)
    this.#hitBytes = registry.histogram('scheduler.prefix_hit_bytes').with(...PREFIX_INDEX)
    this.#margin = registry.histogram('scheduler.decision_margin')
    this.#pollErrors = registry.counter('scheduler.poll_errors').with(POLL_SOURCE)
    this.#extractErrors = registry.counter('scheduler.extract_errors').with(POLL_SOURCE, POLL_EXTRACTOR)
    registry.gauge('gateway.info').with(options.commit, options.buildRef).set(1)
    // At 0 from the start: a rate over a series that begins with its first event misses that event.
    for (const result of ['applied', 'refused']) this.#endpointsReloads.with(result).inc(0)
    for (const type of Object.values(FAILURE_TYPES)) this.#notScheduled.with(type).inc(0)
    for (const reason of ['refused', '503']) this.#retries.with(reason).inc(0)
    this.#ports = new EndpointPorts(options.scheduler)
    this.#endpoints = new EndpointSeriesSet(registry)
    this.#series = requestSeries(registry, options.objectives, {
      retried: (reason) => this.#retries.with(reason).inc(),
      ended: (observation) => this.#ended(observation),
    })
    collectPool(registry, options)
    registry.onCollect(() => this.#endpoints.retain(new Set(options.scheduler.endpoints().map(({ id }) => id))))
    const measure = options.measure ?? measureProcess
    measure(registry)
  }

  /** A request's headers have arrived. */
  received(): void {
    this.#current.add(1)
    this.#pending.add(1)
  }

  /** An endpoint was chosen for a request for the first time, so long after its headers arrived. */
  dispatched(processingS: number): void {
    this.#pending.add(-1)
    this.#requestProcessing.observe(processingS)
  }

  /** The series of one set of labels, to be kept for the life of a request. */
  series(labels: RequestLabels): RequestSeries {
    return this.#series(labels)
  }

  /** An endpoint failed an attempt. */
  endpointFailed(endpoint: string, errorCode: string): void {
    this.#endpoints.failed(endpoint, errorCode)
  }

  /** A poll of an endpoint has ended. */
  polled(endpoint: string, seconds: number, result: PollResult): void {
    this.#endpoints.polled(endpoint, seconds)
    if (result === 'failed') this.#pollErrors.inc()
    else if (result === 'not-understood') this.#extractErrors.inc()
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
  scheduled({ durationS, targetModel, result }: SchedulingObservation): void {
    this.#schedulingDuration.observe(durationS)
    // Namespaces are Kubernetes'; there is none here.
    if (typeof result === 'string') {
      this.#notScheduled.with(FAILURE_TYPES[result]).inc()
      this.#attempts.with('failure', targetModel, '', '', '').inc()
      return
    }
    const { id } = result.endpoint
    this.#scheduled.inc()
    this.#attempts.with('success', targetModel, id, '', this.#ports.of(id)).inc()
    if (!Number.isNaN(result.marginSeconds)) this.#margin.with().observe(result.marginSeconds)
    if (result.promptTokens > 0) this.#lookedUp(result)
  }

  /** The page of `/metrics`. */
  render(format: ExpositionFormat): string {
    return this.#registry.render(format)
  }

  /** The signals that are recorded here, whatever the dialects. */
  recorded(): readonly SignalId[] {
    return this.#registry.recorded()
  }

  /** A prompt was looked up in the prefix index: hit, best hit and lookup have one population. */
  #lookedUp({ lookupMs, bestHitBlocks, bestHitRatio, predictedHitRatio, predictedHitBytes }: Prediction): void {
    this.#lookupDuration.observe(lookupMs / 1000)
    this.#lookupLatency.observe(lookupMs / 1000)
    this.#lookups.inc()
    this.#lookupHits.inc(bestHitBlocks)
    this.#bestHits.inc(bestHitBlocks)
    this.#hitRatio.observe(predictedHitRatio)
    this.#bestHitRatio.observe(bestHitRatio)
    this.#hitBytes.observe(predictedHitBytes)
  }

  #ended(observation: RequestObservation): void {
    this.#current.add(-1)
    if (observation.prediction === undefined) this.#pending.add(-1)
    if (observation.responseProcessingS !== undefined) this.#responseProcessing.observe(observation.responseProcessingS)
    this.#endpoints.ended(observation)
  }
}
