import { type Clock, VirtualClock } from '@signalbox/base'
import type { ExpositionFormat } from '@signalbox/exposition'
import { type CounterCell, type HistogramCell, type Instrument, Registry } from '@signalbox/instruments'
import { measureProcess } from '@signalbox/node'
import { type DialectId, entriesOf, type SignalId } from '@signalbox/signals'
import type { DiskState, StoreStats } from './ports.ts'
import type { ScrapeError } from './scraped-page.ts'
import { emptyStats } from './worker-store.ts'

/** The dialects that have names for something the monitor measures. */
export const monitorDialects = ['signalbox', 'process', 'llumnix'] as const satisfies readonly DialectId[]

export type MonitorDialect = (typeof monitorDialects)[number]

export interface MonitorMetricsOptions {
  readonly clock: Clock
  /** Asked before each page. */
  readonly stats: () => StoreStats
  /** Whose names the page shows. */
  readonly dialects: readonly MonitorDialect[]
}

/** What the monitor measures of itself. */
export class MonitorMetrics {
  readonly #registry: Registry
  readonly #stopMeasuring: () => void
  readonly #scrapeFailures: Instrument<CounterCell>
  readonly #queryDuration: HistogramCell
  readonly #samplesRefused: Instrument<CounterCell>

  constructor(options: MonitorMetricsOptions) {
    this.#registry = new Registry({ entries: entriesOf(...options.dialects), clock: options.clock })
    this.#stopMeasuring = measureProcess(this.#registry)
    this.#scrapeFailures = this.#registry.counter('monitor.scrape_failures')
    // At 0 from the start: a rate over a series that begins with its first failure misses that one.
    for (const cause of ['timeout', 'unreachable'] satisfies ScrapeError['cause'][]) this.#scrapeFailures.with(cause).inc(0)
    this.#queryDuration = this.#registry.histogram('monitor.query_duration').with()
    this.#samplesRefused = this.#registry.counter('monitor.samples_refused')
    for (const reason of ['out-of-order', 'duplicate', 'future']) this.#samplesRefused.with(reason).inc(0)
    const samples = this.#registry.counter('monitor.samples').with()
    const refused = this.#registry.counter('monitor.series_refused').with()
    const series = this.#registry.gauge('monitor.series').with()
    const bytes = this.#registry.gauge('monitor.store_memory').with()
    const showDisk = diskInstruments(this.#registry, options.clock)
    let before = emptyStats
    this.#registry.onCollect(() => {
      const stats = options.stats()
      samples.inc(stats.samples - before.samples)
      refused.inc(stats.seriesRefused - before.seriesRefused)
      this.#samplesRefused.with('out-of-order').inc(stats.samplesOutOfOrder - before.samplesOutOfOrder)
      this.#samplesRefused.with('duplicate').inc(stats.samplesDuplicate - before.samplesDuplicate)
      series.set(stats.series)
      bytes.set(stats.bytes)
      if (stats.disk !== undefined) showDisk(stats.disk)
      before = stats
    })
  }

  /** Samples that a page gives a time too far ahead. */
  samplesAhead(count: number): void {
    this.#samplesRefused.with('future').inc(count)
  }

  scrapeFailed(cause: ScrapeError['cause']): void {
    this.#scrapeFailures.with(cause).inc()
  }

  queried(seconds: number): void {
    this.#queryDuration.observe(seconds)
  }

  render(format: ExpositionFormat): string {
    return this.#registry.render(format)
  }

  /** The signals that are recorded here, whatever the dialects. */
  recorded(): readonly SignalId[] {
    return this.#registry.recorded()
  }

  close(): void {
    this.#stopMeasuring()
  }
}

/** What shows the state of a disk. Its families appear with the first state: a store in memory alone has none of them. */
function diskInstruments(registry: Registry, clock: Clock): (disk: DiskState) => void {
  const bytes = registry.gauge('monitor.store_disk')
  const memoryOnly = registry.gauge('monitor.store_memory_only')
  const syncAge = registry.gauge('monitor.store_sync_age')
  const damaged = registry.gauge('monitor.store_damage')
  const failures = registry.counter('monitor.store_disk_failures')
  let failuresBefore = 0
  return (disk) => {
    bytes.with().set(disk.bytes)
    memoryOnly.with().set(disk.state === 'ok' ? 0 : 1)
    if (disk.syncedMs !== undefined) syncAge.with().set(Math.max(0, clock.nowMs() - disk.syncedMs) / 1000)
    damaged.with('file').set(disk.damage.length)
    damaged.with('orphan').set(disk.orphans)
    damaged.with('chunk').set(disk.damagedChunks)
    // The store counts from its opening: one that was opened again begins at 0.
    failures.with().inc(disk.failures >= failuresBefore ? disk.failures - failuresBefore : disk.failures)
    failuresBefore = disk.failures
  }
}

/** Every signal that a monitor records: those of the instruments that one makes when it starts. */
export function monitorSignals(): readonly SignalId[] {
  const metrics = new MonitorMetrics({ clock: new VirtualClock(), stats: () => emptyStats, dialects: monitorDialects })
  metrics.close()
  return metrics.recorded()
}
