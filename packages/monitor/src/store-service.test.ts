import { failure, ok } from '@signalbox/base'
import { type Disk, type DiskFile, noDisk, readerProgress, Tsdb, TsdbReader } from '@signalbox/tsdb'
import { describe, expect, it } from 'vitest'
import { MemorySamples } from './memory-samples.ts'
import type { FollowedSamples } from './open-samples.ts'
import type { LogLevel } from './ports.ts'
import { QueryService, type SeriesSource } from './query-service.ts'
import { StoreAlarms, storeProblem } from './store-alarms.ts'
import { StoreService } from './store-service.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A day begins. */
const START_MS = 19_700 * DAY_MS

const limits = { seriesMax: 100, retentionMs: 3 * DAY_MS, bytesMax: 1e9, outOfOrderMs: 300_000 }

/** A folder in memory whose disk can be filled. */
class SmallDisk implements Disk {
  readonly #files = new Map<string, number[]>()
  isFull = false

  list() {
    return ok([...this.#files.keys()])
  }
  size(name: string) {
    return ok(this.#files.get(name)?.length ?? 0)
  }
  read(name: string, offset: number, length: number) {
    const bytes = this.#files.get(name)
    return bytes === undefined
      ? failure({ code: 'missing' as const, message: `read ${name}: no such file` })
      : ok(Uint8Array.from(bytes.slice(offset, offset + length)))
  }
  create(name: string) {
    const bytes: number[] = []
    this.#files.set(name, bytes)
    const file: DiskFile = {
      write: (added) => {
        if (this.isFull) return failure({ code: 'full', message: `write ${name}: no space left on device` })
        for (const byte of added) bytes.push(byte)
        return ok(undefined)
      },
      sync: () => ok(undefined),
      close: () => undefined,
    }
    return ok(file)
  }
  sync() {
    return ok(undefined)
  }
  rename(from: string, to: string) {
    this.#files.set(to, this.#files.get(from) ?? [])
    this.#files.delete(from)
    return ok(undefined)
  }
  remove(name: string) {
    this.#files.delete(name)
    return ok(undefined)
  }
  syncFolder() {
    return ok(undefined)
  }
}

function onDisk(disk: Disk, options: Partial<typeof limits> = {}): Tsdb {
  const opened = Tsdb.open(disk, { ...limits, ...options })
  if (!opened.ok) throw new Error(opened.error.message)
  return opened.value
}

/** Appends through a handle that stays open. */
function writer(service: StoreService, name: string, handle: number) {
  let opened = [{ handle, names: ['__name__'], values: [name] }]
  return (timestampMs: number, value = 1) => {
    const batch = {
      opened,
      released: [],
      handles: Uint32Array.of(handle),
      timestampsMs: Float64Array.of(timestampMs),
      values: Float64Array.of(value),
    }
    opened = []
    return service.append(batch)
  }
}

/** What a reader in another thread is told by now. */
function sourceOf(store: FollowedSamples): SeriesSource {
  if (store instanceof Tsdb) return store
  const progress = readerProgress()
  const reader = new TsdbReader(noDisk, progress)
  const port = { progress, publish: reader.apply.bind(reader) }
  store.addReader(port)
  while (store.feedReaders());
  store.removeReader(port)
  return reader
}

/** The times of one series' samples. */
function timesOf(store: FollowedSamples, name: string): number[] {
  const source = sourceOf(store)
  const matcher = { name: '__name__', operator: '=' as const, value: name, matches: (value: string) => value === name }
  return source.select([matcher], -Infinity, Infinity).flatMap(({ timestampsMs }) => [...timestampsMs])
}

const stores: Record<string, (options?: Partial<typeof limits>) => FollowedSamples> = {
  'on disk': (options) => onDisk(new SmallDisk(), options),
  'in memory': (options) => new MemorySamples({ ...limits, ...options }),
}

describe.each(Object.keys(stores))('a store %s', (kind) => {
  const open = stores[kind] as (options?: Partial<typeof limits>) => FollowedSamples

  it('tells what became of each sample, and counts it', () => {
    const service = new StoreService(open({ seriesMax: 1 }))
    const write = writer(service, 'a', 0)
    expect(write(START_MS)).toEqual({ kept: 1, outOfOrder: 0, duplicates: 0, refused: 0 })
    expect(write(START_MS)).toMatchObject({ kept: 1 })
    expect(write(START_MS, 2)).toMatchObject({ duplicates: 1 })
    expect(write(START_MS - 300_001)).toMatchObject({ outOfOrder: 1 })
    expect(writer(service, 'b', 1)(START_MS)).toMatchObject({ refused: 1 })
    expect(service.stats()).toMatchObject({ samples: 2, series: 1, seriesRefused: 1, samplesOutOfOrder: 1, samplesDuplicate: 1 })
  })

  it('forgets what is older than it is to be kept, in virtual time', () => {
    const store = open()
    const service = new StoreService(store)
    const write = writer(service, 'a', 0)
    const endMs = START_MS + 6 * DAY_MS
    for (let nowMs = START_MS; nowMs <= endMs; nowMs += HOUR_MS / 4) {
      write(nowMs)
      for (let i = 0; i < 10; i++) service.maintain(nowMs)
    }
    const oldestMs = Math.min(...timesOf(store, 'a'))
    // On disk whole days go at once.
    expect(oldestMs).toBeGreaterThanOrEqual(endMs - 4 * DAY_MS - HOUR_MS)
    expect(oldestMs).toBeLessThanOrEqual(endMs - 3 * DAY_MS)
    expect(timesOf(store, 'a')).toHaveLength((endMs - oldestMs) / (HOUR_MS / 4) + 1)
  })

  it('makes a series anew that is still open when it was dropped', () => {
    const store = open()
    const service = new StoreService(store)
    const rare = writer(service, 'rare', 0)
    const often = writer(service, 'often', 1)
    rare(START_MS)
    for (let nowMs = START_MS; nowMs <= START_MS + 5 * DAY_MS; nowMs += HOUR_MS) {
      often(nowMs)
      for (let i = 0; i < 10; i++) service.maintain(nowMs)
    }
    expect(service.stats().series).toBe(1)
    expect(rare(START_MS + 5 * DAY_MS)).toEqual({ kept: 1, outOfOrder: 0, duplicates: 0, refused: 0 })
    expect(timesOf(store, 'rare')).toEqual([START_MS + 5 * DAY_MS])
  })

  it('takes refused series in once there is room', () => {
    const store = open({ seriesMax: 1 })
    const service = new StoreService(store)
    writer(service, 'old', 0)(START_MS)
    const late = writer(service, 'late', 1)
    expect(late(START_MS)).toMatchObject({ refused: 1 })
    for (let i = 0; i < 10; i++) service.maintain(START_MS + 5 * DAY_MS)
    expect(late(START_MS + 5 * DAY_MS)).toMatchObject({ kept: 1 })
    expect(service.stats().seriesRefused).toBe(1)
  })

  it('answers queries from what it was given', () => {
    const store = open()
    writer(new StoreService(store), 'a', 0)(START_MS, 7)
    const answer = new QueryService(sourceOf(store)).answer({ kind: 'instant', query: 'a + 1', timeMs: START_MS }, () => false)
    expect(answer.ok && JSON.parse(new TextDecoder().decode(answer.value.data))).toMatchObject({ result: [{ value: [START_MS / 1000, '8'] }] })
  })
})

it('a store in memory drops the oldest beyond its bytes', () => {
  const bytesMax = 4_000_000
  const store = new MemorySamples({ ...limits, bytesMax })
  const service = new StoreService(store)
  const write = writer(service, 'a', 0)
  for (let i = 0; i < 600_000; i++) {
    write(START_MS + i, Math.sin(i))
    if (i % 1000 === 0) service.maintain(START_MS)
  }
  const times = timesOf(store, 'a')
  expect(times.length).toBeGreaterThan(50_000)
  expect(times.length).toBeLessThan(400_000)
  expect(times.at(-1)).toBe(START_MS + 599_999)
})

it('a full disk leaves the store in memory, says so once, and is over once there is room', () => {
  const disk = new SmallDisk()
  const store = onDisk(disk)
  const service = new StoreService(store)
  const lines: [LogLevel, string][] = []
  const alarms = new StoreAlarms('data', (level, message) => lines.push([level, message]))
  const write = writer(service, 'a', 0)
  const second = (i: number) => {
    write(START_MS + i * 1_000)
    service.maintain(START_MS + i * 1_000)
    const state = service.stats().disk
    if (state === undefined) throw new Error('a store on disk has a state')
    alarms.observed(state)
    return state
  }
  expect(second(0)).toMatchObject({ state: 'ok', syncedMs: START_MS, failures: 0 })
  disk.isFull = true
  for (let i = 1; i < 20; i++) expect(second(i)).toMatchObject({ state: 'memory-only', syncedMs: START_MS })
  expect(timesOf(store, 'a')).toHaveLength(20)
  expect(storeProblem(service.stats().disk)).toMatch(/^The monitor's disk takes no samples; .* no space left on device\.$/)
  disk.isFull = false
  for (let i = 20; i < 60; i++) second(i)
  expect(storeProblem(service.stats().disk)).toBeUndefined()
  expect(second(60)).toMatchObject({ state: 'ok', syncedMs: START_MS + 60_000 })
  expect(lines).toEqual([
    ['error', expect.stringMatching(/^the disk takes no samples: they are kept in memory .*: write \S+: no space left on device$/)],
    ['info', 'the disk takes samples again; those in memory are written'],
  ])
  expect(service.close().ok).toBe(true)
  expect(timesOf(onDisk(disk), 'a')).toHaveLength(61)
})

it('alarms name damage, lost series and chunks that cannot be read', () => {
  const lines: string[] = []
  const alarms = new StoreAlarms('data', (_level, message) => lines.push(message))
  const good = { state: 'ok', error: '', failures: 0, bytes: 1, syncedMs: 1, damage: [], orphans: 0, damagedChunks: 0 } as const
  alarms.opened({ ...good, damage: Array.from({ length: 12 }, (_, i) => `f${i}: checksum at byte 9`), orphans: 3 })
  expect(lines).toHaveLength(12)
  expect(lines[0]).toBe('the store is damaged: what follows there is lost: f0: checksum at byte 9')
  expect(lines[10]).toBe('the store is damaged in 12 places')
  expect(lines[11]).toContain('nothing says of which series')
  expect([storeProblem(good), storeProblem(undefined)]).toEqual([undefined, undefined])
  expect(storeProblem({ ...good, orphans: 1 })).toContain('cannot be read')
  alarms.observed({ ...good, damagedChunks: 1 })
  alarms.observed({ ...good, damagedChunks: 1 })
  expect(lines.slice(12)).toEqual(['samples of blocks cannot be read and are left out of answers'])
})
