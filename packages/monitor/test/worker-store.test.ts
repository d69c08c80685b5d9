import { Labels, type Result } from '@signalbox/base'
import { systemClock } from '@signalbox/node'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { StoreAnswer, StoreError, StoreQuery } from '../src/ports.ts'
import { WorkerStore } from '../src/worker-store.ts'
import { eventually } from './deadline.ts'
import { bundleWorker, EXIT_AT_MS, type WorkerBundle } from './worker-bundle.ts'

const T0 = 1_700_000_000_000
const LONG_MS = 60_000

let bundle: WorkerBundle
let store: WorkerStore
let log: string[]

beforeAll(async () => {
  bundle = await bundleWorker()
})

afterAll(() => bundle.remove())

afterEach(() => store.close())

async function open(options: { seriesMax?: number; workerUrl?: URL } = {}): Promise<WorkerStore> {
  log = []
  store = new WorkerStore(
    { seriesMax: options.seriesMax ?? 100_000, retentionMs: 3_600_000, workerUrl: options.workerUrl ?? bundle.url },
    { clock: systemClock, log: (_level, message) => log.push(message) },
  )
  await eventually('the worker', () => store.up)
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

test('truncation forgets old samples, and the series that have none left', async () => {
  await open()
  append('a', [1, 2, 3])
  append(
    'b',
    Array.from({ length: 100 }, (_, i) => i),
  )
  store.truncate(T0 + 50_000)
  const names = await ask({ kind: 'label-values', name: '__name__', match: [], startMs: -Infinity, endMs: Infinity })
  expect(names.ok && new TextDecoder().decode(names.value.data)).toBe('["b"]')
})

test('new series beyond the limit are refused and counted, and get in once there is room', async () => {
  await open({ seriesMax: 1 })
  append('old', [1])
  const late = store.appender.series(Labels.from({ __name__: 'late' }))
  store.appender.append(late, T0 + 5_000, 1)
  store.appender.commit()
  expect(valuesOf(await ask(instant('late')))).toEqual([])
  await eventually('the count', () => {
    store.appender.commit()
    return store.stats().seriesRefused === 1
  })
  store.truncate(T0 + 2_000)
  store.appender.append(late, T0 + 6_000, 2)
  store.appender.commit()
  expect(valuesOf(await ask(instant('late')))).toEqual(['2'])
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

test('a worker that dies is started again: queries fail at once, samples are refused, then a new epoch begins empty', async () => {
  await open({ workerUrl: bundle.mortalUrl })
  append('a', [1])
  expect(valuesOf(await ask(instant('a')))).toEqual(['1'])
  expect(store.epoch).toBe(1)

  store.truncate(EXIT_AT_MS)
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

test('a closed store answers instead of hanging', async () => {
  await open()
  const asked = ask(instant('a'))
  await store.close()
  expect(['unavailable', 'ok']).toContain((await asked).ok ? 'ok' : 'unavailable')
  expect(valuesOf(await ask(instant('a')))).toBe('unavailable')
})
