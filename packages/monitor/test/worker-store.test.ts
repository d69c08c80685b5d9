import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, type Result } from '@signalbox/base'
import { systemClock } from '@signalbox/node'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { StoreAnswer, StoreError, StoreQuery } from '../src/ports.ts'
import { WorkerStore } from '../src/worker-store.ts'
import { eventually } from './deadline.ts'
import { bundleWorker, DEADLY_QUERY, DEADLY_SERIES, ENDLESS_QUERY, memoryStore, type WorkerBundle } from './worker-bundle.ts'

const T0 = 1_700_000_000_000
const LONG_MS = 60_000

let bundle: WorkerBundle
let store: WorkerStore
let log: string[]
let folder: string

beforeAll(async () => {
  bundle = await bundleWorker()
  folder = await mkdtemp(join(tmpdir(), 'signalbox-worker-store-'))
})

afterAll(async () => {
  await bundle.remove()
  await rm(folder, { recursive: true, force: true })
})

afterEach(() => store.close())

async function open(options: { folder?: string; workerUrl?: URL; queryThreads?: number } = {}): Promise<WorkerStore> {
  log = []
  store = new WorkerStore(
    { store: { ...memoryStore, folder: options.folder }, workerUrl: options.workerUrl ?? bundle.url, queryThreads: options.queryThreads ?? 1 },
    { clock: systemClock, log: (_level, message) => log.push(message) },
  )
  expect(await store.opened()).toEqual({ ok: true, value: undefined })
  return store
}

function append(name: string, values: readonly number[]): boolean {
  const handle = store.appender.series(Labels.from({ __name__: name }))
  for (const [i, value] of values.entries()) store.appender.append(handle, T0 + i * 1_000, value)
  store.appender.release(handle)
  return store.appender.commit()
}

const instant = (query: string, atMs = T0 + 10_000): StoreQuery => ({ kind: 'instant', query, timeMs: atMs })
const ask = (query: StoreQuery, timeoutMs = LONG_MS) => store.query(query, { timeoutMs })

function valuesOf(result: Result<StoreAnswer, StoreError>): unknown {
  if (!result.ok) return result.error.code
  const data = JSON.parse(new TextDecoder().decode(result.value.data)) as { result: { value: [number, string] }[] }
  return data.result.map(({ value }) => value[1])
}

test('a query sees every batch that was committed before it', async () => {
  await open()
  expect(append('a', [1, 2, 3])).toBe(true)
  expect(valuesOf(await ask(instant('a')))).toEqual(['3'])
  expect(valuesOf(await ask(instant('sum_over_time(a[1m])')))).toEqual(['6'])
  await eventually('statistics', () => store.stats().series === 1 && store.stats().samples === 3)
})

test('a query that takes too long is answered in time, stops in the worker, and the next one is served', async () => {
  await open()
  for (let i = 0; i < 50; i++) append(`m${i}`, [1, 2, 3])
  const heavy: StoreQuery = {
    kind: 'range',
    query: 'sum(sum_over_time({__name__=~"m.*"}[1h:1s]) * on () group_left sum(sum_over_time({__name__=~"m.*"}[1h:1s])))',
    startMs: T0,
    endMs: T0 + 10_000_000,
    stepMs: 1_000,
  }
  expect(await ask(heavy, 1)).toEqual({ ok: false, error: { code: 'timeout', message: 'query timed out in expression evaluation' } })
  expect(valuesOf(await ask(instant('m7')))).toEqual(['3'])
})

test('a query whose client left is canceled', async () => {
  await open()
  const client = new AbortController()
  const asked = store.query(instant('a'), { timeoutMs: LONG_MS, signal: client.signal })
  client.abort()
  expect(valuesOf(await asked)).toBe('canceled')
})

test('a worker that dies is started again: queries fail at once, samples are refused, then a new epoch begins, empty in memory', async () => {
  await open({ workerUrl: bundle.mortalUrl })
  append('a', [1])
  expect(valuesOf(await ask(instant('a')))).toEqual(['1'])
  expect(store.epoch).toBe(1)

  append(DEADLY_SERIES, [1])
  expect(valuesOf(await ask(instant('a')))).toBe('unavailable')
  await eventually('the death', () => !store.up)
  expect(append('b', [1])).toBe(false)
  expect(valuesOf(await ask(instant('a')))).toBe('unavailable')

  await eventually('the next worker', () => store.up)
  expect(store.epoch).toBe(2)
  expect(valuesOf(await ask(instant('a')))).toEqual([])
  append('a', [5])
  expect(valuesOf(await ask(instant('a')))).toEqual(['5'])
  expect(log).toEqual([
    "the store's worker ended (exit code 7); its samples are lost and it is started again",
    'the store is up again; it begins empty',
  ])
})

test('a worker with a folder begins again with all that the one before had worked off, and so does the next process', async () => {
  await open({ folder, workerUrl: bundle.mortalUrl })
  append('kept', [1, 2, 3])
  expect(valuesOf(await ask(instant('kept')))).toEqual(['3'])
  append(DEADLY_SERIES, [1])
  await eventually('the next worker', () => store.epoch === 2)
  expect(valuesOf(await ask(instant('sum_over_time(kept[1m])')))).toEqual(['6'])
  append('more', [4])
  await store.close()
  expect(log).toEqual([
    'the store is open',
    "the store's worker ended (exit code 7); its samples are on disk and it is started again",
    'the store is open',
  ])

  await open({ folder })
  expect(valuesOf(await ask(instant('kept + on () more')))).toEqual(['7'])
  await eventually('the state of the disk', () => store.stats().disk?.syncedMs !== undefined)
  expect(store.stats().disk).toMatchObject({ state: 'ok', error: '', damage: [], orphans: 0 })
})

test('a folder that cannot be is said at once', async () => {
  log = []
  store = new WorkerStore({ store: { ...memoryStore, folder: '/dev/null/x' }, workerUrl: bundle.url }, { clock: systemClock, log: () => undefined })
  expect(await store.opened()).toMatchObject({ ok: false, error: expect.stringContaining('the store in /dev/null/x cannot be opened') })
})

test('a query that ends its thread fails alone: samples stay, and the next thread is told all of them', async () => {
  await open({ workerUrl: bundle.mortalUrl })
  append('a', [1, 2])
  expect(valuesOf(await ask(instant('a')))).toEqual(['2'])
  expect(valuesOf(await ask(instant(DEADLY_QUERY)))).toBe('unavailable')
  expect(store.up).toBe(true)
  expect(append('b', [3])).toBe(true)
  expect(valuesOf(await ask(instant('sum_over_time(a[1m]) + on () b')))).toEqual(['6'])
  expect(store.epoch).toBe(1)
  expect(log).toEqual(['a query thread ended (exit code 7); another takes its place'])
})

test('a query that hangs keeps neither samples nor other threads from going on, and its thread is replaced', async () => {
  await open({ workerUrl: bundle.mortalUrl, queryThreads: 2 })
  append('a', [1])
  expect(await ask(instant(ENDLESS_QUERY), 1_000)).toMatchObject({ ok: false, error: { code: 'timeout' } })
  append('b', [2])
  expect(valuesOf(await ask(instant('b')))).toEqual(['2'])
  await eventually('the count of samples', () => store.stats().samples === 2)
  await eventually('the next thread', () => log.length > 0)
  expect(log).toEqual(['a query thread ended (exit code 1); another takes its place'])
  expect(await Promise.all([ask(instant('a')), ask(instant('b'))]).then((answers) => answers.map(valuesOf))).toEqual([['1'], ['2']])
})

test('a closed store answers instead of hanging', async () => {
  await open()
  const asked = ask(instant('a'))
  await store.close()
  expect(['unavailable', 'ok']).toContain((await asked).ok ? 'ok' : 'unavailable')
  expect(valuesOf(await ask(instant('a')))).toBe('unavailable')
})
