import type { RunResult } from './run-result.ts'
import { type Interval, intervalOf } from './statistics.ts'

/** Which side of a metric is the good one. `none`: it explains, it does not judge. */
export type Better = 'less' | 'more' | 'none'

/** One number of a run, as reports show it. */
export interface ReportMetric {
  readonly id: string
  readonly label: string
  readonly unit: 'ms' | 'ratio' | 'tokens' | 'requests' | 'per-second' | 'times'
  readonly better: Better
  readonly description: string
}

/** A mean over runs and its 95 % interval; the bounds are null where one run is all there is. */
export interface ReportInterval {
  readonly mean: number
  readonly low: number | null
  readonly high: number | null
}

/** What one variant (a policy, an address) did at one load, over its seeds. */
export interface ReportRow {
  readonly variant: string
  /** A yardstick and no competitor: it takes no part in who is best. */
  readonly isReference: boolean
  /** Runs behind the intervals, each with a seed of its own. */
  readonly seeds: number
  /** Requests that failed, over all of them. */
  readonly failed: number
  /** By metric id; null where it is not known, or has no value (a share of nothing). */
  readonly values: Readonly<Record<string, ReportInterval | null>>
}

/** One point of the load axis. */
export interface ReportLoad {
  /** `0.7` of saturation, `2` times the recorded rate. */
  readonly load: number
  readonly requestsPerSecond: number
  readonly rows: readonly ReportRow[]
}

/** What a replay, or a load test, found: the document behind the table, the JSON and the page. */
export interface ExperimentReport {
  readonly kind: 'replay' | 'load'
  readonly version: 1
  readonly title: string
  /** Whether the engines are simulated ones; null: not known. */
  readonly simulated: boolean | null
  /** What was run, name and value, for people. */
  readonly facts: readonly (readonly [string, string])[]
  /** What `load` is. */
  readonly loadLabel: string
  /** Requests a second at which the fleet is saturated; null: not measured. */
  readonly saturationPerSecond: number | null
  readonly metrics: readonly ReportMetric[]
  readonly loads: readonly ReportLoad[]
  readonly notes: readonly string[]
  /** How to repeat it. */
  readonly command: string
  /** True when it was stopped before its end: rows may have fewer seeds. */
  readonly stopped: boolean
}

/** A run and what it was a run of. */
export interface ExperimentRun<Result> {
  readonly variant: string
  readonly load: number
  readonly requestsPerSecond: number
  readonly result: Result
}

/** A metric and where a result has it; null or NaN: it does not. */
export type ReportColumn<Result> = ReportMetric & { of(result: Result): number | null }

/** A column of milliseconds, of which fewer are better. */
export function msColumn<Result>(id: string, label: string, description: string, of: ReportColumn<Result>['of']): ReportColumn<Result> {
  return { id, label, unit: 'ms', better: 'less', description, of }
}

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

/** What a report says of its columns. */
export function metricsOf<Result>(columns: readonly ReportColumn<Result>[]): readonly ReportMetric[] {
  return columns.map(({ id, label, unit, better, description }) => ({ id, label, unit, better, description }))
}

/** Gathers runs into the loads of a report: variants in the order given. `references` are variants to measure by. */
export function reportLoads<Result extends { readonly failed: number }>(
  columns: readonly ReportColumn<Result>[],
  runs: readonly ExperimentRun<Result>[],
  { variants, references = [] }: { readonly variants: readonly string[]; readonly references?: readonly string[] },
): readonly ReportLoad[] {
  const loads = [...new Set(runs.map((run) => run.load))].sort((a, b) => a - b)
  return loads.map((load) => {
    const atLoad = runs.filter((run) => run.load === load)
    const rows = variants.flatMap((variant): ReportRow[] => {
      const results = atLoad.filter((run) => run.variant === variant).map(({ result }) => result)
      if (results.length === 0) return []
      const values = columns.map(({ id, of }) => [id, reportInterval(intervalOf(results.map((result) => of(result) ?? Number.NaN)))] as const)
      const failed = results.reduce((sum, result) => sum + result.failed, 0)
      return [{ variant, isReference: references.includes(variant), seeds: results.length, failed, values: Object.fromEntries(values) }]
    })
    return { load, requestsPerSecond: atLoad[0]?.requestsPerSecond ?? Number.NaN, rows }
  })
}

/** As JSON keeps it: null for what has no value. */
function reportInterval({ mean, low, high }: Interval): ReportInterval | null {
  if (!Number.isFinite(mean)) return null
  return Number.isFinite(low) && Number.isFinite(high) ? { mean, low, high } : { mean, low: null, high: null }
}

/** Whether two intervals overlap: the data do not tell the two apart. Of single runs, whether they are equal. */
function overlaps(a: ReportInterval, b: ReportInterval): boolean {
  return (a.low ?? a.mean) <= (b.high ?? b.mean) && (b.low ?? b.mean) <= (a.high ?? a.mean)
}

/** By metric, the variants of a load that are best or not told apart from the best. Empty where the metric does not judge or one alone has a value. */
export function bestOf(rows: readonly ReportRow[], metric: ReportMetric): readonly string[] {
  if (metric.better === 'none') return []
  const known = rows.flatMap((row) => {
    const value = row.values[metric.id]
    return row.isReference || value === null || value === undefined ? [] : [{ variant: row.variant, value }]
  })
  const sign = metric.better === 'less' ? 1 : -1
  const best = known.reduce<(typeof known)[number] | undefined>(
    (a, b) => (a === undefined || (b.value.mean - a.value.mean) * sign < 0 ? b : a),
    undefined,
  )
  return best === undefined || known.length < 2 ? [] : known.filter(({ value }) => overlaps(value, best.value)).map(({ variant }) => variant)
}

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
