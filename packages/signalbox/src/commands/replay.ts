import { availableParallelism } from 'node:os'
import { seededRandom } from '@signalbox/base'
import { profiles } from '@signalbox/engine'
import {
  type ExperimentReport,
  type ExperimentRun,
  type FleetSpec,
  failureNote,
  metricsOf,
  parseFleet,
  type RunResult,
  replayColumns,
  reportLoads,
  type Trace,
  type TraceFormatId,
  traceFormats,
} from '@signalbox/replay'
import { policies } from '@signalbox/scheduler'
import { Command, InvalidArgumentError, Option } from 'commander'
import { policyNamed } from '../config/policy-named.ts'
import { columnIds, commandLine, helpList, names, number, numbers, whole } from '../replay/experiment-flags.ts'
import { ProgressLine } from '../replay/progress-line.ts'
import { type PublishFlags, publishReport } from '../replay/publish-report.ts'
import { ORACLE, type ReplayRun, type ReplaySettings, recordedPerSecond } from '../replay/replay-job.ts'
import { ReplayPool } from '../replay/replay-pool.ts'
import { stopOnSignal } from '../replay/stop-signal.ts'
import { openTrace, shapeHelp } from '../replay/trace-source.ts'
import { replayWorker } from '../roles/bundled.ts'
import { StartError } from '../supervisor/role-process.ts'

interface ReplayFlags extends PublishFlags {
  readonly policy: readonly string[]
  readonly engines: GivenFleet
  readonly load: readonly number[]
  readonly rate?: readonly number[]
  readonly seeds: number
  readonly seed: number
  readonly gateways: number
  readonly feedDelay?: number
  readonly poll: number
  readonly unstreamed: number
  readonly ttftObjective: number
  readonly tpotObjective: number
  readonly requests?: number
  readonly format?: TraceFormatId
  readonly threads?: number
}

/** A fleet as it was written, for the report. */
interface GivenFleet {
  readonly text: string
  readonly spec: FleetSpec
}

const POLICIES_DEFAULT = ['least-cost', 'longest-prefix', 'least-requests', 'round-robin', 'random']
const SEEDS_MAX = 100
const THREADS_MAX = 64

export function replayCommand(): Command {
  return new Command('replay')
    .description('replay a trace against simulated engines in virtual time, under several policies: which one answers sooner, and how sure is that')
    .argument('<trace>', `a file (${[...traceFormats.keys()].join(', ')}; told by its content), or shape:<name>[,parameter=number...]`)
    .option('--policy <names>', `policies, by name or module, comma-separated; ${ORACLE} knows every cache and queue`, names, POLICIES_DEFAULT)
    .option('--engines <fleet>', 'such as 8x70b-h100, or 4x8b-h100,kv-blocks=4000,noise=0.3+4x8b-a100', fleet, fleet('8x8b-h100'))
    .option('--load <fractions>', 'of the rate at which the fleet is saturated, which is measured first', numbers(0.001, 10), [0.3, 0.7, 0.95])
    .addOption(new Option('--rate <multiples>', 'of the recorded rate, in place of --load').argParser(numbers(0.001, 1000)).conflicts('load'))
    .option('--seeds <number>', 'runs of each, with seeds of their own', whole(1, SEEDS_MAX), 5)
    .option('--seed <number>', 'the first seed', whole(0, 2 ** 31), 1)
    .option('--gateways <number>', 'gateways that share the requests, each with its own knowledge', whole(1, 64), 1)
    .option('--feed-delay <ms>', 'they tell each other what they send, so much later (default: they do not)', number(0, 60_000))
    .option('--poll <ms>', "between two looks at an engine's state", number(1, 600_000), 1000)
    .option('--unstreamed <ratio>', 'share of requests that are not streamed, 0 to 1', number(0, 1), 0)
    .option('--ttft-objective <ms>', 'for goodput', number(1, 3_600_000), 2000)
    .option('--tpot-objective <ms>', 'for goodput', number(0.1, 3_600_000), 100)
    .option('--requests <number>', 'only the first so many of the trace, or so many of a shape', whole(1, 10_000_000))
    .addOption(new Option('--format <name>', "the trace's, where its content does not tell").choices([...traceFormats.keys()]))
    .option('--threads <number>', 'simulations at once (default: the processors)', whole(1, THREADS_MAX))
    .option('--columns <ids>', `of the table, comma-separated: ${replayColumns.map(({ id }) => id).join(', ')}`, columnIds(replayColumns))
    .option('--json <file>', 'write the report as JSON; - for standard output, in place of the table')
    .option('--html <file>', 'write the report as one self-contained page with curves')
    .addHelpText('after', () => helpText())
    .action(replay)
}

async function replay(traceName: string, flags: ReplayFlags): Promise<void> {
  for (const policy of flags.policy) if (policy !== ORACLE) await policyNamed(policy, '--policy', [ORACLE])
  if (flags.feedDelay !== undefined && flags.gateways === 1) throw new StartError('--feed-delay is between gateways: give --gateways 2 or more')
  const settings: ReplaySettings = {
    trace: { name: traceName, format: flags.format, requestsMax: flags.requests },
    fleet: flags.engines.spec,
    gateways: flags.gateways,
    feedDelayMs: flags.feedDelay,
    pollMs: flags.poll,
    unstreamedRatio: flags.unstreamed,
    objectives: { ttftMs: flags.ttftObjective, tpotMs: flags.tpotObjective },
  }
  const trace = openTrace(settings.trace, seededRandom(flags.seed))
  const loads = flags.rate ?? flags.load
  const runsTotal = loads.length * flags.policy.length * flags.seeds
  const pool = new ReplayPool(replayWorker, settings, Math.min(flags.threads ?? availableParallelism(), runsTotal))
  const stop = stopOnSignal(() => void pool.stop())
  const progress = new ProgressLine(process.stderr, 'replay')
  const beganMs = performance.now()
  const runs: ExperimentRun<RunResult>[] = []
  let saturationPerSecond: number | null = null
  const tick = setInterval(() => {
    const detail = flags.rate === undefined && saturationPerSecond === null ? 'measuring saturation' : `${runs.length} of ${runsTotal} runs`
    progress.show((runs.length + pool.sharesUnderWay) / runsTotal, performance.now() - beganMs, detail)
  }, 100)
  try {
    if (flags.rate === undefined) saturationPerSecond = await pool.saturationPerSecond(flags.seed)
    const rateOf = new Map(loads.map((load) => [load, saturationPerSecond === null ? load * recordedPerSecond(trace) : load * saturationPerSecond]))
    const planned = plan(loads, flags)
    await pool.runAll(
      planned.map(
        ({ run, load }): ReplayRun => ({ ...run, requestsPerSecond: flags.rate !== undefined && load === 1 ? undefined : rateOf.get(load) }),
      ),
      (index, result) => {
        const { load, run } = planned[index] as PlannedRun
        runs.push({ variant: run.policy, load, requestsPerSecond: rateOf.get(load) ?? Number.NaN, result })
      },
    )
  } catch (error) {
    if (!stop.stopped) throw error
  } finally {
    clearInterval(tick)
    progress.end()
    stop.forget()
    await pool.stop()
  }
  if (runs.length === 0) throw new StartError('stopped before the first run was done')
  publishReport(reportOf(trace, { flags, runs, saturationPerSecond, stopped: runs.length < runsTotal }), flags)
  if (stop.stopped) process.exitCode = 130
}

interface PlannedRun {
  readonly load: number
  readonly run: Omit<ReplayRun, 'requestsPerSecond'>
}

/** Seeds outermost: whenever it is stopped, the policies have been run equally often. */
function plan(loads: readonly number[], flags: ReplayFlags): readonly PlannedRun[] {
  const seeds = Array.from({ length: flags.seeds }, (_, index) => flags.seed + index)
  return seeds.flatMap((seed) => loads.flatMap((load) => flags.policy.map((policy) => ({ load, run: { policy, seed } }))))
}

interface Outcome {
  readonly flags: ReplayFlags
  readonly runs: readonly ExperimentRun<RunResult>[]
  readonly saturationPerSecond: number | null
  readonly stopped: boolean
}

function reportOf(trace: Trace, { flags, runs, saturationPerSecond, stopped }: Outcome): ExperimentReport {
  const byRate = flags.rate !== undefined
  const feed =
    flags.gateways === 1 ? '' : flags.feedDelay === undefined ? ', no feed between them' : `, a feed between them ${flags.feedDelay} ms late`
  return {
    kind: 'replay',
    version: 1,
    title: `Replay of ${trace.name}: ${flags.policy.join(', ')}`,
    simulated: true,
    facts: [
      ['Trace', `${trace.name} (${trace.source}), ${trace.requests.length} requests, ${recordedPerSecond(trace).toFixed(2)} a second as recorded`],
      ['Engines', `${flags.engines.text}, simulated`],
      ['Gateways', `${flags.gateways}${feed}; engines polled every ${flags.poll} ms`],
      ...(saturationPerSecond === null ? [] : [['Saturation', `${saturationPerSecond.toFixed(2)} requests/s, measured`] as const]),
      ['Objectives', `TTFT ${flags.ttftObjective} ms, TPOT ${flags.tpotObjective} ms`],
      ...(flags.unstreamed === 0 ? [] : [['Not streamed', `${Math.round(flags.unstreamed * 100)} %`] as const]),
    ],
    loadLabel: byRate ? 'Times the recorded rate' : 'Load, of saturation',
    saturationPerSecond,
    metrics: metricsOf(replayColumns),
    loads: reportLoads(replayColumns, runs, { variants: flags.policy, references: [ORACLE] }),
    notes: [
      ...trace.notes,
      ...[failureNote(runs)].filter((note) => note !== undefined),
      ...(trace.hasPrefixes ? [] : ['The trace says nothing of what prompts share: it shows load balance only.']),
    ],
    command: commandLine(),
    stopped,
  }
}

function fleet(text: string): GivenFleet {
  const parsed = parseFleet(text)
  if (!parsed.ok) throw new InvalidArgumentError(parsed.error)
  return { text, spec: parsed.value }
}

function helpText(): string {
  return `
Policies:
${helpList([...policies].map(([name, { description }]) => [name, description] as const))}
${helpList([[ORACLE, 'Not a policy that could run: it knows every cache, queue and step time. What the others lose against it is their regret.']])}

Engine profiles:
${helpList([...profiles].map(([name, { title }]) => [name, title] as const))}

Shapes, in place of a file:
${shapeHelp()}

Examples:
  signalbox replay mooncake_trace.jsonl --engines 8x70b-h100 --load 0.3,0.7,0.95 --html replay.html
  signalbox replay shape:chat-sessions,requests=5000 --policy least-cost,./mine.mjs --engines 4x8b-h100
  signalbox replay azure.csv --rate 1,2 --gateways 4 --feed-delay 100 --json -`
}
