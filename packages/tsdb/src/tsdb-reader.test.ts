import { Labels, seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { SimulatedDisk } from './disk/simulated-disk.case.ts'
import { FollowedHead, noDisk, type ReaderPort, readerProgress, type Tsdb, TsdbReader } from './index.ts'
import { openStore } from './store-driver.case.ts'

const HOUR_MS = 3_600_000
const START_MS = 19_700 * 24 * HOUR_MS

/** A reader in the same thread, which applies each message at once. */
function follow(store: Pick<Tsdb, 'addReader' | 'feedReaders'>, disk = noDisk): { reader: TsdbReader; port: ReaderPort } {
  const progress = readerProgress()
  const reader = new TsdbReader(disk, progress)
  const port: ReaderPort = { progress, publish: (message) => reader.apply(structuredClone(message)) }
  store.addReader(port)
  while (store.feedReaders());
  return { reader, port }
}

function all(reader: Pick<TsdbReader, 'select'>): number[][] {
  return reader.select([], -Infinity, Infinity).map(({ values }) => [...values])
}

describe('a reader', () => {
  it('sees nothing of a scrape before it is published', () => {
    const store = openStore(new SimulatedDisk(seededRandom(1)))
    const { reader } = follow(store)
    const refs = ['a', 'b'].map((name) => store.seriesRef(Labels.from({ __name__: name })) as number)
    store.appendScrape({ refs, timestampsMs: Float64Array.of(START_MS, START_MS), values: Float64Array.of(1, 2), length: 2 })
    expect([all(reader), reader.mark]).toEqual([[], 0])
    store.publish(7)
    expect([all(reader), reader.mark]).toEqual([[[1], [2]], 7])
  })

  it('that never takes its messages is given up, and what was kept for it goes', () => {
    const followed = new FollowedHead({ seriesMax: 10, retentionMs: HOUR_MS })
    const { reader } = follow(followed)
    const stuck: ReaderPort = { progress: readerProgress(), publish: () => undefined }
    followed.addReader(stuck)
    while (followed.feedReaders());
    const ref = followed.head.seriesRef(Labels.from({ __name__: 'a' })) as number
    let samples = 0
    for (; samples < 100_000 && Atomics.load(stuck.progress, 1) === 0; samples++) {
      followed.head.append(ref, START_MS + samples, samples)
      followed.publish(samples)
    }
    expect(samples).toBeLessThan(100_000)
    expect(new TsdbReader(noDisk, stuck.progress).isDropped).toBe(true)
    expect(reader.isDropped).toBe(false)
    for (let i = 0; i < 5; i++) followed.publish(samples + i)
    expect(followed.head.samples.goneItems).toBe(0)
    expect(all(reader)).toEqual([Array.from({ length: samples }, (_, i) => i)])
  })

  it('keeps files of merged blocks until it knows of the day that replaces them', () => {
    const disk = new SimulatedDisk(seededRandom(1))
    const store = openStore(disk)
    const { port } = follow(store, disk)
    const ref = store.seriesRef(Labels.from({ __name__: 'a' })) as number
    const append = (timeMs: number): void => {
      store.appendScrape({ refs: [ref], timestampsMs: Float64Array.of(timeMs), values: Float64Array.of(1), length: 1 })
    }
    const blocks = (): number => {
      const names = disk.list()
      return names.ok ? names.value.filter((name) => name.endsWith('.block')).length : 0
    }
    for (let hour = 0; hour < 30; hour++) {
      append(START_MS + hour * HOUR_MS)
      for (let i = 0; i < 20; i++) store.maintain(START_MS + hour * HOUR_MS)
    }
    // Merged, and not yet published.
    expect(store.stats().blocks).toBeLessThan(5)
    expect(blocks()).toBeGreaterThan(12)
    store.publish(1)
    expect(blocks()).toBe(store.stats().blocks)
    store.removeReader(port)
  })

  it('that is gone costs nothing', () => {
    const followed = new FollowedHead({ seriesMax: 10, retentionMs: HOUR_MS })
    const { port } = follow(followed)
    followed.removeReader(port)
    const ref = followed.head.seriesRef(Labels.from({ __name__: 'a' })) as number
    for (let i = 0; i < 1_000; i++) followed.head.append(ref, START_MS + i, i)
    expect(followed.head.samples.goneItems).toBe(0)
  })
})
