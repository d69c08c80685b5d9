import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ExperimentReport, ReportLoad } from '@signalbox/replay'
import { scenarios } from './scenarios.ts'
import { markdownTable } from './tables.ts'

// How well policies route: each scenario is one `signalbox replay`, whose report is kept whole but for its help texts.

const root = join(import.meta.dirname, '..', '..')
const traces = join(root, '..', 'shared', 'traces')
const command = join(root, 'packages', 'signalbox', 'dist', 'signalbox.js')
const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seeds: { type: 'string', default: '5' },
    load: { type: 'string', default: '0.3,0.7,0.95' },
    /** Runs nothing: prints the results that are there as the tables of docs/routing.md. */
    tables: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'bench/results/policies.json') },
  },
})

interface ScenarioResult {
  readonly id: string
  readonly about: string
  readonly command: string
  readonly seconds: number
  readonly saturationPerSecond: number | null
  readonly facts: ExperimentReport['facts']
  readonly loads: readonly ReportLoad[]
}

const known = new Set(scenarios.map(({ id }) => id))
for (const id of flags.only ?? []) if (!known.has(id)) throw new Error(`--only ${id}: there are ${[...known].join(', ')}`)
const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
const results = new Map<string, ScenarioResult>()
if (existsSync(flags.out)) {
  const before = JSON.parse(readFileSync(flags.out, 'utf8')) as { scenarios: readonly ScenarioResult[] }
  for (const result of before.scenarios) if (known.has(result.id)) results.set(result.id, result)
}
if (flags.tables) {
  for (const { id, about, command: text, loads } of results.values()) console.log(`\n### ${id}: ${about}\n\n\`${text}\`\n\n${markdownTable(loads)}`)
}
for (const { id, about, trace, args } of flags.tables ? [] : scenarios) {
  if (flags.only !== undefined && !flags.only.includes(id)) continue
  const isShape = trace.startsWith('shape:')
  if (!isShape && !existsSync(join(traces, trace))) {
    console.log(`${id}: left out, ../shared/traces/${trace} is not there`)
    continue
  }
  const out = join(folder, `${id}.json`)
  const given = [isShape ? trace : join(traces, trace), ...args, '--load', flags.load, '--seeds', flags.seeds]
  console.log(`\n${id}: ${about}`)
  const began = performance.now()
  const { status } = spawnSync(process.execPath, [command, 'replay', ...given, '--json', out], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${id}: signalbox replay ended with ${status}`)
  const report = JSON.parse(readFileSync(out, 'utf8')) as ExperimentReport
  results.set(id, {
    id,
    about,
    command: ['signalbox replay', isShape ? trace : `../shared/traces/${trace}`, ...args, '--load', flags.load, '--seeds', flags.seeds].join(' '),
    seconds: Math.round((performance.now() - began) / 1000),
    saturationPerSecond: report.saturationPerSecond,
    facts: report.facts,
    loads: report.loads,
  })
  save()
}
rmSync(folder, { recursive: true, force: true })

/** After each scenario, so that a stop loses one at most. */
function save(): void {
  const document = {
    benchmark: 'policies',
    command: 'npm run bench -- policies',
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
    node: process.version,
    machine: `${cpus().length} x ${cpus()[0]?.model}`,
    scenarios: scenarios.flatMap(({ id }) => results.get(id) ?? []),
  }
  writeFileSync(flags.out, `${JSON.stringify(document, rounded, 1)}\n`)
}

/** Six digits are more than any interval here is narrow. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
}
