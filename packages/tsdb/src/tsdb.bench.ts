import { Labels, seededRandom } from '@signalbox/base'
import { bench, describe } from 'vitest'
import { encodedBytesMax, encodeValues } from './codec/value-codec.ts'
import { SimulatedDisk } from './disk/simulated-disk.case.ts'
import { type ScrapeOutcome, Tsdb } from './tsdb.ts'

const TARGETS = 100
const TARGET_SERIES = 1_000
const SERIES = TARGETS * TARGET_SERIES
const STEP_MS = 15_000
const START_MS = 1_699_999_200_000

function open(disk: SimulatedDisk): Tsdb {
  const store = Tsdb.open(disk)
  if (!store.ok) throw new Error(store.error.message)
  return store.value
}

/** 100 targets of 40 histograms with 25 buckets: a third of them never moves, a third slowly, a third by up to 40 a scrape. */
class Fleet {
  readonly store: Tsdb
  readonly #random = seededRandom(1)
  readonly #refs: number[][] = []
  readonly #values = Array.from({ length: TARGETS }, () => new Float64Array(TARGET_SERIES))
  readonly #timestampsMs = new Float64Array(TARGET_SERIES)
  #scrapes = 0

  constructor(store: Tsdb) {
    this.store = store
    for (let target = 0; target < TARGETS; target++) {
      const refs = Array.from({ length: TARGET_SERIES }, (_, i) => store.seriesRef(Labels.from(labelsOf(target, i))) as number)
      this.#refs.push(refs)
    }
  }

  scrape(): ScrapeOutcome[] {
    const scrape = this.#scrapes++
    return this.#refs.map((refs, target) => {
      const values = this.#values[target]!
      for (let i = 0; i < TARGET_SERIES; i++) values[i]! += Math.floor(this.#random.next() * [1, 3, 40][i % 3]!)
      this.#timestampsMs.fill(START_MS + scrape * STEP_MS + target * 150)
      return this.store.appendScrape({ refs, timestampsMs: this.#timestampsMs, values, length: TARGET_SERIES })
    })
  }
}

function labelsOf(target: number, i: number): Record<string, string> {
  const pod = { instance: `10.0.0.${target}:8000`, pod: `pod-${target}`, namespace: 'llm', job: 'vllm', engine: '0' }
  return { ...pod, __name__: `vllm:m${Math.floor(i / 25)}_bucket`, le: String(i % 25), model_name: `model-${target % 5}` }
}

const disk = new SimulatedDisk(seededRandom(1))
const fleet = new Fleet(open(disk))
const empty = fleet.store.stats().bytes / SERIES
for (let scrape = 0; scrape < 470; scrape++) {
  fleet.scrape()
  for (let i = 0; i < 15; i++) fleet.store.maintain(START_MS + scrape * STEP_MS)
}
const { samples, bytes, logBytes } = fleet.store.stats()
fleet.store.maintain(START_MS + 470 * STEP_MS)

const facts = [
  `${empty.toFixed(0)} bytes a series before its first sample`,
  `${((bytes - empty * SERIES) / samples).toFixed(2)} a sample in memory`,
  `${(logBytes / samples).toFixed(2)} a sample in the log since the last snapshot`,
]

describe(`${SERIES} series of 8 labels, ${samples / SERIES} samples each: ${facts.join(', ')}`, () => {
  bench('one scrape of all, with the log', () => {
    fleet.scrape()
  })
  bench(
    'start from snapshot and log',
    () => {
      open(disk.killed())
    },
    { iterations: 2, warmupIterations: 0, time: 0 },
  )
})

/** Columns as engines have them, and what an encoded sample takes. */
const columns: Readonly<Record<string, (i: number, random: number) => number>> = {
  'bucket that never moves': () => 4711,
  'slow counter': (i) => 5_000 + Math.floor(i / 7),
  'fast counter': (i, random) => i * 40 + Math.floor(random * 40),
  'gauge of two decimals': (_, random) => Math.round(random * 100) / 100,
  'gauge of small integers': (_, random) => Math.floor(random * 12),
  'sum of seconds': (i, random) => i * 1.7 + random,
}
const random = seededRandom(5)
const out = new Uint8Array(encodedBytesMax(480))
for (const [name, value] of Object.entries(columns)) {
  const values = Float64Array.from({ length: 120 }, (_, i) => value(i, random.next()))
  const size = encodeValues(values, 120, out, 0) / 120
  describe(`${name}: ${size.toFixed(2)} bytes a sample`, () => {
    bench('encode 120', () => {
      encodeValues(values, 120, out, 0)
    })
  })
}
