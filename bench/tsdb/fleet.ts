import { Labels, seededRandom } from '@signalbox/base'
import type { Tsdb } from '@signalbox/tsdb'

const TARGET_SERIES = 1_000
const STEP_MS = 15_000
/** The start of a two-hour block. */
const START_MS = 1_699_999_200_000

/** By how much a counter of a fleet moves from scrape to scrape, at most; one for each third of its series. */
export type Speeds = readonly [number, number, number]

/** Targets of 40 histograms with 25 buckets each, scraped every 15 s, appended to a store. */
export class Fleet {
  readonly #store: Tsdb
  readonly #speeds: Speeds
  readonly #random = seededRandom(1)
  readonly #refs: number[][]
  readonly #values: Float64Array[]
  readonly #timestampsMs = new Float64Array(TARGET_SERIES)
  #scrapes = 0

  /** Opens the series, 8 labels each. */
  constructor(store: Tsdb, targets: number, speeds: Speeds) {
    this.#store = store
    this.#speeds = speeds
    this.#refs = Array.from({ length: targets }, (_, target) =>
      Array.from({ length: TARGET_SERIES }, (_, i) => {
        const ref = store.seriesRef(labelsOf(target, i))
        if (ref === undefined) throw new Error('a series was refused')
        return ref
      }),
    )
    this.#values = this.#refs.map(() => new Float64Array(TARGET_SERIES))
  }

  get nowMs(): number {
    return START_MS + this.#scrapes * STEP_MS
  }

  /** One scrape of every target; answers the CPU seconds that the store took for it, `maintain` of the 15 seconds included. */
  scrape(): number {
    const scrapeMs = this.nowMs
    this.#scrapes += 1
    let seconds = 0
    this.#refs.forEach((refs, target) => {
      const values = this.#values[target] as Float64Array
      for (let i = 0; i < TARGET_SERIES; i++) {
        values[i] = (values[i] as number) + Math.floor(this.#random.next() * (this.#speeds[i % 3] as number))
      }
      this.#timestampsMs.fill(scrapeMs + target * 150)
      seconds += cpuSecondsOf(() => {
        const { kept } = this.#store.appendScrape({ refs, timestampsMs: this.#timestampsMs, values, length: TARGET_SERIES })
        if (kept !== TARGET_SERIES) throw new Error('samples were refused')
      })
    })
    for (let second = 0; second < STEP_MS / 1000; second++) seconds += cpuSecondsOf(() => this.#store.maintain(scrapeMs + second * 1000))
    return seconds
  }
}

/** User and system CPU seconds of this process during `work`. */
export function cpuSecondsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function labelsOf(target: number, i: number): Labels {
  const pod = { instance: `10.0.0.${target}:8000`, pod: `pod-${target}`, namespace: 'llm', job: 'vllm', engine: '0' }
  return Labels.from({ ...pod, __name__: `vllm:m${Math.floor(i / 25)}_bucket`, le: String(i % 25), model_name: `model-${target % 5}` })
}
