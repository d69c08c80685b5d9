import type { LoadFailures, LoadResult } from '@signalbox/load'
import { type ExperimentReport, type ExperimentRun, metricsOf, reportLoads, type Trace } from '@signalbox/replay'
import type { LoadFlags } from '../commands/load-flags.ts'
import { loadColumns } from './load-columns.ts'
import { objectivesFact, traceFact } from './replay-report.ts'

/** What a load test came to, and what it was a test of. */
export interface LoadOutcome {
  readonly flags: LoadFlags
  readonly urls: readonly string[]
  readonly trace: Trace
  readonly runs: readonly ExperimentRun<LoadResult>[]
  /** Runs that could not be made, a sentence each. */
  readonly problems: readonly string[]
  readonly stopped: boolean
  /** How to repeat it. */
  readonly command: string
}

export function loadReport({ flags, urls, trace, runs, problems, stopped, command }: LoadOutcome): ExperimentReport {
  const models = [...new Set(runs.map(({ result }) => result.model))]
  return {
    kind: 'load',
    version: 1,
    title: `Load of ${trace.name} on ${urls.join(', ')}`,
    simulated: null,
    facts: [
      traceFact(trace),
      ['Target', `${urls.join(', ')}, model ${models.join(', ')}, /v1/${flags.api === 'chat' ? 'chat/completions' : 'completions'}`],
      ['Loop', loopText(flags)],
      objectivesFact(flags),
    ],
    loadLabel: flags.users !== undefined ? 'Users' : flags.rps !== undefined ? 'Requests a second' : 'Times the recorded rate',
    saturationPerSecond: null,
    metrics: metricsOf(loadColumns),
    loads: reportLoads(loadColumns, runs, { variants: urls }),
    notes: [...trace.notes, ...failureNotes(runs), ...problems],
    command,
    stopped,
  }
}

function loopText({ users, duration }: LoadFlags): string {
  const loop =
    users === undefined ? 'Open: requests come when they are due, whatever the server does' : 'Closed: each user waits for an answer before the next'
  return duration === undefined ? loop : `${loop}; sending ends after ${duration} s`
}

/** Each kind of failure once, with how often it came and what the first one said. */
function failureNotes(runs: readonly ExperimentRun<LoadResult>[]): readonly string[] {
  const kinds = new Map<string, { count: number; readonly message: string }>()
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
