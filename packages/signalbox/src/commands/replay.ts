import { availableParallelism } from 'node:os'
import { seededRandom } from '@signalbox/base'
import type { ExperimentRun, RunResult, Saturation } from '@signalbox/replay'
import { Command } from 'commander'
import { commandLine } from '../experiment/experiment-flags.ts'
import { ProgressLine } from '../experiment/progress-line.ts'
import { checkPublishable, publishReport } from '../experiment/publish-report.ts'
import { recordedPerSecond } from '../experiment/recorded-rate.ts'
import { replayPolicy } from '../experiment/replay-policy.ts'
import { ReplayPool } from '../experiment/replay-pool.ts'
import { replayReport } from '../experiment/replay-report.ts'
import type { ReplayRate, ReplayRun, ReplaySettings } from '../experiment/replay-runner.ts'
import { STOPPED_EXIT_CODE, stopOnSignal } from '../experiment/stop-signal.ts'
import { openTrace } from '../experiment/trace-source.ts'
import { replayWorker } from '../roles/bundled.ts'
import { StartError } from '../supervisor/role-process.ts'
import { type ReplayFlags, withReplayFlags } from './replay-flags.ts'

export function replayCommand(): Command {
  const command = new Command('replay').description(
    'replay a trace against simulated engines in virtual time, under several policies: which one answers sooner, and how sure is that',
  )
  return withReplayFlags(command).action(replay)
}

async function replay(traceName: string, flags: ReplayFlags): Promise<void> {
  checkPublishable(flags)
  for (const policy of flags.policy) await replayPolicy(policy)
  if (flags.feedDelay !== undefined && flags.gateways === 1) throw new StartError('--feed-delay is between gateways: give --gateways 2 or more')
  const settings: ReplaySettings = {
    trace: { name: traceName, format: flags.format, requestsMax: flags.requests },
    fleet: flags.engines.spec,
    gateways: flags.gateways,
    feedDelayMs: flags.feedDelay,
    pollMs: flags.poll,
    unstreamedRatio: flags.unstreamed,
    objectives: { ttftMs: flags.ttftObjective, tpotMs: flags.tpotObjective },
    priorityLevels: flags.priorities,
  }
  const { trace } = openTrace(settings.trace, seededRandom(flags.seed))
  const threads = Math.min(flags.threads ?? availableParallelism(), runsOf(flags))
  const outcome = await runAll(new ReplayPool(replayWorker, { settings, threads }), flags)
  if (outcome.ending === 'stopped') process.exitCode = STOPPED_EXIT_CODE
  if (outcome.runs.length > 0) {
    const runs = outcome.runs.map(({ load, run, result }): ExperimentRun<RunResult> => {
      const perSecond = run.rate.kind === 'per-second' ? run.rate.value : run.rate.value * recordedPerSecond(trace)
      return { variant: run.policy, load, seed: run.seed, requestsPerSecond: perSecond, result }
    })
    const { saturation, ending } = outcome
    const command = commandLine(process.argv.slice(2))
    publishReport(replayReport({ flags, trace, runs, saturation, stopped: ending !== 'complete', command }), flags)
  } else if (outcome.ending === 'stopped') console.error('stopped before the first run was done')
  if (outcome.ending instanceof StartError) throw outcome.ending
}

/** A run, and what stands for it on the report's axis. */
interface PlannedRun {
  readonly load: number
  readonly run: ReplayRun
}

interface Outcome {
  /** Those that are done. */
  readonly runs: readonly (PlannedRun & { readonly result: RunResult })[]
  readonly saturation: Saturation | undefined
  /** All runs done, a signal, or what made going on useless. */
  readonly ending: 'complete' | 'stopped' | StartError
}

/** Measures saturation where it is asked for, runs everything with a bar of progress, and ends the pool. */
async function runAll(pool: ReplayPool, flags: ReplayFlags): Promise<Outcome> {
  const total = runsOf(flags)
  const runs: (PlannedRun & { readonly result: RunResult })[] = []
  let saturation: Saturation | undefined
  let ending: Outcome['ending'] = 'complete'
  const stop = stopOnSignal(() => void pool.stop())
  const progress = new ProgressLine(process.stderr, 'replay')
  const beganMs = performance.now()
  const tick = setInterval(() => {
    const detail = flags.rate === undefined && saturation === undefined ? 'measuring saturation' : `${runs.length} of ${total} runs`
    progress.show({ share: (runs.length + pool.sharesUnderWay) / total, elapsedMs: performance.now() - beganMs, detail })
  }, PROGRESS_MS)
  try {
    if (flags.rate === undefined) saturation = await pool.saturation(flags.seed)
    const planned = plan(flags, saturation?.requestsPerSecond)
    await pool.runAll(
      planned.map(({ run }) => run),
      (index, result) => runs.push({ ...(planned[index] as PlannedRun), result }),
    )
  } catch (error) {
    if (!stop.stopped && !(error instanceof StartError)) throw error
    if (error instanceof StartError) ending = error
  } finally {
    clearInterval(tick)
    progress.end()
    stop.forget()
    await pool.stop()
  }
  if (stop.stopped && runs.length < total) ending = 'stopped'
  return { runs, saturation, ending }
}

const PROGRESS_MS = 100

function runsOf({ load, rate, policy, seeds }: ReplayFlags): number {
  return (rate ?? load).length * policy.length * seeds
}

/** Seeds outermost: whenever it is stopped, the policies have been run about equally often. */
function plan({ load, rate, policy, seeds, seed }: ReplayFlags, saturationPerSecond: number | undefined): readonly PlannedRun[] {
  const rates = (rate ?? load).map((load): { readonly load: number; readonly rate: ReplayRate } => ({
    load,
    rate: saturationPerSecond === undefined ? { kind: 'multiple', value: load } : { kind: 'per-second', value: load * saturationPerSecond },
  }))
  return Array.from({ length: seeds }, (_, index) =>
    rates.flatMap(({ load, rate }) => policy.map((name): PlannedRun => ({ load, run: { policy: name, rate, seed: seed + index } }))),
  ).flat()
}
