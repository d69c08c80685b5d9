import { type Clock, VirtualClock } from '@signalbox/base'
import type { ExpositionFormat } from '@signalbox/exposition'
import { type CounterCell, type HistogramCell, type Instrument, Registry } from '@signalbox/instruments'
import { measureProcess } from '@signalbox/node'
import { type DialectId, entriesOf, type SignalId } from '@signalbox/signals'
import type { StoreStats } from './ports.ts'
import type { ScrapeError } from './scraped-page.ts'

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

const NOTHING_STORED: StoreStats = { samples: 0, series: 0, bytes: 0, seriesRefused: 0 }

/** What the monitor measures of itself. */
export class MonitorMetrics {
  readonly #registry: Registry
  readonly #stopMeasuring: () => void
  readonly #scrapeFailures: Instrument<CounterCell>
  readonly #queryDuration: HistogramCell

  constructor(options: MonitorMetricsOptions) {
    this.#registry = new Registry({ entries: entriesOf(...options.dialects), clock: options.clock })
    this.#stopMeasuring = measureProcess(this.#registry)
    this.#scrapeFailures = this.#registry.counter('monitor.scrape_failures')
    // At 0 from the start: a rate over a series that begins with its first failure misses that one.
    for (const cause of ['timeout', 'unreachable'] satisfies ScrapeError['cause'][]) this.#scrapeFailures.with(cause).inc(0)
    this.#queryDuration = this.#registry.histogram('monitor.query_duration').with()
    const samples = this.#registry.counter('monitor.samples').with()
    const refused = this.#registry.counter('monitor.series_refused').with()
    const series = this.#registry.gauge('monitor.series').with()
    let before = NOTHING_STORED
    this.#registry.onCollect(() => {
      const stats = options.stats()
      samples.inc(stats.samples - before.samples)
      refused.inc(stats.seriesRefused - before.seriesRefused)
      series.set(stats.series)
      before = stats
    })
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

/** Every signal that a monitor records: those of the instruments that one makes when it starts. */
export function monitorSignals(): readonly SignalId[] {
  const metrics = new MonitorMetrics({ clock: new VirtualClock(), stats: () => NOTHING_STORED, dialects: monitorDialects })
  metrics.close()
  return metrics.recorded()
}
