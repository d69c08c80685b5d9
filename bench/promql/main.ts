import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { dashboardPlans } from '@signalbox/dashboards'
import { difference, sizeOf } from './compare.ts'
import { cpuSeconds, fill, prometheusVersion, type Side, settled, startMonitor, startPrometheus } from './servers.ts'

// Queries beside Debian's Prometheus, in turn, over HTTP, on the same data: the quantile of a histogram over many targets, and the
// heaviest expressions of our dashboards. Answers are compared in the same run: the time of one that differs is void.

const root = join(import.meta.dirname, '..', '..')
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    store: { type: 'string', default: 'disk' },
    out: { type: 'string', default: join(root, 'bench/results/promql.json') },
  },
})
const rounds = Number(flags.rounds)
const kind = flags.store === 'memory' ? 'memory' : 'disk'
const size = flags.quick
  ? { hours: 1, targets: 400, manyTargets: 400, manyHours: 0.5, engines: 16, gateways: 2 }
  : { hours: 6, targets: 400, manyTargets: 4_000, manyHours: 1, engines: 16, gateways: 2 }

interface Question {
  readonly name: string
  readonly query: string
  /** 0: an instant query at the end of the data. */
  readonly rangeSeconds: number
}

const STEP_SECONDS = 15
const HEAVIEST = 20

/** Rounds that are not counted: a compiler learns from them what a monitor under a dashboard has long learnt. */
const WARM_UP_ROUNDS = 5

function quantileOver(name: string): string {
  return `histogram_quantile(0.99, sum by (le) (rate(${name}[5m])))`
}

const quantiles: readonly Question[] = [
  { name: `10k series, ${size.hours} h at 15 s`, query: quantileOver('x_bucket'), rangeSeconds: size.hours * 3_600 },
  { name: '10k series, 1 h at 15 s', query: quantileOver('x_bucket'), rangeSeconds: 3_600 },
  { name: '10k series, instant', query: quantileOver('x_bucket'), rangeSeconds: 0 },
  {
    name: `${size.manyTargets / 40}k series, ${size.manyHours} h at 15 s`,
    query: quantileOver('many_bucket'),
    rangeSeconds: size.manyHours * 3_600,
  },
  { name: `${size.manyTargets / 40}k series, instant`, query: quantileOver('many_bucket'), rangeSeconds: 0 },
]

/** Every expression of the dashboards over the range that its dashboard opens with. */
function dashboardQuestions(): Question[] {
  const byQuery = new Map<string, Question>()
  for (const plan of dashboardPlans) {
    const { uid, rangeSeconds, rows } = plan.build({ dialects: ['vllm', 'llm-d-epp', 'signalbox'], model: '', window: '1m' })
    for (const { id, queries } of rows.flatMap(({ panels }) => panels)) {
      for (const { expr } of queries) byQuery.set(expr, { name: `${uid}/${id}`, query: expr, rangeSeconds })
    }
  }
  return [...byQuery.values()]
}

interface Asked {
  readonly ms: number
  readonly cpuMs: number
  readonly answer: string
}

async function ask(side: Side, { query, rangeSeconds }: Question): Promise<Asked> {
  const time: Record<string, string> =
    rangeSeconds === 0
      ? { time: String(endSeconds) }
      : { start: String(endSeconds - rangeSeconds), end: String(endSeconds), step: String(STEP_SECONDS) }
  const path = `${rangeSeconds === 0 ? 'query' : 'query_range'}?${new URLSearchParams({ query, ...time }).toString()}`
  const cpuBefore = cpuSeconds(side.pid)
  const began = performance.now()
  // Neither side is to spend its time on compression.
  const reply = await fetch(`${side.url}/api/v1/${path}`, { headers: { 'accept-encoding': 'identity' } })
  const answer = await reply.text()
  return { ms: performance.now() - began, cpuMs: (cpuSeconds(side.pid) - cpuBefore) * 1000, answer }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

interface Measured {
  readonly name: string
  readonly query: string
  readonly series: number
  readonly points: number
  readonly ms: number
  readonly prometheusMs: number
  /** Median of the rounds' ratios. */
  readonly timesFaster: number
  /** Of CPU time over all rounds, all threads. */
  readonly timesLessCpu: number
  /** What the answers differ in: then the numbers are void. */
  readonly difference: string | undefined
}

async function measure(ours: Side, theirs: Side, question: Question): Promise<Measured> {
  const warm = { ours: await ask(ours, question), theirs: await ask(theirs, question) }
  for (let round = 1; round < WARM_UP_ROUNDS; round++) {
    await ask(ours, question)
    await ask(theirs, question)
  }
  const pairs: { ours: Asked; theirs: Asked }[] = []
  for (let round = 0; round < rounds; round++) pairs.push({ ours: await ask(ours, question), theirs: await ask(theirs, question) })
  const sum = (pick: (pair: (typeof pairs)[number]) => number): number => pairs.reduce((total, pair) => total + pick(pair), 0)
  const measured: Measured = {
    name: question.name,
    query: question.query,
    ...sizeOf(warm.ours.answer),
    ms: median(pairs.map((pair) => pair.ours.ms)),
    prometheusMs: median(pairs.map((pair) => pair.theirs.ms)),
    timesFaster: median(pairs.map((pair) => pair.theirs.ms / pair.ours.ms)),
    timesLessCpu: sum((pair) => pair.theirs.cpuMs) / sum((pair) => pair.ours.cpuMs),
    difference: difference(warm.ours.answer, warm.theirs.answer),
  }
  console.log(
    `${measured.name}: ${measured.ms.toFixed(1)} ms, Prometheus ${measured.prometheusMs.toFixed(1)}, ${measured.timesFaster.toFixed(1)} times faster${measured.difference === undefined ? '' : ` VOID: ${measured.difference}`}`,
  )
  return measured
}

/** Of all expressions of the dashboards those on which Prometheus spends most, and how many differ in their answer. */
async function heaviest(ours: Side, theirs: Side): Promise<{ asked: number; differing: string[]; heaviest: Question[] }> {
  const all = dashboardQuestions()
  const timed: { question: Question; ms: number }[] = []
  const differing: string[] = []
  for (const question of all) {
    const mine = await ask(ours, question)
    const times: Asked[] = []
    for (let i = 0; i < WARM_UP_ROUNDS; i++) times.push(await ask(theirs, question))
    const differs = difference(mine.answer, times[0]?.answer ?? '')
    if (differs !== undefined) differing.push(`${question.name}: ${question.query}: ${differs}`)
    // The least: one pause of a collector must not make a light expression a heavy one.
    timed.push({ question, ms: Math.min(...times.map(({ ms }) => ms)) })
  }
  timed.sort((a, b) => b.ms - a.ms)
  return { asked: all.length, differing, heaviest: timed.slice(0, HEAVIEST).map(({ question }) => question) }
}

const version = prometheusVersion()
if (version === undefined) {
  console.error('There is no prometheus on the path: install the package of that name (Debian, Ubuntu).')
  process.exit(2)
}
const beganMs = performance.now()
const endMs = Math.floor(Date.now() / 60_000) * 60_000
const endSeconds = endMs / 1000 - 30
const theirs = await startPrometheus()
try {
  const filled = await fill(theirs, size, endMs)
  const filledS = (performance.now() - beganMs) / 1000
  const ours = await startMonitor(root, kind)
  try {
    await fill(ours, size, endMs)
    const secondsOfBoth = (performance.now() - beganMs) / 1000
    console.log(
      `${filled.samples} samples of ${filled.series} series: Prometheus took them in ${filledS.toFixed(0)} s, we in ${(secondsOfBoth - filledS).toFixed(0)}`,
    )
    await settled(theirs)
    await settled(ours)
    const quantile: Measured[] = []
    for (const question of quantiles) quantile.push(await measure(ours, theirs, question))
    const chosen = await heaviest(ours, theirs)
    for (const text of chosen.differing) console.log(`DIFFERS ${text}`)
    const dashboards: Measured[] = []
    for (const question of chosen.heaviest) dashboards.push(await measure(ours, theirs, question))
    const report = {
      benchmark: 'promql',
      command: `npm run bench -- promql --rounds ${rounds}${flags.quick ? ' --quick' : ''}${kind === 'memory' ? ' --store memory' : ''}`,
      date: new Date().toISOString().slice(0, 10),
      commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
      node: process.version,
      machine: `${cpus().length} x ${cpus()[0]?.model}`,
      prometheus: version,
      store: kind,
      data: { ...size, ...filled, intervalSeconds: 15 },
      unit: 'ms from request to whole answer over HTTP, medians of the rounds, in turn, after five that are not counted',
      quantile: { target: 5, queries: quantile },
      dashboards: {
        target: 3,
        expressions: chosen.asked,
        differing: chosen.differing,
        medianTimesFaster: median(dashboards.map(({ timesFaster }) => timesFaster)),
        leastTimesFaster: Math.min(...dashboards.map(({ timesFaster }) => timesFaster)),
        heaviest: dashboards,
      },
    }
    mkdirSync(dirname(flags.out), { recursive: true })
    writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`)
    const { medianTimesFaster, leastTimesFaster } = report.dashboards
    console.log(`dashboards: ${medianTimesFaster.toFixed(1)} times faster (median of ${dashboards.length}), at least ${leastTimesFaster.toFixed(1)}`)
    console.log(`${((performance.now() - beganMs) / 1000).toFixed(0)} s in all`)
  } finally {
    await ours.stop()
  }
} finally {
  await theirs.stop()
}
