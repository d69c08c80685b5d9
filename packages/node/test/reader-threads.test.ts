import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { Labels, seededRandom } from '@signalbox/base'
import { readerProgress, Tsdb } from '@signalbox/tsdb'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FolderDisk } from '../src/folder-disk.ts'
import type { CheckingReaderData, CheckingReaderReport } from './checking-reader.ts'

const SERIES = 40
const STEP_MS = 30_000
const SCRAPES = 7_000
/** The writer waits for a reader that is further behind than this. */
const BEHIND_MAX = 1_500

let work: string

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'signalbox-readers-'))
  await build({
    entryPoints: [fileURLToPath(new URL('./checking-reader.ts', import.meta.url))],
    outfile: join(work, 'checking-reader.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['signalbox-source'],
    logLevel: 'silent',
  })
})

afterAll(() => rmSync(work, { recursive: true, force: true }))

function startReader(store: Tsdb, folder: string, seed: number, stop: Int32Array) {
  const { port1, port2 } = new MessageChannel()
  const progress = readerProgress()
  const workerData: CheckingReaderData = { folder, feed: port1, progress, stop, seed, series: SERIES, stepMs: STEP_MS }
  const worker = new Worker(pathToFileURL(join(work, 'checking-reader.mjs')), { workerData, transferList: [port1] })
  store.addReader({ progress, publish: (message) => port2.postMessage(message) })
  while (store.feedReaders());
  const report = new Promise<CheckingReaderReport>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { progress, report, close: () => port2.close() }
}

/** Appends scrape `n` and, late, what `late` missed at the one before; series of their own come and go all the time. */
function scrape(store: Tsdb, n: number): void {
  const refs = Array.from({ length: SERIES }, (_, i) => store.seriesRef(Labels.from({ __name__: 'scrape', series: String(i) })) as number)
  const late = store.seriesRef(Labels.from({ __name__: 'late' })) as number
  const passing = store.seriesRef(Labels.from({ __name__: 'passing', life: String(Math.floor(n / 50)) })) as number
  const columns = {
    refs: [...refs, passing, late, ...(n > 0 ? [late] : [])],
    timestampsMs: new Float64Array(SERIES + 3).fill(n * STEP_MS),
    values: new Float64Array(SERIES + 3).fill(n),
  }
  // Before it, `late` has a sample a moment after the time of scrape n, so that every sample of a whole step comes late.
  columns.timestampsMs[SERIES + 1] = n * STEP_MS + 1
  columns.timestampsMs[SERIES + 2] = (n - 1) * STEP_MS
  columns.values[SERIES + 2] = n - 1
  const outcome = store.appendScrape({ ...columns, length: columns.refs.length })
  if (outcome.kept !== columns.refs.length) throw new Error(`scrape ${n}: ${outcome.kept} of ${columns.refs.length} samples kept`)
}

it.each([1, 2, 3])('two threads read whole scrapes while a third writes, cuts blocks, merges and drops them (seed %i)', async (seed) => {
  const folder = join(work, String(seed))
  const disk = FolderDisk.open(folder)
  if (!disk.ok) throw new Error(disk.error.message)
  const opened = Tsdb.open(disk.value, { retentionMs: (3 * 86_400_000) / 2 })
  if (!opened.ok) throw new Error(opened.error.message)
  const store = opened.value
  const random = seededRandom(seed)
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const readers = [startReader(store, folder, 10 * seed, stop), startReader(store, folder, 10 * seed + 1, stop)]
  let published = 0
  for (let n = 0; n < SCRAPES; n++) {
    scrape(store, n)
    store.publish(n)
    published += 1
    if (random.next() < 0.2) {
      store.maintain(n * STEP_MS)
      store.publish(n)
      published += 1
    }
    for (const { progress } of readers) while (published - Atomics.load(progress, 0) > 2 * BEHIND_MAX) Atomics.wait(progress, 1, 0, 1)
  }
  Atomics.store(stop, 0, 1)
  for (const reader of readers) {
    const report = await reader.report
    expect(report).toMatchObject({ wrong: '', mark: SCRAPES - 1 })
    expect(report.selects).toBeGreaterThan(100)
    reader.close()
  }
  expect(store.stats()).toMatchObject({ disk: 'ok', damagedChunks: 0 })
  expect(store.stats().blocks).toBeGreaterThan(0)
  store.close()
  disk.value.close()
})
