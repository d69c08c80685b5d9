import { Labels, type Random, seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SimulatedDisk } from './disk/simulated-disk.case.ts'
import { type FeedMessage, type Matcher, type ReaderPort, readerProgress, type Tsdb, TsdbReader } from './index.ts'
import { contentOf, openStore } from './store-driver.case.ts'

const START_MS = 1_700_000_000_000
const HOUR_MS = 3_600_000

/** A reader whose messages wait until it takes them, as in the queue of a thread. */
class LaggingReader {
  readonly reader: TsdbReader
  readonly port: ReaderPort
  readonly #queue: FeedMessage[] = []

  constructor(disk: SimulatedDisk) {
    const progress = readerProgress()
    this.reader = new TsdbReader(disk, progress)
    this.port = { progress, publish: (message) => this.#queue.push(structuredClone(message)) }
  }

  take(count: number): void {
    for (const message of this.#queue.splice(0, count)) this.reader.apply(message)
  }
}

/** A store, readers that come, lag and go, and what the store answered at some of its publications. */
class Scene {
  readonly disk: SimulatedDisk
  readonly store: Tsdb
  readers: LaggingReader[] = []
  nowMs = START_MS
  compared = 0
  readonly #random: Random
  readonly #answers = new Map<number, ReturnType<typeof answersOf>>()
  #mark = 0
  #values = 0

  constructor(random: Random) {
    this.#random = random
    this.disk = new SimulatedDisk(random)
    this.store = openStore(this.disk)
  }

  join(): void {
    const reader = new LaggingReader(this.disk)
    this.readers.push(reader)
    this.store.addReader(reader.port)
  }

  leave(): void {
    const reader = this.readers.shift()
    if (reader !== undefined) this.store.removeReader(reader.port)
  }

  scrape(series: readonly number[], lateMs: number): void {
    const refs = series.map((one) => this.store.seriesRef(Labels.from({ __name__: `m${one % 3}`, i: String(one) })) as number)
    const timestampsMs = Float64Array.from(refs, (_, i) => (i % 3 === 1 ? this.nowMs - lateMs : this.nowMs))
    const values = Float64Array.from(refs, (_, i) => (i % 2 === 0 ? this.#values++ : this.#random.next()))
    this.store.appendScrape({ refs, timestampsMs, values, length: refs.length })
    this.publish()
  }

  publish(): void {
    this.#mark += 1
    this.store.publish(this.#mark)
    if (this.#random.next() < 0.05) this.#answers.set(this.#mark, answersOf(this.store))
    if (this.#random.next() < 0.5) this.store.feedReaders()
    for (const one of this.readers) {
      const dice = this.#random.next()
      if (dice < 0.1) one.take(Math.ceil(this.#random.next() * 40))
      const expected = this.#answers.get(one.reader.mark)
      if (expected === undefined || dice > 0.3) continue
      expect(answersOf(one.reader)).toEqual(expected)
      this.compared += 1
    }
  }

  end(): void {
    while (this.store.feedReaders());
    this.publish()
    for (const one of this.readers) {
      one.take(Infinity)
      expect(one.reader.isDropped).toBe(false)
      expect(answersOf(one.reader)).toEqual(answersOf(this.store))
    }
  }
}

function answersOf(store: Pick<Tsdb, 'select' | 'series' | 'labelNames' | 'labelValues'>) {
  const m1: Matcher = { name: '__name__', operator: '=', value: 'm1', matches: (text) => text === 'm1' }
  return {
    content: contentOf(store),
    order: store.select([m1], -Infinity, Infinity).map(({ labels }) => labels.key),
    series: store.series([[m1]], START_MS, Infinity).map((labels) => labels.key),
    names: store.labelNames([], -Infinity, Infinity),
    values: store.labelValues('i', [], -Infinity, Infinity),
  }
}

const series = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1 })
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('scrape' as const),
      repeats: fc.integer({ min: 1, max: 200 }),
      stepMs: fc.constantFrom(15_000, 1, 60_000),
      series,
      lateMs: fc.constantFrom(0, 0, 0, 70_000, 299_000, 400_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pause' as const), hours: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'join' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'leave' as const }) },
)

describe('a reader of a store that goes on', () => {
  it('answers what the store answered at the publication it is at, until it takes the next', () => {
    let compared = 0
    fc.assert(
      fc.property(fc.array(operation, { minLength: 3, maxLength: 16 }), fc.nat(), (operations, seed) => {
        const scene = new Scene(seededRandom(seed))
        scene.join()
        for (const one of operations) {
          if (one.kind === 'join') scene.join()
          else if (one.kind === 'leave') scene.leave()
          else if (one.kind === 'pause') {
            scene.nowMs += one.hours * HOUR_MS
            for (let i = 0; i < 12; i++) {
              scene.store.maintain(scene.nowMs)
              scene.publish()
            }
          } else {
            for (let i = 0; i < one.repeats; i++) {
              scene.nowMs += one.stepMs
              scene.scrape(one.series, one.lateMs)
            }
          }
        }
        scene.end()
        compared += scene.compared
      }),
      { numRuns: 60 },
    )
    expect(compared).toBeGreaterThan(200)
  })
})
