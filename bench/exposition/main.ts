import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { checkPage, decodeNumberedPage, decodePage, parseSeries, SeriesTable } from '@signalbox/exposition'
import { Head } from '@signalbox/tsdb'

// What a scraped page of 5,000 series costs: read in each way, and read and appended, beside Debian's Prometheus where it is
// installed. Prometheus is measured from outside, as the CPU time of its process for each scrape of such a page, less that of
// scrapes of a page of 25 series: the fetch over loopback is in its figure and not in ours.

const root = join(import.meta.dirname, '..', '..')
const { values: flags } = parseArgs({
  options: {
    series: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '30' },
    out: { type: 'string', default: join(root, 'bench/results/exposition.json') },
  },
})
const series = Number(flags.series)
const rounds = Number(flags.rounds)
const seconds = Number(flags.seconds)

/** As an engine writes it, histograms of 23 buckets over four models; every value is another at another `scrape`. `size` in steps of 25. */
function pageAt(scrape: number, size = series): Uint8Array {
  const lines: string[] = []
  for (let metric = 0; metric < size / 25; metric++) {
    const family = `vllm:family_${Math.floor(metric / 4)}_seconds`
    if (metric % 4 === 0) lines.push(`# HELP ${family} Histogram of something in seconds.`, `# TYPE ${family} histogram`)
    const model = `model_name="meta-llama/Llama-3.1-${metric % 4}B-Instruct"`
    for (let bucket = 1; bucket <= 23; bucket++) {
      const le = bucket === 23 ? '+Inf' : (bucket / 8).toString()
      lines.push(`${family}_bucket{engine="0",le="${le}",${model}} ${bucket * 37 + scrape * bucket}.0`)
    }
    lines.push(`${family}_count{engine="0",${model}} ${23 * 37 + scrape * 23}.0`, `${family}_sum{engine="0",${model}} ${scrape * 7.25}`)
  }
  return new TextEncoder().encode(`${lines.join('\n')}\n`)
}

/** The least CPU time of one call over `rounds` rounds of ten, in ms: the machine's own business only adds. */
function leastMs(work: (call: number) => void): number {
  let call = 0
  for (; call < 60; call++) work(call)
  let least = Infinity
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < 10; i++) work(call++)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 10_000)
  }
  return least
}

const pages = Array.from({ length: 20 }, (_, scrape) => pageAt(scrape))
const pageOf = (call: number): Uint8Array => pages[call % pages.length] as Uint8Array
const bytes = pageOf(0).length
let sink = 0

const known = new Map<string, number>()
decodePage(pageOf(0), { sample: (text) => known.set(text, known.size) })
const table = new SeriesTable(4 * series)
const head = new Head({ seriesMax: series, retentionMs: 120_000 })
const refs: number[] = []
const appendTable = new SeriesTable(4 * series)

/** A scrape a second, as the monitor does it: read over a table, append what it knows by number. */
function readAndAppend(call: number): void {
  const timestampMs = 1_700_000_000_000 + call * 1_000
  decodeNumberedPage(pageOf(call), appendTable, {
    sample(number, value) {
      let ref = refs[number]
      if (ref === undefined) {
        const parsed = parseSeries(appendTable.text(number))
        if (!parsed.ok) throw new Error(parsed.error.message)
        ref = head.seriesRef(parsed.value.labels.with('__name__', parsed.value.name)) as number
        refs[number] = ref
      }
      if (head.append(ref, timestampMs, value) !== 'ok') throw new Error('the sample was not kept')
    },
  })
  appendTable.endPage()
  if (call % 60 === 0) head.truncate()
}

const ours = {
  decode: leastMs((call) => decodePage(pageOf(call), { sample: (_, value) => (sink += value) })),
  decodeAndLookUp: leastMs((call) => decodePage(pageOf(call), { sample: (text, value) => (sink += value + (known.get(text) ?? 0)) })),
  decodeNumbered: leastMs((call) => {
    decodeNumberedPage(pageOf(call), table, { sample: (number, value) => (sink += value + number) })
    table.endPage()
  }),
  nothingWanted: leastMs((call) => decodePage(pageOf(call), { wants: () => false, sample: (_, value) => (sink += value) })),
  checkStrictly: leastMs((call) => {
    if (!checkPage(pageOf(call), 'text').ok) throw new Error('the page is not sound')
  }),
  decodeAndAppend: leastMs(readAndAppend),
}
for (const [name, ms] of Object.entries(ours)) console.log(`${name}: ${ms.toFixed(2)} ms a page, ${(bytes / ms / 1e3).toFixed(0)} MB/s`)

/** User and system time of a process, in ms. SOURCE: proc(5), /proc/[pid]/stat, fields 14 and 15, in ticks of 10 ms. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** CPU time of Prometheus and the number of scrapes of a page of `size` series, over `seconds`. */
async function prometheusMs(size: number): Promise<number> {
  let scrapes = 0
  const server = createServer((_, response) => response.end(pageAt(scrapes++, size)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  const { port } = server.address() as AddressInfo
  const targets = `  - job_name: bench\n    static_configs: [{ targets: ['127.0.0.1:${port}'] }]\n`
  writeFileSync(join(folder, 'prometheus.yml'), `global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n${targets}`)
  const args = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`, '--web.listen-address=127.0.0.1:0']
  const child: ChildProcess = spawn('prometheus', args, { stdio: 'ignore' })
  try {
    // Its series are made in the first scrapes; what follows is what a known page costs.
    while (scrapes < 5) await sleep(100)
    const [firstMs, firstScrapes] = [cpuMsOf(child.pid as number), scrapes]
    await sleep(seconds * 1000)
    return (cpuMsOf(child.pid as number) - firstMs) / (scrapes - firstScrapes)
  } finally {
    child.kill()
    await once(child, 'exit')
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const version = spawnSync('prometheus', ['--version'], { encoding: 'utf8' })
let prometheus: object | string = 'not installed'
if (version.status === 0) {
  const full = await prometheusMs(series)
  const one = await prometheusMs(25)
  prometheus = {
    version: /version ([0-9.]+)/.exec(version.stdout + version.stderr)?.[1],
    fullPageMs: full,
    of25SeriesMs: one,
    decodeAndAppendMs: full - one,
  }
  console.log(`Prometheus: ${(full - one).toFixed(2)} ms a page (${full.toFixed(2)} with fetch and upkeep); ours ${ours.decodeAndAppend.toFixed(2)}`)
}

const report = {
  benchmark: 'exposition',
  command: `npm run bench -- exposition --series ${series} --rounds ${rounds} --seconds ${seconds}`,
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model}`,
  page: { series, bytes },
  unit: 'ms of CPU time a page',
  ours,
  megabytesASecond: bytes / ours.decode / 1e3,
  prometheus,
  consumed: Number.isFinite(sink),
}
mkdirSync(dirname(flags.out), { recursive: true })
writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`)
