import type { Clock } from '@signalbox/base'
import type { ExpositionFormat } from '@signalbox/exposition'
import { Registry } from '@signalbox/instruments'
import { measureProcess } from '@signalbox/node'
import { entriesOf } from '@signalbox/signals'
import type { StoreStats } from './ports.ts'
import type { ScrapeError } from './scraped-page.ts'

/** What the monitor measures of itself. */
export class MonitorMetrics {
  readonly #registry: Registry
  readonly #stopMeasuring: () => void

  /** `stats` is asked before each page. */
  constructor(options: { readonly clock: Clock; readonly stats: () => StoreStats }) {
    this.#registry = new Registry({ entries: entriesOf('signalbox', 'process'), clock: options.clock })
    this.#stopMeasuring = measureProcess(this.#registry)
    const samples = this.#registry.counter('monitor.samples').with()
    const refused = this.#registry.counter('monitor.series_refused').with()
    const series = this.#registry.gauge('monitor.series').with()
    let before: StoreStats = { samples: 0, series: 0, bytes: 0, seriesRefused: 0 }
    this.#registry.onCollect(() => {
      const stats = options.stats()
      samples.inc(stats.samples - before.samples)
      refused.inc(stats.seriesRefused - before.seriesRefused)
      series.set(stats.series)
      before = stats
    })
  }

  scrapeFailed(cause: ScrapeError['cause']): void {
    this.#registry.counter('monitor.scrape_failures').with(cause).inc()
  }

  queried(seconds: number): void {
    this.#registry.histogram('monitor.query_duration').with().observe(seconds)
  }

  render(format: ExpositionFormat): string {
    return this.#registry.render(format)
  }

  close(): void {
    this.#stopMeasuring()
  }
}
