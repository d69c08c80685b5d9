import { VirtualClock } from '@signalbox/base'
import { gatewayDialects } from './exposed-entries.ts'
import { GatewayMetrics, type GatewayMetricsOptions } from './gateway-metrics.ts'
import { objectivesDefault } from './goodput.ts'
import type { ObservedScheduler } from './pool-gauges.ts'
import type { Prediction, RequestLabels, RequestObservation } from './ports.ts'

export const labels: RequestLabels = { model: 'llama', targetModel: 'llama-a', fairnessId: 'tenant', priority: '0' }
const answered: RequestObservation = {
  outcome: 'ok',
  httpStatus: 200,
  streaming: true,
  durationS: 2.5,
  requestBytes: 300,
  responseBytes: 4000,
  inputTokens: 100,
  outputTokens: 21,
  cachedTokens: 64,
  contentEvents: 21,
  ttftS: 0.5,
}
export const prediction: Prediction = {
  endpoint: { id: 'e1', url: 'http://10.0.0.1:8000', simulated: false },
  predictedTtftMs: 300,
  predictedCachedTokens: 80,
  predictedHitRatio: 0.5,
  predictedHitBytes: 512,
  promptTokens: 160,
  bestHitRatio: 0.75,
  bestHitBlocks: 3,
  lookupMs: 0.004,
  marginSeconds: 0.02,
}

export const spread = { kvUsageStddev: 0.1, queueStddev: 1, runningStddev: 2 }

export class FakeScheduler implements ObservedScheduler {
  addresses: { id: string; url: string }[] = []
  state: ReturnType<ObservedScheduler['pool']> = { ...spread, kvUsage: 0.25, queue: 2, running: 3, ready: 1, perEndpoint: [] }

  endpoints(): readonly { id: string; url: string }[] {
    return this.addresses
  }

  pool(): ReturnType<ObservedScheduler['pool']> {
    return this.state
  }

  prefixIndex(): ReturnType<ObservedScheduler['prefixIndex']> {
    return { blocks: 77, admitted: 90, evicted: 13 }
  }

  /** Sets what is known of each endpoint. */
  show(...perEndpoint: ReturnType<ObservedScheduler['pool']>['perEndpoint'][number][]): void {
    this.state = { ...this.state, perEndpoint }
  }
}

export function gateway(scheduler: ObservedScheduler = new FakeScheduler(), options: Partial<GatewayMetricsOptions> = {}): GatewayMetrics {
  return new GatewayMetrics({
    dialects: gatewayDialects,
    tenantLabelOnHistograms: false,
    objectives: objectivesDefault,
    clock: new VirtualClock(),
    pool: 'pool-1',
    scheduler,
    log: { bytes: 4096 },
    commit: 'abc',
    buildRef: 'main',
    measure: () => {},
    ...options,
  })
}

export function begin(metrics: GatewayMetrics, of: RequestLabels = labels): void {
  metrics.received()
  metrics.series(of).began()
}

export function end(metrics: GatewayMetrics, observation: Partial<RequestObservation> = {}, of: RequestLabels = labels): void {
  metrics.series(of).ended({ ...answered, ...observation })
}

type Sample = { name: string; labels: string; value: number }

export function samplesOf(metrics: GatewayMetrics): Sample[] {
  const lines = metrics.render('text').split('\n')
  return lines.flatMap((line) => {
    const match = /^([a-z0-9_:]+)(?:\{(.*)\})? (\S+)$/.exec(line)
    return match === null ? [] : [{ name: match[1] ?? '', labels: match[2] ?? '', value: Number(match[3]) }]
  })
}

/** The sum of a metric's samples whose labels contain `part`; undefined when there is none. */
export function sumOf(metrics: GatewayMetrics, name: string, part = ''): number | undefined {
  const found = samplesOf(metrics).filter((sample) => sample.name === name && sample.labels.includes(part))
  return found.length === 0 ? undefined : found.reduce((sum, sample) => sum + sample.value, 0)
}

/** Observations of a histogram family, over all its series; undefined when there is none. */
export function countOf(metrics: GatewayMetrics, family: string): number | undefined {
  return sumOf(metrics, `${family}_count`)
}
