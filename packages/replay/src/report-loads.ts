import { bestOf, type SeedValues } from './best-of.ts'
import type { ReportInterval, ReportLoad, ReportMetric, ReportRow } from './experiment-report.ts'
import { type Interval, intervalOf } from './statistics.ts'

/** A run and what it was a run of. */
export interface ExperimentRun<Result> {
  readonly variant: string
  readonly load: number
  /** Runs of one load and seed have the same requests: they are compared in pairs. */
  readonly seed: number
  /** Arrivals offered; null where answers decide when the next request comes. */
  readonly requestsPerSecond: number | null
  readonly result: Result
}

/** A metric and where a result has it; null or NaN: it does not. */
export type ReportColumn<Result> = ReportMetric & { of(result: Result): number | null }

/** A column of milliseconds, of which fewer are better. */
export function msColumn<Result>(id: string, label: string, description: string, of: ReportColumn<Result>['of']): ReportColumn<Result> {
  return { id, label, unit: 'ms', better: 'less', description, of }
}

/** What a report says of its columns. */
export function metricsOf<Result>(columns: readonly ReportColumn<Result>[]): readonly ReportMetric[] {
  return columns.map(({ id, label, unit, better, description }) => ({ id, label, unit, better, description }))
}

/** Who takes part, in the order of the report's rows. */
export interface ReportVariants {
  readonly variants: readonly string[]
  /** Those to measure by. */
  readonly references?: readonly string[]
}

/** Gathers runs, in whichever order they come, into the loads of a report, in rising order. A variant without a run at a load has no row there. */
export function reportLoads<Result extends { readonly failed: number }>(
  columns: readonly ReportColumn<Result>[],
  runs: readonly ExperimentRun<Result>[],
  { variants, references = [] }: ReportVariants,
): readonly ReportLoad[] {
  const loads = [...new Set(runs.map((run) => run.load))].sort((a, b) => a - b)
  return loads.map((load) => {
    const atLoad = runs.filter((run) => run.load === load)
    const entrants = variants
      .map((variant): Entrant<Result> => {
        const own = atLoad.filter((run) => run.variant === variant).sort((a, b) => a.seed - b.seed)
        return { variant, isReference: references.includes(variant), runs: own }
      })
      .filter((entrant) => entrant.runs.length > 0)
    const best = new Map(columns.map((column) => [column.id, bestVariants(column, entrants)]))
    const rows = entrants.map(
      ({ variant, isReference, runs }): ReportRow => ({
        variant,
        isReference,
        seeds: runs.length,
        failed: runs.reduce((sum, { result }) => sum + result.failed, 0),
        values: Object.fromEntries(columns.map((column) => [column.id, reportInterval(intervalOf([...seedValues(column, runs).values()]))])),
        best: columns.filter(({ id }) => best.get(id)?.has(variant)).map(({ id }) => id),
      }),
    )
    return { load, requestsPerSecond: atLoad[0]?.requestsPerSecond ?? null, rows }
  })
}

/** A variant at one load, with its runs by rising seed. */
interface Entrant<Result> {
  readonly variant: string
  readonly isReference: boolean
  readonly runs: readonly ExperimentRun<Result>[]
}

function bestVariants<Result>(column: ReportColumn<Result>, entrants: readonly Entrant<Result>[]): ReadonlySet<string> {
  if (column.better === 'none') return new Set()
  const competitors = entrants.filter(({ isReference }) => !isReference)
  const best = bestOf(
    competitors.map(({ runs }) => seedValues(column, runs)),
    column.better,
  )
  return new Set(best.map((place) => competitors[place]?.variant ?? ''))
}

function seedValues<Result>({ of }: ReportColumn<Result>, runs: readonly ExperimentRun<Result>[]): SeedValues {
  const values = runs.map(({ seed, result }) => [seed, of(result) ?? Number.NaN] as const)
  return new Map(values.filter(([, value]) => Number.isFinite(value)))
}

/** As JSON keeps it: null for what has no value. */
function reportInterval({ mean, low, high }: Interval): ReportInterval | null {
  if (Number.isNaN(mean)) return null
  return Number.isNaN(low) ? { mean, low: null, high: null } : { mean, low, high }
}
