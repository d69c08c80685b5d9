import type { ExperimentRun, ReportColumn } from './report-loads.ts'
import { msColumn } from './report-loads.ts'
import type { RunResult } from './run-result.ts'

const ms = msColumn<RunResult>

/** The columns of a replay's report, the judging ones first. */
export const replayColumns: readonly ReportColumn<RunResult>[] = [
  ms('ttftP50Ms', 'TTFT p50', 'Time to first token, median', (run) => run.ttftMs.p50),
  ms('ttftP90Ms', 'TTFT p90', 'Time to first token, 90th percentile', (run) => run.ttftMs.p90),
  ms('ttftP99Ms', 'TTFT p99', 'Time to first token, 99th percentile', (run) => run.ttftMs.p99),
  ms('tpotP50Ms', 'TPOT p50', 'Time per output token after the first, median over requests', (run) => run.tpotMs.p50),
  ms('tpotP90Ms', 'TPOT p90', 'Time per output token after the first, 90th percentile over requests', (run) => run.tpotMs.p90),
  ms('e2eP50Ms', 'E2E p50', 'Arrival to last token, median', (run) => run.e2eMs.p50),
  ms('e2eP90Ms', 'E2E p90', 'Arrival to last token, 90th percentile', (run) => run.e2eMs.p90),
  ms('e2eP99Ms', 'E2E p99', 'Arrival to last token, 99th percentile', (run) => run.e2eMs.p99),
  {
    id: 'hitRatio',
    label: 'Hit ratio',
    unit: 'ratio',
    better: 'more',
    description: 'Prompt tokens found in the prefix cache, of all prompt tokens',
    of: (run) => run.hitRatio,
  },
  {
    id: 'bestHitRatio',
    label: 'Best hit ratio',
    unit: 'ratio',
    better: 'none',
    description: 'The same, had each request gone to the engine that held most of its prompt at that moment',
    of: (run) => run.bestHitRatio,
  },
  {
    id: 'imbalance',
    label: 'Imbalance',
    unit: 'times',
    better: 'less',
    description: 'Uncached prompt tokens of the busiest engine over the mean of all',
    of: (run) => run.imbalance,
  },
  {
    id: 'goodputRatio',
    label: 'Goodput',
    unit: 'ratio',
    better: 'more',
    description: 'Requests that met both objectives, of all',
    of: (run) => run.goodputRatio,
  },
  ms(
    'regretMs',
    'Regret',
    'Mean of the expected cost of the choice less that of the best choice, every cache and queue known',
    (run) => run.regretMs.mean,
  ),
  {
    id: 'recomputedTokens',
    label: 'Recomputed',
    unit: 'tokens',
    better: 'less',
    description: 'Prompt tokens computed again that some engine held, and those lost to preemption',
    of: (run) => run.recomputedTokens,
  },
  {
    id: 'preemptions',
    label: 'Preemptions',
    unit: 'requests',
    better: 'less',
    description: 'Times that a request lost its blocks',
    of: (run) => run.preemptions,
  },
  ms('ttftErrorP50Ms', 'TTFT error p50', 'Median distance of the predicted from the observed time to first token', (run) => run.ttftErrorMs.p50),
]

/** What made requests fail, as a sentence for a report's notes; undefined when none did. */
export function failureNote(runs: readonly ExperimentRun<RunResult>[]): string | undefined {
  const causes: readonly (readonly [string, (result: RunResult) => number])[] = [
    ['longer than an engine holds', ({ failures }) => failures.tooLong],
    ['without an endpoint', ({ failures }) => failures.noEndpoint],
    ['refused or lost by every endpoint that was tried', ({ failures }) => failures.attemptsFailed],
    ['cut short by an engine that died', ({ failures }) => failures.cutShort],
  ]
  const counted = causes.map(([text, of]) => [text, runs.reduce((sum, { result }) => sum + of(result), 0)] as const).filter(([, count]) => count > 0)
  return counted.length === 0 ? undefined : `Failed requests, over all runs: ${counted.map(([text, count]) => `${count} ${text}`).join(', ')}.`
}
