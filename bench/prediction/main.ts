import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { profiles } from '@signalbox/engine'
import { loadTokenizer } from '@signalbox/tokenizers'
import { type Cause, causesOf } from './causes.ts'
import { arrivalOf, bodyStyles, type RecordedRequest, readConversations, sessionNumber, together, withTools } from './conversations.ts'
import { type Outcome, runFleet } from './fleet.ts'
import { plain, Shadow, type ShadowOptions } from './shadows.ts'
import { type ErrorReport, errorReport, mean, rounded } from './statistics.ts'

// Whether an index over the bytes of requests predicts what an engine has cached. Recorded conversations of agents go, as JSON, through the
// gateway's scanner, prefix hashes and scheduler, and, as tokens of gpt-oss in its chat format, into engines in virtual time.

const root = join(import.meta.dirname, '..', '..')
const { values: flags } = parseArgs({
  options: {
    traces: { type: 'string', default: join(root, '..', 'shared', 'traces', 'agents') },
    out: { type: 'string', default: join(root, 'bench/results/prediction.json') },
  },
})
if (!existsSync(flags.traces)) {
  console.error(`no recordings in ${flags.traces}; name their folder with --traces`)
  process.exit(2)
}

const tokenizer = await loadTokenizer('gpt-oss')
const recorded = readConversations(flags.traces)
const atOnce = together(recorded)
const bySession = [...recorded].sort((a, b) => a.session.localeCompare(b.session) || a.atMs - b.atMs)
const profile = profiles.get('8b-h100')
if (profile === undefined) throw new Error('no such profile')
const engineOptions = profile.options
const large = engineOptions.blocksTotal
/** 20,464 tokens: the longest of these prompts and its answer fit, three do not. */
const small = 1280
const seeds = [1, 2, 3, 4, 5]

/** Ways to predict beside the scheduler's own, each with one thing changed or with several. */
const ways: Readonly<Record<string, ShadowOptions>> = {
  'one ratio a model (before)': plain,
  'blocks of 128 bytes': { ...plain, blockBytes: 128 },
  'blocks of 64 bytes': { ...plain, blockBytes: 64 },
  'half of the last block': { ...plain, halfBlock: true },
  'scaled by what was delivered': { ...plain, feedback: true },
  'contents without JSON': { ...plain, text: 'contents' },
  'index as large as the cache': { ...plain, indexFactor: 1 },
  'template apart': { ...plain, frame: true },
  'answered prompts remembered': { ...plain, memory: true },
  'template, memory': { ...plain, frame: true, memory: true },
  'template, memory, half block': { ...plain, frame: true, memory: true, halfBlock: true },
  'the same, scaled by what was delivered': { ...plain, frame: true, memory: true, halfBlock: true, feedback: true },
  'the same, blocks of 128 bytes': { ...plain, frame: true, memory: true, halfBlock: true, blockBytes: 128 },
  'the same, contents without JSON': { ...plain, frame: true, memory: true, halfBlock: true, text: 'contents' },
  'the same, answers entered': { ...plain, frame: true, memory: true, halfBlock: true, text: 'contents', answers: true },
}

interface Scenario {
  readonly requests: readonly RecordedRequest[]
  readonly endpoints: number
  readonly blocks: number
  readonly style?: (request: RecordedRequest) => (typeof bodyStyles)[number]
  readonly ways?: Readonly<Record<string, ShadowOptions>>
  readonly timing?: 'recorded' | 'one-by-one'
  readonly seed?: number
}

function run({ requests, endpoints, blocks, style, ways: shadowed, timing, seed }: Scenario) {
  const arrivals = requests.map((request) => arrivalOf(request, style?.(request) ?? 'compact', tokenizer))
  const shadows = Object.entries(shadowed ?? { before: plain }).map(
    ([name, options]) => [name, new Shadow(options, requests, arrivals, { endpoints, capacityTokens: (blocks - 1) * 16 })] as const,
  )
  const real = runFleet(arrivals, {
    endpoints,
    engine: { ...engineOptions, blocksTotal: blocks },
    timing: timing ?? 'recorded',
    seed: seed ?? 1,
    witness: {
      dispatched: (...said) => {
        for (const [, shadow] of shadows) shadow.dispatched(...said)
      },
      ended: (...said) => {
        for (const [, shadow] of shadows) shadow.ended(...said)
      },
    },
  })
  return { arrivals, real, shadows: Object.fromEntries(shadows.map(([name, shadow]) => [name, shadow.outcomes(real)])) }
}

const beforeOf = (shadows: Readonly<Record<string, Outcome[]>>) => errorReport(Object.values(shadows)[0] ?? [])

type Figures = Omit<ErrorReport, 'calibration'>

function withoutCalibration(report: ErrorReport): Figures {
  return Object.fromEntries(Object.entries(report).filter(([name]) => name !== 'calibration')) as unknown as Figures
}

function line(name: string, report: Figures): void {
  const { tokens, relative, withinFivePercentRatio, within64TokensRatio, meanAbsoluteTokens, uncachedMeanAbsoluteTokens } = report
  const shown = [tokens.mean, tokens.p5, tokens.p50, tokens.p95, relative.mean, withinFivePercentRatio, within64TokensRatio, meanAbsoluteTokens]
  console.log(`${name.padEnd(44)} ${[...shown, uncachedMeanAbsoluteTokens].map((value) => String(value).padStart(8)).join('')}`)
}
console.log(`${''.padEnd(44)}     mean      p5     p50     p95    rel.    <5 %    <64t    |e|   |e(u)|`)

const singles: Record<string, Scenario> = {
  'as recorded, 1 endpoint': { requests: recorded, endpoints: 1, blocks: large },
  'session by session, 1 endpoint': { requests: bySession, endpoints: 1, blocks: large, timing: 'one-by-one' },
  'all at once, 1 endpoint': { requests: atOnce, endpoints: 1, blocks: large },
  'all at once, 1 endpoint, small cache': { requests: atOnce, endpoints: 1, blocks: small },
}
const oneEndpoint: Record<string, object> = {}
for (const [name, scenario] of Object.entries(singles)) {
  const { arrivals, real, shadows } = run({ ...scenario, ways })
  const roomy = run({ ...scenario, blocks: 400_000 }).real
  const before = shadows['one ratio a model (before)'] ?? []
  const causes = causesOf(scenario.requests, arrivals, { real, roomy, before }, tokenizer)
  const reports = Object.fromEntries(Object.entries(shadows).map(([way, outcomes]) => [way, withoutCalibration(errorReport(outcomes))]))
  line(`${name}: before`, errorReport(before))
  line(`${name}: after`, errorReport(real))
  for (const [way, report] of Object.entries(reports)) line(`  ${way}`, report)
  for (const [part, list] of Object.entries(causes)) {
    for (const { cause, meanTokens, meanAbsoluteTokens } of list as readonly Cause[])
      console.log(`  ${part.padEnd(8)}${cause.padEnd(66)}${meanTokens.toFixed(1).padStart(8)}${meanAbsoluteTokens.toFixed(1).padStart(8)}`)
  }
  oneEndpoint[name] = { blocks: scenario.blocks, before: errorReport(before), after: errorReport(real), causes, ways: reports }
}

/** Means over seeds, since a small cache makes each run another. */
function overSeeds(scenario: Scenario) {
  const lean = { ...plain, frame: true, memory: true, halfBlock: true, indexFactor: 1 }
  const runs = seeds.map((seed) => run({ ...scenario, seed, ways: { before: plain, lean } }))
  const summary = (reports: readonly ErrorReport[]) => ({
    meanTokens: rounded(mean(reports.map((report) => report.tokens.mean)), 1),
    meanAbsoluteTokens: rounded(mean(reports.map((report) => report.meanAbsoluteTokens)), 1),
    uncachedMeanAbsoluteTokens: rounded(mean(reports.map((report) => report.uncachedMeanAbsoluteTokens)), 1),
    withinFivePercentRatio: rounded(mean(reports.map((report) => report.withinFivePercentRatio)), 3),
    within64TokensRatio: rounded(mean(reports.map((report) => report.within64TokensRatio)), 3),
    cachedTokens: reports.map((report) => report.cachedTokens),
  })
  const after = runs.map(({ real }) => errorReport(real))
  const before = runs.map(({ shadows }) => beforeOf(shadows))
  const indexAsLargeAsCache = runs.map(({ shadows }) => errorReport(shadows['lean'] ?? []))
  line('  before, first seed', before[0] as ErrorReport)
  line('  after, first seed', after[0] as ErrorReport)
  return { before: summary(before), after: summary(after), indexAsLargeAsCache: summary(indexAsLargeAsCache) }
}

const fleets: Record<string, object> = {}
for (const [requests, when] of [
  [recorded, 'as recorded'],
  [atOnce, 'all at once'],
] as const) {
  for (const endpoints of [4, 8]) {
    for (const blocks of [large, small]) {
      const name = `${when}, ${endpoints} endpoints${blocks === small ? ', small cache' : ''}`
      console.log(name)
      fleets[name] = { blocks, ...overSeeds({ requests, endpoints, blocks }) }
    }
  }
}

/** What it costs that clients write JSON in different ways, and that conversations declare tools. */
const clients: Record<string, object> = {}
const written: Record<string, Partial<Scenario>> = Object.fromEntries(bodyStyles.map((style) => [`all ${style}`, { style: () => style }]))
written['each session in its own way'] = { style: (request) => bodyStyles[sessionNumber(request) % bodyStyles.length] ?? 'compact' }
written['with tools, three sets'] = { requests: withTools(recorded) }
written['with tools, three sets, all at once'] = { requests: withTools(atOnce) }
for (const [name, part] of Object.entries(written)) {
  const contents = { before: plain, contents: { ...plain, text: 'contents' as const } }
  const { real, shadows } = run({ requests: recorded, endpoints: 1, blocks: large, ways: contents, ...part })
  line(`${name}: before`, beforeOf(shadows))
  line(`${name}: after`, errorReport(real))
  line(`${name}: contents without JSON`, errorReport(shadows['contents'] ?? []))
  const [before, after, byContents] = [beforeOf(shadows), errorReport(real), errorReport(shadows['contents'] ?? [])].map(withoutCalibration)
  clients[name] = { before, after, contents: byContents }
}

const report = {
  benchmark: 'prediction',
  command: 'npm run bench -- prediction',
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model}`,
  conversations: { source: 'LMCache/lmcache-agent-trace', sessions: new Set(recorded.map(({ session }) => session)).size, requests: recorded.length },
  tokenizer: 'gpt-oss (o200k_harmony, harmony chat format)',
  engine: { profile: profile.id, blockTokens: 16, blocks: { large, small } },
  unit: 'tokens; errors are predicted less delivered, ratios 0..1',
  oneEndpoint,
  fleets,
  clients,
}
mkdirSync(dirname(flags.out), { recursive: true })
writeFileSync(flags.out, `${JSON.stringify(report, null, 1)}\n`)
