import { type Clock, failure, ok, type Result } from '@signalbox/base'
import type { ExemplarStore } from './exemplar-store.ts'
import type { HttpGet, HttpPage, Log, Store } from './ports.ts'
import { type FamilyMetadata, readPage, type ScrapedPage, type ScrapeError } from './scraped-page.ts'
import { labelsOf, nextSlotMs, offsetMsOf, type TargetConfig, type TargetView } from './target.ts'
import { TargetSeries } from './target-series.ts'

export interface ScrapeLimits {
  readonly intervalMs: number
  /** At most the interval. */
  readonly timeoutMs: number
  readonly bodyBytesMax: number
  /** On one page; more fail the scrape as a whole. */
  readonly samplesMax: number
}

export const scrapeLimitsDefault: ScrapeLimits = { intervalMs: 5_000, timeoutMs: 5_000, bodyBytesMax: 32 * 1024 * 1024, samplesMax: 50_000 }

export interface ScrapeDeps {
  readonly store: Store
  readonly exemplars: ExemplarStore
  readonly get: HttpGet
  readonly clock: Clock
  readonly log: Log
  readonly failed: (cause: ScrapeError['cause']) => void
  /** Samples of a page that lie too far in the future and were dropped. */
  readonly ahead: (samples: number) => void
}

/** OpenMetrics first: only its pages have exemplars. SOURCE: Prometheus scrape/scrape.go (acceptHeader), the order alone. */
const ACCEPT = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

/** A sample is stamped with its slot when the scrape began within this share of the interval around it, else with the time it began. */
const LATE_RATIO_MAX = 0.02

/**
 * Scrapes one target on its grid of slots, one scrape at a time; a slot that passes during a scrape is left out. Knows nothing
 * of other targets.
 */
export class ScrapeLoop {
  readonly target: TargetConfig
  readonly #deps: ScrapeDeps
  readonly #limits: ScrapeLimits
  readonly #offsetMs: number
  readonly #series: TargetSeries
  #view: TargetView
  #metadata: ReadonlyMap<string, FamilyMetadata> = new Map()
  #timer: NodeJS.Timeout | undefined
  #state: 'idle' | 'running' | 'ended' = 'idle'
  #lastTimestampMs = 0

  constructor(target: TargetConfig, limits: ScrapeLimits, deps: ScrapeDeps) {
    this.target = target
    this.#deps = deps
    this.#limits = limits
    this.#offsetMs = offsetMsOf(target, limits.intervalMs)
    const labels = labelsOf(target)
    this.#series = new TargetSeries(deps, labels, limits.samplesMax)
    this.#view = {
      job: target.job,
      instance: target.instance,
      url: target.url,
      labels: labels.toRecord(),
      health: 'unknown',
      lastError: '',
      lastScrapeMs: null,
      durationMs: null,
      samples: 0,
    }
  }

  get view(): TargetView {
    return this.#view
  }

  /** Of the last good page. */
  get metadata(): ReadonlyMap<string, FamilyMetadata> {
    return this.#metadata
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#waitForSlot()
  }

  /** Ends the loop; a scrape under way is discarded. The series stay as they are: the store ends with us. */
  stop(): void {
    this.#state = 'ended'
    clearTimeout(this.#timer)
  }

  /** Ends the loop and its series: the target is no longer ours. */
  remove(): void {
    this.stop()
    this.#series.removed(Math.max(this.#deps.clock.nowMs(), this.#lastTimestampMs + 1))
  }

  /** Timers may fire a little early: the slot just served is not to come again. */
  #waitForSlot(servedMs = 0): void {
    const nowMs = this.#deps.clock.nowMs()
    const slotMs = nextSlotMs(Math.max(nowMs, servedMs), this.#limits.intervalMs, this.#offsetMs)
    this.#timer = setTimeout(() => {
      this.#scrape(slotMs)
        .catch((error: unknown) => this.#deps.log('error', 'scrape broke', { url: this.target.url, error: String(error) }))
        .finally(() => {
          if (this.#state === 'running') this.#waitForSlot(slotMs)
        })
    }, slotMs - nowMs)
  }

  async #scrape(slotMs: number): Promise<void> {
    const { clock, store } = this.#deps
    // Nothing to scrape for while the store starts; the next slot comes soon.
    if (!store.up) return
    const beganMs = clock.nowMs()
    const onTime = Math.abs(beganMs - slotMs) <= this.#limits.intervalMs * LATE_RATIO_MAX
    const timestampMs = Math.max(Math.round(onTime ? slotMs : beganMs), this.#lastTimestampMs + 1)
    const got = await this.#get()
    if (this.#state === 'ended') return
    this.#lastTimestampMs = timestampMs
    const durationMs = clock.nowMs() - beganMs
    const stored = got.ok ? this.#store(got.value, timestampMs, durationMs) : got
    this.#report(stored, timestampMs, durationMs)
  }

  async #get(): Promise<Result<ScrapedPage, ScrapeError>> {
    const { bearerToken, url } = this.target
    const { timeoutMs, bodyBytesMax, samplesMax } = this.#limits
    const headers = {
      accept: ACCEPT,
      'accept-encoding': 'gzip',
      'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
      ...(bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` }),
    }
    const answer = await this.#deps.get({ url, headers, timeoutMs, bodyBytesMax })
    if (!answer.ok) return failure({ cause: answer.error.code, message: answer.error.message })
    if (answer.value.status !== 200) return failure({ cause: 'http-status', message: statusWords(answer.value) })
    return readPage(answer.value, this.#series.table, samplesMax)
  }

  #store(page: ScrapedPage, timestampMs: number, durationMs: number): Result<ScrapedPage, ScrapeError> {
    const stored = this.#series.scraped(page, timestampMs, { durationSeconds: durationMs / 1000, samples: page.series.length })
    if (!stored.ok) return stored
    if (stored.value > 0) this.#deps.ahead(stored.value)
    return ok(page)
  }

  #report(result: Result<ScrapedPage, ScrapeError>, timestampMs: number, durationMs: number): void {
    const before = this.#view
    const common = { ...before, lastScrapeMs: timestampMs, durationMs }
    if (result.ok) {
      this.#metadata = result.value.metadata
      this.#view = { ...common, health: 'up', lastError: '', samples: result.value.series.length }
    } else {
      const { cause, message } = result.error
      this.#deps.failed(cause)
      // A page that only the store would not take says nothing against its target.
      if (cause !== 'store') this.#series.failed(timestampMs, { durationSeconds: durationMs / 1000, samples: 0 })
      this.#view = { ...common, health: cause === 'store' ? 'up' : 'down', lastError: message }
    }
    this.#logChange(before, this.#view)
  }

  /** Changes only: a target that stays down must not fill the log. */
  #logChange(before: TargetView, after: TargetView): void {
    if (before.health === after.health && before.lastError === after.lastError) return
    const { job, instance, url } = after
    if (after.lastError !== '') this.#deps.log('warn', `scrape failed: ${after.lastError}`, { job, instance, url })
    else if (before.health === 'down') this.#deps.log('info', 'scrape works again', { job, instance, url })
  }
}

function statusWords(page: HttpPage): string {
  const reasons: Readonly<Record<number, string>> = {
    401: 'the target wants a token',
    403: 'the target refuses our token',
    404: 'no page at this path',
  }
  const reason = reasons[page.status]
  return `HTTP status ${page.status}${reason === undefined ? '' : ` (${reason})`}`
}
