import { Labels, seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { SimulatedDisk } from './disk/simulated-disk.case.ts'
import { contentOf } from './store-driver.case.ts'
import { type ScrapeOutcome, Tsdb, type TsdbOptions } from './tsdb.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A day begins. */
const START_MS = 19_700 * DAY_MS

function open(disk: SimulatedDisk, options: TsdbOptions = {}): Tsdb {
  const store = Tsdb.open(disk, options)
  if (!store.ok) throw new Error(store.error.message)
  return store.value
}

function newDisk(): SimulatedDisk {
  return new SimulatedDisk(seededRandom(1))
}

function append(store: Tsdb, series: number, timestampMs: number, value: number): ScrapeOutcome {
  const ref = store.seriesRef(Labels.from({ __name__: 'x', i: String(series) }))
  if (ref === undefined) throw new Error('refused')
  return store.appendScrape({ refs: [ref], timestampsMs: Float64Array.of(timestampMs), values: Float64Array.of(value), length: 1 })
}

function names(disk: SimulatedDisk): readonly string[] {
  const list = disk.list()
  return list.ok ? [...list.value].sort() : []
}

function maintain(store: Tsdb, nowMs: number, times = 40): void {
  for (let i = 0; i < times; i++) store.maintain(nowMs)
}

describe('appending', () => {
  it('takes what is up to five minutes late, and says what became of the rest', () => {
    const store = open(newDisk())
    expect(append(store, 1, START_MS, 1)).toMatchObject({ kept: 1 })
    expect(append(store, 1, START_MS - 300_000, 2)).toMatchObject({ kept: 1 })
    expect(append(store, 1, START_MS - 300_001, 3)).toMatchObject({ kept: 0, outOfOrder: 1 })
    expect(append(store, 1, START_MS - 300_000, 2)).toMatchObject({ kept: 1 })
    expect(append(store, 1, START_MS - 300_000, 4)).toMatchObject({ kept: 0, duplicate: 1 })
    const outcome = store.appendScrape({
      refs: [77, 1],
      timestampsMs: Float64Array.of(START_MS, START_MS + 1),
      values: new Float64Array(2),
      length: 2,
    })
    expect(outcome).toEqual({ kept: 1, outOfOrder: 0, duplicate: 0, unknown: [0] })
    expect([...contentOf(store).keys()]).toEqual([`1 at ${START_MS - 300_000}`, `1 at ${START_MS}`, `1 at ${START_MS + 1}`])
  })

  it('takes what is late as far as it is told to, and cuts no block before', () => {
    const store = open(newDisk(), { outOfOrderMs: HOUR_MS })
    append(store, 1, START_MS + HOUR_MS, 1)
    append(store, 1, START_MS + 2.5 * HOUR_MS, 2)
    maintain(store, START_MS + 2.9 * HOUR_MS)
    expect(append(store, 1, START_MS + 1.5 * HOUR_MS, 3)).toMatchObject({ kept: 1 })
    maintain(store, START_MS + 3 * HOUR_MS)
    expect(store.stats().blocks).toBe(1)
    expect([...contentOf(store).keys()]).toHaveLength(3)
  })

  it('refuses series at the limit and labels without end, and counts both', () => {
    const store = open(newDisk(), { seriesMax: 1 })
    append(store, 1, START_MS, 1)
    expect(store.seriesRef(Labels.from({ a: '2' }))).toBeUndefined()
    expect(store.seriesRef(Labels.from({ a: 'x'.repeat(70_000) }))).toBeUndefined()
    expect(store.stats()).toMatchObject({ series: 1, refused: 2 })
  })

  it('refuses what belongs into a block that is being cut, so that nothing it took is lost', () => {
    const disk = newDisk()
    const store = open(disk)
    for (let series = 0; series < 3000; series++) append(store, series, START_MS + 1000, series)
    const nowMs = START_MS + 2 * HOUR_MS + 300_000
    store.maintain(nowMs)
    store.maintain(nowMs)
    expect(store.stats().blocks).toBe(0)
    for (let series = 0; series < 3000; series += 100) {
      expect(append(store, series, START_MS + 2000, 1)).toMatchObject({ kept: 0, outOfOrder: 1 })
      expect(append(store, series, START_MS + 2 * HOUR_MS, 2)).toMatchObject({ kept: 1 })
    }
    maintain(store, nowMs)
    expect(store.stats()).toMatchObject({ blocks: 1, series: 30 })
    expect(contentOf(store).size).toBe(3030)
    expect(contentOf(open(disk.killed()))).toEqual(contentOf(store))
  })
})

describe('maintenance', () => {
  it('cuts two hours five minutes after their end, merges a day that has ended, and drops the log that is not needed', () => {
    const disk = newDisk()
    const store = open(disk)
    for (let minute = 0; minute < 27 * 60; minute++) {
      append(store, minute % 3, START_MS + minute * 60_000, minute)
      maintain(store, START_MS + minute * 60_000, 3)
      if (minute === 124) expect(names(disk).filter((name) => name.endsWith('.block'))).toEqual([])
      if (minute === 126) expect(names(disk)).toContain(`${START_MS}-${START_MS + 2 * HOUR_MS}.block`)
    }
    const blocks = names(disk).filter((name) => name.endsWith('.block'))
    expect(blocks).toEqual([`${START_MS}-${START_MS + DAY_MS}.block`, `${START_MS + DAY_MS}-${START_MS + DAY_MS + 2 * HOUR_MS}.block`])
    expect(names(disk).filter((name) => name.endsWith('.wal') || name.endsWith('.snapshot')).length).toBe(2)
    expect(contentOf(store).size).toBe(27 * 60)
  })

  it('removes blocks by age', () => {
    const store = open(newDisk(), { retentionMs: DAY_MS })
    append(store, 1, START_MS, 1)
    maintain(store, START_MS + 3 * HOUR_MS)
    append(store, 1, START_MS + 25 * HOUR_MS, 2)
    maintain(store, START_MS + 26 * HOUR_MS - 1)
    expect(contentOf(store).size).toBe(2)
    maintain(store, START_MS + 26 * HOUR_MS)
    expect([...contentOf(store).keys()]).toEqual([`1 at ${START_MS + 25 * HOUR_MS}`])
  })

  it('removes the oldest blocks while all files are larger than their limit', () => {
    const disk = newDisk()
    const store = open(disk, { bytesMax: 12_000 })
    const random = seededRandom(2)
    for (let i = 0; i < 12 * 240; i++) {
      append(store, 1, START_MS + i * 30_000, random.next())
      maintain(store, START_MS + i * 30_000, 1)
    }
    maintain(store, START_MS + 24 * HOUR_MS)
    expect(disk.bytes).toBeLessThan(14_000)
    const found = [...contentOf(store).keys()]
    expect(found.at(-1)).toBe(`1 at ${START_MS + (12 * 240 - 1) * 30_000}`)
    expect(found.length).toBeGreaterThan(240)
  })
})

describe('a disk that fails', () => {
  it('leaves the store in memory, within its limit, until a snapshot of all it holds succeeds', () => {
    const disk = newDisk()
    const store = open(disk, { memoryBytesMax: 1024 * 1024 })
    append(store, 0, START_MS, 0)
    store.maintain(START_MS)
    disk.bytesMax = disk.bytes
    const random = seededRandom(3)
    let nowMs = START_MS
    for (let i = 0; i < 3000; i++) {
      nowMs += 15_000
      for (let series = 0; series < 100; series++) append(store, series, nowMs, random.next())
      store.maintain(nowMs)
    }
    expect(store.stats()).toMatchObject({ disk: 'memory-only', blocks: 0 })
    expect(store.stats().diskError).toContain('no space left')
    expect(store.stats().bytes).toBeLessThan(1.3 * 1024 * 1024)
    // Newest kept, oldest gone; each attempt cleaned up after itself.
    expect(contentOf(store).has(`7 at ${nowMs}`)).toBe(true)
    expect(contentOf(store).has(`7 at ${START_MS + 15_000}`)).toBe(false)
    expect(names(disk).length).toBeLessThan(4)
    disk.bytesMax = Infinity
    maintain(store, nowMs + 10_000)
    expect(store.stats().disk).toBe('ok')
    expect(contentOf(open(disk.powerCut()))).toEqual(contentOf(store))
  })

  it('is not asked to sync the same file again: a new segment takes what it may have lost', () => {
    const disk = newDisk()
    const store = open(disk)
    append(store, 1, START_MS, 1)
    const before = names(disk)
    disk.failing.syncs = 1
    store.maintain(START_MS)
    expect(store.stats()).toMatchObject({ disk: 'ok', diskFailures: 0 })
    expect(names(disk).length).toBe(before.length + 1)
    expect(contentOf(open(disk.powerCut())).size).toBe(1)
  })

  it('does not keep a store from opening', () => {
    const disk = newDisk()
    disk.failing.creates = 1
    const store = open(disk)
    expect(store.stats().disk).toBe('memory-only')
    expect(store.close()).toMatchObject({ ok: false, error: { code: 'io' } })
    expect(append(store, 1, START_MS, 1)).toMatchObject({ kept: 1 })
    maintain(store, START_MS)
    expect(store.stats().disk).toBe('ok')
    expect(contentOf(open(disk.powerCut())).size).toBe(1)
  })
})
