import { seededRandom } from '@signalbox/base'
import { type LoadFailures, type LoadProgress, type LoadResult, runLoad } from '@signalbox/load'
import {
  type ExperimentReport,
  type ExperimentRun,
  metricsOf,
  reportLoads,
  type Trace,
  type TraceFormatId,
  timeScaled,
  traceFormats,
} from '@signalbox/replay'
import { Command, Option } from 'commander'
import { columnIds, commandLine, number, numbers, whole } from '../replay/experiment-flags.ts'
import { loadColumns } from '../replay/load-columns.ts'
import { ProgressLine } from '../replay/progress-line.ts'
import { type PublishFlags, publishReport } from '../replay/publish-report.ts'
import { recordedPerSecond } from '../replay/replay-job.ts'
import { stopOnSignal } from '../replay/stop-signal.ts'
import { openTrace, shapeHelp } from '../replay/trace-source.ts'
import { readToken } from '../roles/token.ts'
import { StartError } from '../supervisor/role-process.ts'

interface LoadFlags extends PublishFlags {
  readonly url: readonly string[]
  readonly rate: readonly number[]
  readonly rps?: readonly number[]
  readonly users?: readonly number[]
  readonly think?: number
  readonly duration?: number
  readonly requests?: number
  readonly format?: TraceFormatId
  readonly runs: number
  readonly seed: number
  readonly model?: string
  readonly traceModels?: boolean
  readonly api: 'chat' | 'completions'
  readonly stream?: boolean
  readonly ignoreEos: boolean
  readonly tokenFile?: string
  readonly connections: number
  readonly timeout: number
  readonly ttftObjective: number
  readonly tpotObjective: number
}

const DEFAULT_URL = 'http://127.0.0.1:8080'

export function loadCommand(): Command {
  return new Command('load')
    .description('send a trace to any OpenAI-compatible server and measure what a client sees: time to first token, pace, failures, goodput')
    .argument('<trace>', `a file (${[...traceFormats.keys()].join(', ')}; told by its content), or shape:<name>[,parameter=number...]`)
    .option('-u, --url <address...>', `servers, measured one after the other (default: ${DEFAULT_URL}, the gateway)`)
    .option('--rate <multiples>', 'open loop: of the recorded rate, comma-separated', numbers(0.001, 1000), [1])
    .addOption(new Option('--rps <rates>', 'open loop: requests a second, comma-separated').argParser(numbers(0.001, 100_000)).conflicts('rate'))
    .addOption(
      new Option('--users <counts>', 'closed loop: so many users, each waiting for its answer, comma-separated')
        .argParser(numbers(1, 10_000))
        .conflicts(['rate', 'rps']),
    )
    .option('--think <ms>', "of a user, between an answer and the next request (default: the trace's, for follow-ups)", number(0, 3_600_000))
    .option('--duration <seconds>', 'stop sending after so long', number(0.1, 86_400))
    .option('--requests <number>', 'only the first so many of the trace, or so many of a shape', whole(1, 10_000_000))
    .addOption(new Option('--format <name>', "the trace's, where its content does not tell").choices([...traceFormats.keys()]))
    .option('--runs <number>', 'of each; intervals need two or more', whole(1, 100), 1)
    .option('--seed <number>', 'of what the trace leaves open', whole(0, 2 ** 31), 1)
    .option('--model <name>', 'to ask for (default: the first that the server lists)')
    .option('--trace-models', 'ask for the models that the trace names')
    .addOption(new Option('--api <name>', 'which endpoint').choices(['chat', 'completions']).default('chat'))
    .option('--stream', 'stream every answer (default: as the trace says)')
    .option('--no-stream', 'stream none')
    .option('--no-ignore-eos', 'for servers that refuse the field: answers end where the server ends them')
    .option('--token-file <file>', 'file holding a bearer token, where the server asks for one')
    .option('--connections <number>', 'requests in flight at most', whole(1, 65_000), 1024)
    .option('--timeout <seconds>', 'for a request and its whole answer', number(0.1, 86_400), 600)
    .option('--ttft-objective <ms>', 'for goodput', number(1, 3_600_000), 2000)
    .option('--tpot-objective <ms>', 'for goodput', number(0.1, 3_600_000), 100)
    .option('--columns <ids>', `of the table, comma-separated: ${loadColumns.map(({ id }) => id).join(', ')}`, columnIds(loadColumns))
    .option('--json <file>', 'write the report as JSON; - for standard output, in place of the table')
    .option('--html <file>', 'write the report as one self-contained page with curves')
    .addHelpText(
      'after',
      () => `
Shapes, in place of a file:
${shapeHelp()}

Examples:
  signalbox load shape:prefix-cache --url http://127.0.0.1:8080 --rps 5,10,20
  signalbox load shape:chat-sessions,requests=500 --users 8,32 --think 2000 --html load.html
  signalbox load mooncake_trace.jsonl --rate 0.5 --requests 200 --url http://gpu1:8000 --url http://gpu2:8000`,
    )
    .action(load)
}

/** One run to be made. `load`: what stands on the report's axis. */
interface Planned {
  readonly url: string
  readonly load: number
  readonly seed: number
}

async function load(traceName: string, flags: LoadFlags): Promise<void> {
  const urls = flags.url ?? [DEFAULT_URL]
  if (flags.think !== undefined && flags.users === undefined) throw new StartError('--think is of users: give --users as well')
  const token = flags.tokenFile === undefined ? undefined : readToken(flags.tokenFile, '--token-file')
  const source = { name: traceName, format: flags.format, requestsMax: flags.requests }
  const seeds = Array.from({ length: flags.runs }, (_, index) => flags.seed + index)
  const loads = flags.users ?? flags.rps ?? flags.rate
  const planned = seeds.flatMap((seed) => loads.flatMap((load) => urls.map((url): Planned => ({ url, load, seed }))))
  const first = openTrace(source, seededRandom(flags.seed))
  const stopping = new AbortController()
  const stop = stopOnSignal(() => stopping.abort())
  const progress = new ProgressLine(process.stderr, 'load')
  const beganMs = performance.now()
  const runs: ExperimentRun<LoadResult>[] = []
  for (const { url, load, seed } of planned) {
    if (stop.stopped) break
    const trace = seed === flags.seed ? first : openTrace(source, seededRandom(seed))
    const result = await runLoad({
      url,
      token,
      trace: timeScaled(trace, factorOf(trace, load, flags)),
      users: flags.users === undefined ? undefined : { count: load, thinkMs: flags.think },
      api: flags.api,
      model: flags.model,
      traceModels: flags.traceModels,
      stream: flags.stream,
      ignoreEos: flags.ignoreEos,
      connectionsMax: flags.connections,
      timeoutMs: flags.timeout * 1000,
      durationMs: flags.duration === undefined ? undefined : flags.duration * 1000,
      objectives: { ttftMs: flags.ttftObjective, tpotMs: flags.tpotObjective },
      signal: stopping.signal,
      onProgress: (now) =>
        progress.show((runs.length + shareOf(now, flags)) / planned.length, performance.now() - beganMs, detailOf(now, runs.length, planned)),
    })
    if (!result.ok) {
      progress.end()
      stop.forget()
      throw new StartError(result.error)
    }
    runs.push({ variant: url, load, requestsPerSecond: result.value.requestsPerSecond, result: result.value })
  }
  progress.end()
  stop.forget()
  if (runs.every(({ result }) => result.completed + result.failed === 0)) throw new StartError('stopped before the first answer was complete')
  publishReport(reportOf(first, { flags, urls, runs, stopped: stop.stopped }), flags)
  if (stop.stopped) process.exitCode = 130
  else if (runs.every(({ result }) => result.completed === 0)) process.exitCode = 1
}

function factorOf(trace: Trace, load: number, flags: LoadFlags): number {
  if (flags.users !== undefined) return 1
  return flags.rps === undefined ? 1 / load : recordedPerSecond(trace) / load
}

function shareOf({ elapsedMs, total, completed, failed }: LoadProgress, { duration }: LoadFlags): number {
  const byCount = total === 0 ? 1 : (completed + failed) / total
  return duration === undefined ? byCount : Math.max(byCount, Math.min(1, elapsedMs / (duration * 1000)))
}

function detailOf({ sent, inFlight, failed }: LoadProgress, done: number, planned: readonly Planned[]): string {
  const run = planned.length === 1 ? '' : `run ${done + 1} of ${planned.length}, `
  return `${run}${sent} sent, ${inFlight} in flight, ${failed} failed`
}

interface Outcome {
  readonly flags: LoadFlags
  readonly urls: readonly string[]
  readonly runs: readonly ExperimentRun<LoadResult>[]
  readonly stopped: boolean
}

function reportOf(trace: Trace, { flags, urls, runs, stopped }: Outcome): ExperimentReport {
  const models = [...new Set(runs.map(({ result }) => result.model))]
  const loop =
    flags.users === undefined ? 'Open loop: requests come when they are due, whatever the server does' : 'Closed loop: each user waits for its answer'
  return {
    kind: 'load',
    version: 1,
    title: `Load of ${trace.name} on ${urls.join(', ')}`,
    simulated: null,
    facts: [
      ['Trace', `${trace.name} (${trace.source}), ${trace.requests.length} requests, ${recordedPerSecond(trace).toFixed(2)} a second as recorded`],
      ['Target', `${urls.join(', ')}, model ${models.join(', ')}, /v1/${flags.api === 'chat' ? 'chat/completions' : 'completions'}`],
      ['Loop', loop],
      ['Objectives', `TTFT ${flags.ttftObjective} ms, TPOT ${flags.tpotObjective} ms`],
    ],
    loadLabel: flags.users === undefined ? (flags.rps === undefined ? 'Times the recorded rate' : 'Requests a second') : 'Users',
    saturationPerSecond: null,
    metrics: metricsOf(loadColumns),
    loads: reportLoads(loadColumns, runs, { variants: urls }),
    notes: [...trace.notes, ...failureNotes(runs)],
    command: commandLine(),
    stopped,
  }
}

/** Each kind of failure once, with how often it came and what the first one said. */
function failureNotes(runs: readonly ExperimentRun<LoadResult>[]): readonly string[] {
  const kinds = new Map<string, { count: number; message: string }>()
  for (const { result } of runs) {
    for (const [kind, failures] of Object.entries<LoadFailures | undefined>(result.failures)) {
      if (failures === undefined) continue
      const known = kinds.get(kind) ?? { count: 0, message: failures.message }
      known.count += failures.count
      kinds.set(kind, known)
    }
  }
  return [...kinds].map(([kind, { count, message }]) => `${count} failed with ${kind}, the first: ${message}`)
}
