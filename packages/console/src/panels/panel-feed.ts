import type { MatrixSeries, PanelView, VectorSample } from '../api-types.ts'
import { type Fetched, fetched } from '../query/fetched.ts'
import type { TimeRange } from '../shell/time-range.ts'
import { rangeStepMs } from '../shell/time-range.ts'
import { byQueryThenLabels, nameSeries } from './series-names.ts'
import { SeriesWindow, type WindowView } from './series-window.ts'

/** What a feed asks; `Api` answers. */
export interface PanelQueries {
  instant(expr: string, timeMs: number, signal: AbortSignal): Promise<Fetched<readonly VectorSample[]>>
  range(expr: string, range: { startMs: number; endMs: number; stepMs: number }, signal: AbortSignal): Promise<Fetched<readonly MatrixSeries[]>>
}

/** One gauge's reading now. */
export interface GaugeReading {
  readonly name: string
  /** Null: no traffic, or not measured. */
  readonly value: number | null
}

export interface PanelData {
  readonly view: WindowView
  readonly names: readonly string[]
  /** Empty for time series. */
  readonly readings: readonly GaugeReading[]
  /** Series left out because there are too many. */
  readonly dropped: number
}

/** Points asked for again at each refresh: scrapes of the last ones may have come after the last answer. */
const OVERLAP_POINTS = 3

/** One panel's data over one range. The first load asks for all of it, later ones for what is new. */
export class PanelFeed {
  readonly #panel: PanelView
  readonly #queries: PanelQueries
  readonly #now: () => number
  readonly #window: SeriesWindow

  constructor(panel: PanelView, range: TimeRange, ports: { readonly queries: PanelQueries; readonly now: () => number }) {
    this.#panel = panel
    this.#queries = ports.queries
    this.#now = ports.now
    this.#window = new SeriesWindow(rangeStepMs(range), range.seconds * 1000)
  }

  /** All or nothing: when one query fails, the window stays as it was. */
  async load(signal: AbortSignal): Promise<Fetched<PanelData>> {
    const window = this.#window
    const nowMs = this.#now()
    const endMs = window.align(nowMs)
    const newest = window.endMs
    const spanMs = (window.points - 1) * window.stepMs
    const again = newest === undefined || newest > endMs ? endMs - spanMs : newest - OVERLAP_POINTS * window.stepMs
    const startMs = Math.max(endMs - spanMs, again)
    const exprs = this.#panel.queries.map(({ expr }) => expr)
    const [answers, readings] = await Promise.all([
      Promise.all(exprs.map((expr) => this.#queries.range(expr, { startMs, endMs, stepMs: window.stepMs }, signal))),
      this.#readings(nowMs, signal),
    ])
    if (!readings.ok) return readings
    for (const answer of answers) if (!answer.ok) return answer
    window.slide(endMs)
    answers.forEach((answer, query) => {
      if (answer.ok) window.write(query, startMs, answer.value)
    })
    const view = window.view()
    return fetched({ view, names: nameSeries(this.#legends(), view.series), readings: readings.value, dropped: window.dropped })
  }

  async #readings(nowMs: number, signal: AbortSignal): Promise<Fetched<readonly GaugeReading[]>> {
    if (this.#panel.kind !== 'gauge') return fetched([])
    const answers = await Promise.all(this.#panel.queries.map(({ expr }) => this.#queries.instant(expr, nowMs, signal)))
    const samples: { query: number; metric: Readonly<Record<string, string>>; value: number | null }[] = []
    for (const [query, answer] of answers.entries()) {
      if (!answer.ok) return answer
      for (const { metric, value } of answer.value) {
        const number = Number(value[1])
        samples.push({ query, metric, value: Number.isFinite(number) ? number : null })
      }
    }
    samples.sort(byQueryThenLabels)
    const names = nameSeries(this.#legends(), samples)
    return fetched(samples.map(({ value }, index) => ({ name: names[index] ?? '', value })))
  }

  #legends(): string[] {
    return this.#panel.queries.map(({ legend }) => legend)
  }
}
