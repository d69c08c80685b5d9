import {
  type ExperimentReport,
  type ExperimentRun,
  failureNote,
  metricsOf,
  type RunResult,
  replayColumns,
  reportLoads,
  type Saturation,
  type Trace,
} from '@signalbox/replay'
import type { ReplayFlags } from '../commands/replay-flags.ts'
import { recordedPerSecond } from './recorded-rate.ts'
import { ORACLE } from './replay-policy.ts'

/** What a replay came to, and what it was a replay of. */
export interface ReplayOutcome {
  readonly flags: ReplayFlags
  readonly trace: Trace
  /** In any order. */
  readonly runs: readonly ExperimentRun<RunResult>[]
  /** Undefined: not measured. */
  readonly saturation: Saturation | undefined
  readonly stopped: boolean
  /** How to repeat it. */
  readonly command: string
}

export function replayReport({ flags, trace, runs, saturation, stopped, command }: ReplayOutcome): ExperimentReport {
  return {
    kind: 'replay',
    version: 1,
    title: `Replay of ${trace.name}: ${flags.policy.join(', ')}`,
    simulated: true,
    facts: [
      traceFact(trace),
      ['Engines', `${flags.engines.text}, simulated`],
      ['Gateways', gatewaysText(flags)],
      ...(saturation === undefined
        ? []
        : [['Saturation', `${saturation.requestsPerSecond.toFixed(2)} requests/s, measured with ${saturation.concurrency} under way`] as const]),
      objectivesFact(flags),
      ...(flags.priorities === undefined ? [] : [['Priorities', `${flags.priorities}, drawn`] as const]),
      ...(flags.unstreamed === 0 ? [] : [['Not streamed', `${Math.round(flags.unstreamed * 100)} %`] as const]),
    ],
    loadLabel: flags.rate === undefined ? 'Load, of saturation' : 'Times the recorded rate',
    saturationPerSecond: saturation?.requestsPerSecond ?? null,
    metrics: metricsOf(replayColumns),
    loads: reportLoads(replayColumns, runs, { variants: flags.policy, references: [ORACLE] }),
    notes: [
      ...trace.notes,
      ...(trace.hasPrefixes ? [] : ['The trace does not say what prompts share: it shows load balance only.']),
      ...(saturation === undefined || saturation.concurrency >= saturation.held ? [] : [fewNote(saturation)]),
      ...[failureNote(runs)].filter((note) => note !== undefined),
    ],
    command,
    stopped,
  }
}

function fewNote({ concurrency, held }: Saturation): string {
  return `Saturation was measured with ${concurrency} requests under way, where the engines hold ${held}: the trace has too few to keep them full, and they may get more done.`
}

/** What the report of any experiment says of its trace. */
export function traceFact(trace: Trace): readonly [string, string] {
  const { name, source, requests } = trace
  const count = `${requests.length} request${requests.length === 1 ? '' : 's'}`
  return ['Trace', `${name} (${source}), ${count}, ${recordedPerSecond(trace).toFixed(2)} a second as recorded`]
}

/** What the report of any experiment says of its objectives. */
export function objectivesFact({ ttftObjective, tpotObjective }: Pick<ReplayFlags, 'ttftObjective' | 'tpotObjective'>): readonly [string, string] {
  return ['Objectives', `TTFT ${ttftObjective} ms, TPOT ${tpotObjective} ms`]
}

function gatewaysText({ gateways, feedDelay, poll }: ReplayFlags): string {
  const polled = `engines polled every ${poll} ms`
  if (gateways === 1) return `1; ${polled}`
  return `${gateways}, ${feedDelay === undefined ? 'no feed between them' : `a feed between them ${feedDelay} ms late`}; ${polled}`
}
