import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { FolderDisk } from '@signalbox/node'
import { Tsdb } from '@signalbox/tsdb'
import { prometheusVersion } from '../promql/servers.ts'
import { Fleet, type Speeds } from './fleet.ts'
import { appendMs, decodeMs, pages } from './page.ts'
import { prometheusScrapeMs } from './scraping.ts'

// What samples cost: a scraped page beside Debian's Prometheus, bytes of a series and of a sample in memory, the share of a core that
// many series take, and how long a store of them takes to start again.

const root = join(import.meta.dirname, '..', '..')
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'bench/results/tsdb.json') },
  },
})
const size = flags.quick
  ? { pageSeries: 5_000, calls: 200, scrapeSeconds: 10, targets: 20, scrapes: 130 }
  : { pageSeries: 5_000, calls: 600, scrapeSeconds: 30, targets: 100, scrapes: 480 }
const INTERVAL_SECONDS = 15

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function opened(folder: string): Tsdb {
  const disk = FolderDisk.open(folder)
  if (!disk.ok) throw new Error(disk.error.message)
  const store = Tsdb.open(disk.value)
  if (!store.ok) throw new Error(store.error.message)
  return store.value
}

/** A store on disk under a fleet: bytes, CPU time of its scrapes, and the time to open its folder again as after a kill. */
function fleetCosts(targets: number, speeds: Speeds) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  try {
    const store = opened(folder)
    const fleet = new Fleet(store, targets, speeds)
    const seconds = [fleet.scrape()]
    // With its first sample a series takes the room of its open chunk.
    const { bytes: openBytes, series } = store.stats()
    for (let scrape = 1; scrape < size.scrapes; scrape++) seconds.push(fleet.scrape())
    const { bytes, samples, disk } = store.stats()
    if (disk !== 'ok') throw new Error('the disk took not everything')
    const restartMs = Array.from({ length: 3 }, () => {
      const began = performance.now()
      const again = opened(folder)
      const ms = performance.now() - began
      if (again.stats().samples !== samples) throw new Error('the store came back with other samples')
      return ms
    })
    return {
      series,
      samples,
      bytesASeries: openBytes / series,
      bytesASample: (bytes - openBytes) / (samples - series),
      coreShare: mean(seconds) / INTERVAL_SECONDS,
      scrapeOfAllMs: { median: median(seconds) * 1000, mean: mean(seconds) * 1000 },
      restartSeconds: median(restartMs) / 1000,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const all = pages(size.pageSeries)
const bytes = (all[0] as Uint8Array).length
const decode = decodeMs(all, size.calls)
const append = appendMs(all, size.calls)
console.log(`a page of ${size.pageSeries}: decoded in ${mean(decode).toFixed(2)} ms, decoded and appended in ${mean(append).toFixed(2)} ms of CPU`)
const version = prometheusVersion()
const theirs =
  version === undefined
    ? 'not installed'
    : {
        version,
        pageMs: await prometheusScrapeMs(size.pageSeries, size.scrapeSeconds),
        smallPageMs: await prometheusScrapeMs(25, size.scrapeSeconds),
      }
if (typeof theirs === 'object') console.log(`Prometheus: ${theirs.pageMs.toFixed(2)} ms, ${theirs.smallPageMs.toFixed(2)} for a page of 25`)
const mixed = fleetCosts(size.targets, [1, 3, 40])
console.log(
  `${mixed.series} series: ${mixed.bytesASeries.toFixed(0)} bytes each, ${mixed.bytesASample.toFixed(2)} a sample, ${(mixed.coreShare * 100).toFixed(2)} % of a core, restart ${mixed.restartSeconds.toFixed(2)} s`,
)
const fast = fleetCosts(size.targets, [40, 40, 40])
console.log(`fast counters: ${fast.bytesASample.toFixed(2)} bytes a sample, restart ${fast.restartSeconds.toFixed(2)} s`)

const report = {
  benchmark: 'tsdb',
  command: `npm run bench -- tsdb${flags.quick ? ' --quick' : ''}`,
  date: new Date().toISOString().slice(0, 10),
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model}`,
  page: {
    unit: 'ms of CPU time a page; of Prometheus that of its process, of which a page of 25 series takes smallPageMs',
    series: size.pageSeries,
    bytes,
    decodeMs: { mean: mean(decode), median: median(decode), least: Math.min(...decode) },
    megabytesASecond: bytes / median(decode) / 1e3,
    megabytesASecondTarget: 200,
    decodeAndAppendMs: { mean: mean(append), median: median(append), least: Math.min(...append) },
    prometheus: theirs,
    // Means on both sides: what collecting garbage takes counts in both.
    timesLessCpu: typeof theirs === 'object' ? (theirs.pageMs - theirs.smallPageMs) / mean(append) : null,
  },
  memory: {
    bytesASeries: mixed.bytesASeries,
    bytesASeriesTarget: 1_300,
    bytesASampleOfFastCounters: fast.bytesASample,
    bytesASampleMixed: mixed.bytesASample,
    bytesASampleTarget: 1.2,
  },
  ingest: {
    series: mixed.series,
    intervalSeconds: INTERVAL_SECONDS,
    coreShare: mixed.coreShare,
    coreShareTarget: 0.05,
    scrapeOfAllMs: mixed.scrapeOfAllMs,
  },
  restart: {
    hours: (size.scrapes * INTERVAL_SECONDS) / 3_600,
    seconds: { mixed: mixed.restartSeconds, fastCounters: fast.restartSeconds },
    secondsTarget: 5,
  },
}
mkdirSync(dirname(flags.out), { recursive: true })
writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`)
console.log(JSON.stringify(report, null, 2))
