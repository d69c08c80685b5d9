import type { ScrapeLimits } from './scrape-loop.ts'
import type { FamilyMetadata } from './scraped-page.ts'
import type { TargetView } from './target.ts'

/** What `targets` answers: all of them, or those in `state` (active, dropped) and of one scrape pool, which is the job. */
export function targetsJson(views: readonly TargetView[], limits: ScrapeLimits, filter: { readonly state: string; readonly pool: string }): unknown {
  const state = filter.state.toLowerCase()
  const shown = state === '' || state === 'any' || state === 'active'
  const active = shown ? views.filter((view) => filter.pool === '' || view.job === filter.pool) : []
  return { activeTargets: active.map((view) => targetJson(view, limits)), droppedTargets: [], droppedTargetCounts: {} }
}

/** At most `families` entries, each with at most `perFamily` statements; negative: all. */
export interface MetadataLimits {
  readonly families: number
  readonly perFamily: number
}

/** What `metadata` answers: what targets say about each family, or about the one named `metric`. */
export function metadataJson(all: ReadonlyMap<string, readonly FamilyMetadata[]>, metric: string, limits: MetadataLimits): unknown {
  const found: [string, unknown][] = []
  for (const [name, said] of all) {
    if (metric !== '' && name !== metric) continue
    if (limits.families >= 0 && found.length >= limits.families) break
    const kept = limits.perFamily > 0 ? said.slice(0, limits.perFamily) : said
    found.push([name, kept.map(({ type, help }) => ({ type, help, unit: '' }))])
  }
  return Object.fromEntries(found)
}

function targetJson(view: TargetView, { intervalMs, timeoutMs }: ScrapeLimits): unknown {
  const address = new URL(view.url)
  const scrapeInterval = `${intervalMs / 1000}s`
  const scrapeTimeout = `${timeoutMs / 1000}s`
  return {
    discoveredLabels: {
      __address__: address.host,
      __metrics_path__: address.pathname,
      __scheme__: address.protocol.slice(0, -1),
      __scrape_interval__: scrapeInterval,
      __scrape_timeout__: scrapeTimeout,
      job: view.job,
    },
    labels: view.labels,
    scrapePool: view.job,
    scrapeUrl: view.url,
    globalUrl: view.url,
    lastError: view.lastError,
    lastScrape: view.lastScrapeMs === null ? '0001-01-01T00:00:00Z' : new Date(view.lastScrapeMs).toISOString(),
    lastScrapeDuration: (view.durationMs ?? 0) / 1000,
    health: view.health,
    scrapeInterval,
    scrapeTimeout,
  }
}
