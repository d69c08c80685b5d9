import { type Random, type Result, seededRandom } from '@signalbox/base'
import { type LoadProgress, type LoadResult, runLoad } from '@signalbox/load'
import { type ExperimentRun, type Trace, timeScaled } from '@signalbox/replay'
import { Command } from 'commander'
import { commandLine } from '../experiment/experiment-flags.ts'
import { loadReport } from '../experiment/load-report.ts'
import { ProgressLine } from '../experiment/progress-line.ts'
import { checkPublishable, publishReport } from '../experiment/publish-report.ts'
import { recordedPerSecond } from '../experiment/recorded-rate.ts'
import { STOPPED_EXIT_CODE, type StopSignal, stopOnSignal } from '../experiment/stop-signal.ts'
import { openTrace } from '../experiment/trace-source.ts'
import { readToken } from '../roles/token.ts'
import { StartError } from '../supervisor/role-process.ts'
import { type LoadFlags, withLoadFlags } from './load-flags.ts'

export function loadCommand(): Command {
  const command = new Command('load').description(
    'send a trace to any OpenAI-compatible server and measure what a client sees: time to first token, pace, failures, goodput',
  )
  return withLoadFlags(command).action(load)
}

async function load(traceName: string, flags: LoadFlags): Promise<void> {
  checkPublishable(flags)
  for (const url of flags.url) {
    if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) throw new StartError(`--url ${url}: expected an address such as http://gpu1:8000`)
  }
  if (flags.think !== undefined && flags.users === undefined) throw new StartError('--think is of users: give --users as well')
  const token = flags.tokenFile === undefined ? undefined : readToken(flags.tokenFile, '--token-file')
  const source = { name: traceName, format: flags.format, requestsMax: flags.requests }
  const traceOf = (random: Random): Trace => openTrace(source, random).trace
  const trace = traceOf(seededRandom(flags.seed))
  const stopping = new AbortController()
  const stop = stopOnSignal(() => stopping.abort())
  const { runs, problems } = await runAll({ flags, token, stop, signal: stopping.signal, traceOf })
  stop.forget()
  const answers = runs.reduce((sum, { result }) => sum + result.completed + result.failed, 0)
  if (stop.stopped) process.exitCode = STOPPED_EXIT_CODE
  else if (problems.length > 0 || runs.every(({ result }) => result.completed === 0)) process.exitCode = 1
  if (answers > 0) {
    const command = commandLine(process.argv.slice(2))
    publishReport(loadReport({ flags, urls: flags.url, trace, runs, problems, stopped: stop.stopped, command }), flags)
  } else if (stop.stopped) console.error('stopped before the first answer was complete')
  else console.error(problems.length > 0 ? problems.join('\n') : 'no answer was complete within --duration')
}

interface LoadSetting {
  readonly flags: LoadFlags
  readonly token: string | undefined
  readonly stop: StopSignal
  readonly signal: AbortSignal
  traceOf(random: Random): Trace
}

interface Outcome {
  readonly runs: readonly ExperimentRun<LoadResult>[]
  /** Runs that could not be made, a sentence each. */
  readonly problems: readonly string[]
}

/** One run after the other, seeds outermost; a server that cannot be asked leaves the others' runs as they are. */
async function runAll({ flags, token, stop, signal, traceOf }: LoadSetting): Promise<Outcome> {
  const planned = plan(flags)
  const runs: ExperimentRun<LoadResult>[] = []
  const problems: string[] = []
  const progress = new ProgressLine(process.stderr, 'load')
  const beganMs = performance.now()
  for (const [made, { url, load, seed }] of planned.entries()) {
    if (stop.stopped) break
    const trace = traceOf(seededRandom(seed))
    const recorded = recordedPerSecond(trace)
    const perSecond = flags.users !== undefined ? null : flags.rps !== undefined ? load : load * recorded
    const onProgress = (now: LoadProgress): void =>
      progress.show({
        share: (made + shareOf(now, flags)) / planned.length,
        elapsedMs: performance.now() - beganMs,
        detail: detailOf(now, made, planned),
      })
    const paced = perSecond === null ? trace : timeScaled(trace, recorded / perSecond)
    const users = flags.users === undefined ? undefined : { count: load, thinkMs: flags.think }
    const result: Result<LoadResult, string> = await runLoad({ ...requestOptions(flags), url, token, trace: paced, users, signal, onProgress })
    if (!result.ok) problems.push(result.error)
    else if (result.value.completed + result.value.failed > 0) {
      runs.push({ variant: url, load, seed, requestsPerSecond: perSecond, result: result.value })
    }
  }
  progress.end()
  return { runs, problems: stop.stopped ? [] : [...new Set(problems)] }
}

function requestOptions(flags: LoadFlags) {
  return {
    api: flags.api,
    model: flags.model,
    traceModels: flags.traceModels,
    stream: flags.stream,
    ignoreEos: flags.ignoreEos,
    connectionsMax: flags.connections,
    timeoutMs: flags.timeout * 1000,
    durationMs: flags.duration === undefined ? undefined : flags.duration * 1000,
    objectives: { ttftMs: flags.ttftObjective, tpotMs: flags.tpotObjective },
  }
}

/** One run to be made. `load`: what stands on the report's axis. */
interface PlannedRun {
  readonly url: string
  readonly load: number
  readonly seed: number
}

function plan({ url: urls, users, rps, rate, runs, seed }: LoadFlags): readonly PlannedRun[] {
  const seeds = Array.from({ length: runs }, (_, index) => seed + index)
  return seeds.flatMap((seed) => (users ?? rps ?? rate).flatMap((load) => urls.map((url): PlannedRun => ({ url, load, seed }))))
}

function shareOf({ elapsedMs, total, completed, failed }: LoadProgress, { duration }: LoadFlags): number {
  const byCount = (completed + failed) / total
  return duration === undefined ? byCount : Math.min(1, Math.max(byCount, elapsedMs / (duration * 1000)))
}

function detailOf({ sent, inFlight, failed }: LoadProgress, made: number, planned: readonly PlannedRun[]): string {
  const run = planned.length === 1 ? '' : `run ${made + 1} of ${planned.length}, `
  return `${run}${sent} sent, ${inFlight} in flight, ${failed} failed`
}
