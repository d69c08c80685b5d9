import type { GaugeCell, Instrument, Registry } from '@signalbox/instruments'
import type { EndpointSpec, PoolView, PrefixIndexView } from '@signalbox/scheduler'

/** Of the scheduler, what the page shows; read when it is rendered. NaN: not known. */
export interface ObservedScheduler {
  endpoints(): readonly Pick<EndpointSpec, 'id' | 'url'>[]
  pool(): PoolView
  prefixIndex(): PrefixIndexView
}

export interface PoolSources {
  /** The pool's name. */
  readonly pool: string
  readonly scheduler: ObservedScheduler
  readonly log: { readonly bytes: number }
}

/** Our prefix index under the name that its kind has among the endpoint picker's plug-ins. SOURCE: reference/epp.md §1.3. */
export const PREFIX_INDEX = ['approx-prefix-cache-producer', 'approx-prefix-cache-producer'] as const

/** Adds what is read from the scheduler and the log for each page; series of endpoints that have gone go too. */
export function collectPool(registry: Registry, { pool, scheduler, log }: PoolSources): void {
  const gauges = {
    kvUsage: registry.gauge('pool.kv_usage').with(pool),
    queue: registry.gauge('pool.queue').with(pool),
    running: registry.gauge('pool.running').with(pool),
    kvUsageStddev: registry.gauge('pool.kv_usage_stddev').with(pool),
    queueStddev: registry.gauge('pool.queue_stddev').with(pool),
    runningStddev: registry.gauge('pool.running_stddev').with(pool),
    ready: registry.gauge('pool.ready').with(pool),
    indexBlocks: registry.gauge('scheduler.prefix_index_size').with(...PREFIX_INDEX),
    ringBytes: registry.gauge('scheduler.decision_ring_bytes').with(),
  }
  const admissions = registry.counter('kvindex.admissions').with()
  const evictions = registry.counter('kvindex.evictions').with()
  const queues = new EndpointGauges(registry.gauge('pool.endpoint_queue'), [pool])
  const ages = new EndpointGauges(registry.gauge('scheduler.state_age'), [])
  let before: PrefixIndexView = { blocks: 0, admitted: 0, evicted: 0 }
  registry.onCollect(() => {
    const view = scheduler.pool()
    gauges.kvUsage.set(view.kvUsage)
    gauges.queue.set(view.queue)
    gauges.running.set(view.running)
    gauges.kvUsageStddev.set(view.kvUsageStddev)
    gauges.queueStddev.set(view.queueStddev)
    gauges.runningStddev.set(view.runningStddev)
    gauges.ready.set(view.ready)
    gauges.ringBytes.set(log.bytes)
    queues.replace(view.perEndpoint.map((each) => [each.endpoint, each.queue]))
    ages.replace(view.perEndpoint.map((each) => [each.endpoint, each.stateAgeMs / 1000]))
    const index = scheduler.prefixIndex()
    gauges.indexBlocks.set(index.blocks)
    admissions.inc(index.admitted - before.admitted)
    evictions.inc(index.evicted - before.evicted)
    before = index
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
export class EndpointPorts {
  readonly #scheduler: Pick<ObservedScheduler, 'endpoints'>
  #ports: ReadonlyMap<string, string> = new Map()

  constructor(scheduler: Pick<ObservedScheduler, 'endpoints'>) {
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
