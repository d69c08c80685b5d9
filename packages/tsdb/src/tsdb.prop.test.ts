import { Labels, seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SimulatedDisk } from './disk/simulated-disk.case.ts'
import { contentOf, openStore } from './store-driver.case.ts'
import type { Tsdb } from './tsdb.ts'
import type { Matcher } from './types.ts'

const START_MS = 1_700_000_000_000
const HOUR_MS = 3_600_000

const value = fc.oneof(fc.integer({ min: -5, max: 100_000 }), fc.constantFrom(0, -0, NaN, Infinity, 0.1, 1e300), fc.double())
const scrape = fc.record({
  kind: fc.constant('scrape' as const),
  repeats: fc.integer({ min: 1, max: 200 }),
  stepMs: fc.constantFrom(15_000, 1, 60_000, 5_000.5),
  series: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1 }),
  values: fc.array(value, { minLength: 1, maxLength: 5 }),
  lateMs: fc.constantFrom(0, 0, 0, 70_000, 299_000, 400_000),
})
const operation = fc.oneof(
  { weight: 6, arbitrary: scrape },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pause' as const), hours: fc.integer({ min: 0, max: 9 }), maintains: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
)

function labelsOf(series: number): Record<string, string> {
  return { __name__: `m${series % 3}`, i: String(series), ...(series % 2 === 0 ? { even: 'yes' } : {}) }
}

/** What a store was told and took. */
class Model {
  readonly content = new Map<string, bigint>()
  readonly labels = new Map<string, Record<string, string>>()
}

function append(store: Tsdb, model: Model, nowMs: number, { series, values, lateMs }: { series: number[]; values: number[]; lateMs: number }): void {
  series.forEach((one, i) => {
    const ref = store.seriesRef(Labels.from(labelsOf(one))) as number
    const timestampMs = i % 2 === 1 ? nowMs - lateMs : nowMs
    const sample = Float64Array.of(values[(i + Math.floor(nowMs / 1000)) % values.length] as number)
    const key = `${one} at ${timestampMs}`
    const bits = new BigUint64Array(sample.buffer)[0] as bigint
    const outcome = store.appendScrape({ refs: [ref], timestampsMs: Float64Array.of(timestampMs), values: sample, length: 1 })
    if (model.content.has(key)) {
      // Where it is in a block by now, it is too old whatever its value.
      if (outcome.kept === 1) expect(model.content.get(key)).toBe(bits)
      else expect(outcome.outOfOrder + outcome.duplicate).toBe(1)
    } else if (outcome.kept === 1) {
      model.content.set(key, bits)
      model.labels.set(String(one), labelsOf(one))
    } else expect(outcome.outOfOrder).toBe(1)
  })
}

describe('a store on disk', () => {
  it('answers everything it took, bit for bit, through blocks, merges and restarts', () => {
    let blocks = 0
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 14 }), fc.nat(), (operations, seed) => {
        let disk = new SimulatedDisk(seededRandom(seed))
        const model = new Model()
        let store = openStore(disk)
        let nowMs = START_MS
        for (const one of operations) {
          if (one.kind === 'scrape') {
            for (let i = 0; i < one.repeats; i++) {
              nowMs += one.stepMs
              append(store, model, nowMs, one)
            }
          } else if (one.kind === 'pause') {
            nowMs += one.hours * HOUR_MS
            for (let i = 0; i < one.maintains; i++) store.maintain(nowMs)
          } else {
            disk = disk.killed()
            store = openStore(disk)
          }
        }
        expect(contentOf(store)).toEqual(model.content)
        expect(store.stats()).toMatchObject({ damage: [], orphans: 0, damagedChunks: 0, disk: 'ok' })
        blocks += store.stats().blocks
        expectSameLists(store, model)
        expectSameWindow(store, model, nowMs)
        for (let i = 0; i < 200; i++) store.maintain(nowMs + 48 * HOUR_MS)
        expect(contentOf(store)).toEqual(model.content)
        expect(contentOf(openStore(disk.powerCut()))).toEqual(model.content)
      }),
      { numRuns: 120 },
    )
    expect(blocks).toBeGreaterThan(20)
  })
})

function expectSameLists(store: Tsdb, model: Model): void {
  const all = [...model.labels.values()]
  expect(store.labelNames([], -Infinity, Infinity)).toEqual([...new Set(all.flatMap((labels) => Object.keys(labels)))].sort())
  expect(store.labelValues('i', [], -Infinity, Infinity)).toEqual([...model.labels.keys()].sort())
  const matchers: Matcher[][] = [
    [{ name: '__name__', operator: '=', value: 'm1', matches: (text) => text === 'm1' }],
    [{ name: 'even', operator: '!=', value: 'yes', matches: (text) => text !== 'yes' }],
    [
      { name: '__name__', operator: '=~', value: 'm[02]', matches: (text) => /^m[02]$/.test(text) },
      { name: 'i', operator: '!~', value: '2|4', matches: (text) => !/^(2|4)$/.test(text) },
    ],
  ]
  for (const set of matchers) {
    const expected = all.filter((labels) => set.every((matcher) => matcher.matches(labels[matcher.name] ?? ''))).map((labels) => labels['i'])
    expect(new Set(store.select(set, -Infinity, Infinity).map(({ labels }) => labels.get('i')))).toEqual(new Set(expected))
    expect(new Set(store.series([set], -Infinity, Infinity).map((labels) => labels.get('i')))).toEqual(new Set(expected))
  }
}

function expectSameWindow(store: Tsdb, model: Model, nowMs: number): void {
  const [startMs, endMs] = [nowMs - 3 * HOUR_MS, nowMs - HOUR_MS / 2]
  const expected = [...model.content.keys()].filter((key) => {
    const timestampMs = Number(key.split(' at ')[1])
    return timestampMs >= startMs && timestampMs <= endMs
  })
  const found = store
    .select([], startMs, endMs)
    .flatMap(({ labels, timestampsMs }) => Array.from(timestampsMs, (time) => `${labels.get('i')} at ${time}`))
  expect(found.sort()).toEqual(expected.sort())
}
