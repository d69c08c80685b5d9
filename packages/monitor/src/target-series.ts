import { assert, failure, Labels, ok, type Result } from '@signalbox/base'
import { parseSeries, SeriesTable } from '@signalbox/exposition'
import { staleNaN } from '@signalbox/promql'
import type { ExemplarStore } from './exemplar-store.ts'
import type { Store } from './ports.ts'
import type { ScrapedPage, ScrapeError } from './scraped-page.ts'

/** What the loop says about a scrape, beside what the page says. */
export interface ScrapeReport {
  readonly durationSeconds: number
  /** Samples on the page, 0 when the scrape failed. */
  readonly samples: number
}

interface Entry {
  readonly handle: number
  /** The scrape that last had it. */
  generation: number
  /** False for a series whose page gives timestamps: it ends when they end, not when a scrape lacks it. */
  endsWithStaleMarker: boolean
  /** Once it had an exemplar. */
  labels?: Labels
}

interface OwnHandles {
  readonly up: number
  readonly duration: number
  readonly samples: number
}

/** Samples further in the future than this are dropped. SOURCE: Prometheus scrape/scrape.go (maxAheadTime). */
const AHEAD_MS_MAX = 10 * 60_000

/**
 * The series of one target between scrapes: number in the target's table of series texts -> handle in the store, with the number of
 * the scrape that last had it. A series that the next scrape lacks gets a stale marker at that scrape's time.
 */
export class TargetSeries {
  readonly #store: Store
  readonly #exemplars: ExemplarStore
  readonly #labels: Labels
  readonly #table: SeriesTable
  /** By the table's numbers. A number that the table gives to another series has no entry: its page ended the first one. */
  #entries: (Entry | undefined)[] = []
  #size = 0
  readonly #stale = staleNaN()
  #own: OwnHandles | undefined
  #epoch: number
  #generation = 0

  /** `samplesMax` is the limit of a page. */
  constructor({ store, exemplars }: { readonly store: Store; readonly exemplars: ExemplarStore }, targetLabels: Labels, samplesMax: number) {
    this.#store = store
    this.#exemplars = exemplars
    this.#labels = targetLabels
    this.#table = new SeriesTable(2 * samplesMax)
    this.#epoch = store.epoch
  }

  /** For reading the target's next page, one at a time, with `scraped` or `failed` after each. */
  get table(): SeriesTable {
    return this.#table
  }

  /** Series in the last good scrape. */
  get size(): number {
    return this.#size
  }

  /**
   * Appends a good page and ends what it lacks; answers how many samples lie too far in the future and were dropped. Errors: 'bad-page', nothing was appended, report it with `failed`;
   * 'store', the page was good and its samples are lost.
   */
  scraped(page: ScrapedPage, timestampMs: number, report: ScrapeReport): Result<number, ScrapeError> {
    this.#follow()
    let ahead = 0
    const opened = this.#labelsOfNew(page)
    if (!opened.ok) return opened
    this.#appendReport(1, timestampMs, report)
    this.#generation += 1
    for (let i = 0; i < page.series.length; i++) {
      const ownMs = page.timestampsMs[i]
      const atMs = ownMs ?? timestampMs
      if (atMs > timestampMs + AHEAD_MS_MAX) {
        ahead += 1
        continue
      }
      const entry = this.#entry(page.series[i] as number, opened.value)
      if (entry.generation === this.#generation && ownMs === undefined) continue
      entry.generation = this.#generation
      entry.endsWithStaleMarker = ownMs === undefined
      this.#store.appender.append(entry.handle, atMs, page.values[i] as number)
    }
    this.#keepExemplars(page, timestampMs)
    this.#endAllBut(this.#generation, timestampMs)
    this.#table.endPage()
    const committed = this.#commit()
    return committed.ok ? ok(ahead) : committed
  }

  /** The scrape failed: every series ends, `up` is 0. */
  failed(timestampMs: number, report: ScrapeReport): void {
    this.#follow()
    this.#appendReport(0, timestampMs, report)
    this.#endAllBut(undefined, timestampMs)
    this.#table.clear()
    this.#commit()
  }

  /** The target is no longer scraped: everything ends, `up` too. */
  removed(timestampMs: number): void {
    this.#follow()
    this.#endAllBut(undefined, timestampMs)
    if (this.#own !== undefined) {
      this.#end(this.#own.up, timestampMs)
      this.#end(this.#own.duration, timestampMs)
      this.#end(this.#own.samples, timestampMs)
      this.#own = undefined
    }
    this.#commit()
  }

  /**
   * Forgets handles of a store that has begun anew. A series that vanished meanwhile gets no stale marker: queries see it end as they do after
   * a restart of the process, once their lookback has passed.
   */
  #follow(): void {
    if (this.#store.epoch === this.#epoch) return
    this.#epoch = this.#store.epoch
    this.#entries = []
    this.#size = 0
    this.#own = undefined
  }

  #labelsOfNew(page: ScrapedPage): Result<ReadonlyMap<number, Labels>, ScrapeError> {
    const opened = new Map<number, Labels>()
    for (const series of page.series) {
      if (this.#entries[series] !== undefined || opened.has(series)) continue
      const text = this.#table.text(series)
      const parsed = parseSeries(text)
      if (!parsed.ok) return failure({ cause: 'bad-page', message: `not a metrics page: ${parsed.error.message} in ${text.slice(0, 200)}` })
      opened.set(series, attach(parsed.value.name, parsed.value.labels, this.#labels))
    }
    return ok(opened)
  }

  /** Those of samples that were taken, unless they lie too far in the future themselves. */
  #keepExemplars(page: ScrapedPage, timestampMs: number): void {
    for (const { sample, exemplar } of page.exemplars) {
      const series = page.series[sample] as number
      const entry = this.#entries[series]
      if (entry === undefined || (exemplar.timestampMs ?? timestampMs) > timestampMs + AHEAD_MS_MAX) continue
      entry.labels ??= this.#labelsOf(series)
      this.#exemplars.add(entry.labels, exemplar, page.timestampsMs[sample] ?? timestampMs)
    }
  }

  #labelsOf(series: number): Labels {
    const parsed = parseSeries(this.#table.text(series))
    assert(parsed.ok, 'a series with an entry was parsed before')
    return attach(parsed.value.name, parsed.value.labels, this.#labels)
  }

  #entry(series: number, opened: ReadonlyMap<number, Labels>): Entry {
    const known = this.#entries[series]
    if (known !== undefined) return known
    const entry = { handle: this.#store.appender.series(opened.get(series) ?? Labels.empty), generation: 0, endsWithStaleMarker: true }
    // Without holes, so that the array stays a plain one.
    while (this.#entries.length < series) this.#entries.push(undefined)
    this.#entries[series] = entry
    this.#size += 1
    return entry
  }

  #endAllBut(generation: number | undefined, timestampMs: number): void {
    for (let series = 0; series < this.#entries.length; series++) {
      const entry = this.#entries[series]
      if (entry === undefined || entry.generation === generation) continue
      if (entry.endsWithStaleMarker) this.#end(entry.handle, timestampMs)
      else this.#store.appender.release(entry.handle)
      this.#entries[series] = undefined
      this.#size -= 1
    }
  }

  #end(handle: number, timestampMs: number): void {
    this.#store.appender.append(handle, timestampMs, this.#stale)
    this.#store.appender.release(handle)
  }

  /** First of all samples, so that a page which shows the same names cannot stand in for them. */
  #appendReport(up: 0 | 1, timestampMs: number, report: ScrapeReport): void {
    const { appender } = this.#store
    this.#own ??= {
      up: appender.series(this.#labels.with('__name__', 'up')),
      duration: appender.series(this.#labels.with('__name__', 'scrape_duration_seconds')),
      samples: appender.series(this.#labels.with('__name__', 'scrape_samples_scraped')),
    }
    appender.append(this.#own.up, timestampMs, up)
    appender.append(this.#own.duration, timestampMs, report.durationSeconds)
    appender.append(this.#own.samples, timestampMs, report.samples)
  }

  #commit(): Result<void, ScrapeError> {
    if (this.#store.appender.commit()) return ok(undefined)
    return failure({ cause: 'store', message: 'the store does not take samples at the moment' })
  }
}

/**
 * A page's labels under a target's: on a clash the target's label stays and the page's is kept as `exported_<name>`.
 * SOURCE: Prometheus scrape/scrape.go (resolveConflictingExposedLabels), honor_labels false.
 */
export function attach(metricName: string, pageLabels: Labels, targetLabels: Labels): Labels {
  const pairs = new Map<string, string>([['__name__', metricName]])
  const clashes: [string, string][] = []
  for (let i = 0; i < targetLabels.size; i++) pairs.set(targetLabels.names[i] as string, targetLabels.values[i] as string)
  for (let i = 0; i < pageLabels.size; i++) {
    const name = pageLabels.names[i] as string
    const value = pageLabels.values[i] as string
    if (pairs.has(name)) clashes.push([name, value])
    else pairs.set(name, value)
  }
  for (const [name, value] of clashes) {
    let exported = `exported_${name}`
    while (pairs.has(exported)) exported = `exported_${exported}`
    pairs.set(exported, value)
  }
  return Labels.from(pairs)
}
