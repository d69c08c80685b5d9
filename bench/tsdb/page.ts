import { Labels } from '@signalbox/base'
import { decodePage } from '@signalbox/exposition'
import { BatchAppender } from '../../packages/monitor/src/batch-appender.ts'
import { ExemplarStore } from '../../packages/monitor/src/exemplar-store.ts'
import { MemorySamples } from '../../packages/monitor/src/memory-samples.ts'
import type { Store } from '../../packages/monitor/src/ports.ts'
import { readPage } from '../../packages/monitor/src/scraped-page.ts'
import { StoreService } from '../../packages/monitor/src/store-service.ts'
import { TargetSeries } from '../../packages/monitor/src/target-series.ts'
import { cpuSecondsOf } from './fleet.ts'

/** A page of `series` samples, a multiple of 25, as an engine writes it: histograms of 23 bounds. Every value is another at each `scrape`. */
function pageAt(scrape: number, series: number): Uint8Array {
  const lines: string[] = []
  for (let metric = 0; metric < series / 25; metric++) {
    const family = `vllm:family_${Math.floor(metric / 4)}_seconds`
    if (metric % 4 === 0) lines.push(`# HELP ${family} Histogram of something in seconds.`, `# TYPE ${family} histogram`)
    const labels = `engine="0",model_name="meta-llama/Llama-3.1-${metric % 4}B-Instruct"`
    for (let bucket = 1; bucket <= 23; bucket++) {
      const le = bucket === 23 ? '+Inf' : String(bucket / 8)
      lines.push(`${family}_bucket{${labels},le="${le}"} ${(bucket * (37 + scrape)).toFixed(1)}`)
    }
    lines.push(`${family}_count{${labels}} ${(23 * (37 + scrape)).toFixed(1)}`, `${family}_sum{${labels}} ${scrape * 7.25}`)
  }
  return new TextEncoder().encode(`${lines.join('\n')}\n`)
}

/** Pages that are asked for again and again, so that making them costs nothing while something else is measured. */
export function pages(series: number): readonly Uint8Array[] {
  return Array.from({ length: 20 }, (_, scrape) => pageAt(scrape, series))
}

const WARM_UP = 60

/** The monitor's limit of a page. */
const SAMPLES_MAX = 50_000

/** CPU milliseconds of each call, after some that let the code be compiled. */
function msOfEach(calls: number, work: (call: number) => void): number[] {
  for (let call = 0; call < WARM_UP; call++) work(call)
  return Array.from({ length: calls }, (_, i) => cpuSecondsOf(() => work(WARM_UP + i)) * 1000)
}

/** What decoding alone takes: CPU milliseconds of each of `calls`. */
export function decodeMs(all: readonly Uint8Array[], calls: number): number[] {
  let sum = 0
  const ms = msOfEach(calls, (call) => decodePage(all[call % all.length] as Uint8Array, { sample: (_, value) => (sum += value) }))
  if (!Number.isFinite(sum)) throw new Error('a value was not read')
  return ms
}

/** A scrape a second through the monitor's own path, in one thread: page, series of the target, batch, store. CPU milliseconds of each of `calls`. */
export function appendMs(all: readonly Uint8Array[], calls: number): number[] {
  const samples = new MemorySamples({ seriesMax: 200_000, retentionMs: 120_000, bytesMax: 1e9, outOfOrderMs: 0 })
  const service = new StoreService(samples)
  const appender = new BatchAppender({
    send: (batch) => {
      service.append(batch)
      return true
    },
    sendCounted: () => Promise.reject(new Error('a scrape does not ask for counts')),
  })
  const store: Pick<Store, 'epoch' | 'appender'> = { epoch: 1, appender }
  const kept = { store: store as Store, exemplars: new ExemplarStore() }
  const target = new TargetSeries(kept, Labels.from({ instance: '127.0.0.1:8000', job: 'bench' }), SAMPLES_MAX)
  return msOfEach(calls, (call) => {
    const timestampMs = 1_700_000_000_000 + call * 1_000
    const page = readPage({ body: all[call % all.length] as Uint8Array, contentType: 'text/plain' }, target.table, SAMPLES_MAX)
    if (!page.ok) throw new Error(page.error.message)
    const stored = target.scraped(page.value, timestampMs, { durationSeconds: 0.01, samples: page.value.series.length })
    if (!stored.ok) throw new Error(stored.error.message)
    samples.maintain(timestampMs)
  })
}
