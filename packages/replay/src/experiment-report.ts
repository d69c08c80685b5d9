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
  /** Ids of the metrics by which it is best at this load, or not told apart from the best. Where that is true of every row, of none. */
  readonly best: readonly string[]
}

/** One point of the load axis. */
export interface ReportLoad {
  /** `0.7` of saturation, `2` times the recorded rate. */
  readonly load: number
  /** Arrivals offered; null where answers decide when the next request comes. */
  readonly requestsPerSecond: number | null
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
