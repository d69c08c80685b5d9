import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ALL_DIALECTS, Ours } from './ours.ts'
import { pagePair, seriesOf } from './pages.ts'
import { Theirs } from './theirs.ts'
import { drawTraffic } from './traffic.ts'

// What metrics cost, beside prom-client, in turn, in one process: recording one request's full set of observations, and
// rendering a page of 5,000 series.

const root = join(import.meta.dirname, '..', '..')
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    requests: { type: 'string', default: '50000' },
    pages: { type: 'string', default: '100' },
    out: { type: 'string', default: join(root, 'bench/results/metrics.json') },
  },
})
const rounds = Number(flags.rounds)
const requests = Number(flags.requests)
const pages = Number(flags.pages)

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** The CPU time of this process that `work` took, in seconds: its own collector's included, other processes' turns not. */
async function cpuSecondsOf(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const traffic = drawTraffic(1_000)
const two = new Ours(['llm-d-epp', 'signalbox'], false)
const all = new Ours(ALL_DIALECTS, true)
const theirs = new Theirs()
const recorders = { two, all, theirs } as const

const recordNs = async (recorder: keyof typeof recorders): Promise<number> => {
  const { record } = recorders[recorder]
  const seconds = await cpuSecondsOf(() => {
    for (let i = 0; i < requests; i++) record(traffic[i % traffic.length] as (typeof traffic)[number])
  })
  return (seconds * 1e9) / requests
}

// A round that is not counted lets all code be compiled.
for (const name of ['two', 'all', 'theirs'] as const) await recordNs(name)
const recordRounds: { two: number; all: number; theirs: number }[] = []
for (let round = 0; round < rounds; round++) {
  const ns = { two: await recordNs('two'), all: await recordNs('all'), theirs: await recordNs('theirs') }
  recordRounds.push(ns)
  console.log(
    `record ${round + 1}/${rounds}: prom-client, one dialect ${ns.theirs.toFixed(0)} ns a request; two dialects ${ns.two.toFixed(0)}, all ${ns.all.toFixed(0)}`,
  )
}

const pair = pagePair(5_000)
const renderRounds: { changed: [number, number]; unchanged: [number, number] }[] = []
const renderMs = async (render: () => Uint8Array | Promise<Uint8Array>, touch: () => void): Promise<number> => {
  let seconds = 0
  for (let i = 0; i < pages; i++) {
    touch()
    seconds += await cpuSecondsOf(async () => {
      if ((await render()).length === 0) throw new Error('the page is empty')
    })
  }
  return (seconds * 1000) / pages
}
const leave = (): void => {}
for (const round of Array.from({ length: rounds + 1 }, (_, i) => i)) {
  const changed: [number, number] = [await renderMs(pair.ours, pair.touch), await renderMs(pair.theirs, pair.touch)]
  const unchanged: [number, number] = [await renderMs(pair.ours, leave), await renderMs(pair.theirs, leave)]
  if (round === 0) continue
  renderRounds.push({ changed, unchanged })
  console.log(
    `render ${round}/${rounds}: prom-client ${changed[1].toFixed(2)} ms a page, ours ${changed[0].toFixed(2)}; nothing recorded between pages: ${unchanged[1].toFixed(2)}, ${unchanged[0].toFixed(2)}`,
  )
}

const ratio = (pick: (round: (typeof recordRounds)[number]) => number): number => median(recordRounds.map(pick))
const count = (page: Uint8Array): number => seriesOf(page)
const report = {
  benchmark: 'metrics',
  command: `npm run bench -- metrics --rounds ${rounds} --requests ${requests} --pages ${pages}`,
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model}`,
  record: {
    unit: 'ns of CPU time a request',
    labels: '5 models x 2 priorities x 10 tenants; no tenant on histograms',
    twoDialects: {
      ns: median(recordRounds.map((round) => round.two)),
      timesCheaper: ratio((round) => round.theirs / round.two),
      target: 5,
      series: count(Buffer.from(two.registry.render('text'))),
    },
    allDialects: {
      ns: median(recordRounds.map((round) => round.all)),
      timesCheaper: ratio((round) => round.theirs / round.all),
      series: count(Buffer.from(all.registry.render('text'))),
      dialects: ALL_DIALECTS,
    },
    promClientOneDialect: { ns: median(recordRounds.map((round) => round.theirs)), series: count(Buffer.from(await theirs.registry.metrics())) },
    rounds: recordRounds,
  },
  render: {
    unit: 'ms of CPU time a page, as bytes',
    series: [count(pair.ours()), count(await pair.theirs())],
    everySeriesChanged: {
      ms: median(renderRounds.map(({ changed }) => changed[0])),
      promClientMs: median(renderRounds.map(({ changed }) => changed[1])),
      timesCheaper: median(renderRounds.map(({ changed: [mine, other] }) => other / mine)),
      target: 4,
    },
    nothingChanged: {
      ms: median(renderRounds.map(({ unchanged }) => unchanged[0])),
      promClientMs: median(renderRounds.map(({ unchanged }) => unchanged[1])),
      timesCheaper: median(renderRounds.map(({ unchanged: [mine, other] }) => other / mine)),
    },
    rounds: renderRounds,
  },
}
mkdirSync(dirname(flags.out), { recursive: true })
writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`)
const shown = { ...report, record: { ...report.record, rounds: undefined }, render: { ...report.render, rounds: undefined } }
console.log(JSON.stringify(shown, null, 2))
