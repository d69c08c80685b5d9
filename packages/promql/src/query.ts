import type { At, Place } from './ast.ts'
import type { Annotations, ForcedCounts, Windows } from './context.ts'
import { EvaluationFailure } from './failure.ts'
import { ForcedInfos } from './forced-infos.ts'
import type { Lookup } from './select.ts'
import type { Grid } from './series.ts'
import type { EvaluationOptions, Matcher, Queryable, SeriesColumns } from './types.ts'

const LOOKBACK_MS = 5 * 60_000
/** SOURCE: Prometheus's default for query.max-samples. */
const SAMPLES_MAX = 50_000_000
/** Five times the series that the embedded store holds. */
const SERIES_MAX = 1_000_000

/** What one query shares: the store, the limits and what they have used up, the annotations. Bounds fail the query by EvaluationFailure. */
export class Query implements Annotations {
  readonly lookbackMs: number
  readonly grid: Grid
  readonly delayedNameRemoval: boolean
  readonly #queryable: Queryable
  readonly #samplesMax: number
  readonly #seriesMax: number
  readonly #canceled: EvaluationOptions['canceled']
  readonly #warnings = new Set<string>()
  readonly #infos = new Set<string>()
  readonly #forced = new ForcedInfos()
  #samples = 0
  #series = 0

  constructor(queryable: Queryable, grid: Grid, options: EvaluationOptions) {
    this.#queryable = queryable
    this.grid = grid
    this.delayedNameRemoval = options.delayedNameRemoval ?? false
    this.lookbackMs = options.lookbackMs ?? LOOKBACK_MS
    this.#samplesMax = options.limits?.samplesMax ?? SAMPLES_MAX
    this.#seriesMax = options.limits?.seriesMax ?? SERIES_MAX
    this.#canceled = options.canceled
  }

  get warnings(): readonly string[] {
    return [...this.#warnings]
  }

  get infos(): readonly string[] {
    return [...this.#infos, ...this.#forced.texts()]
  }

  warn(message: string, place: Place): void {
    this.#warnings.add(`PromQL warning: ${message} (${place.line}:${place.column})`)
  }

  info(message: string, place: Place): void {
    this.#infos.add(`PromQL info: ${message} (${place.line}:${place.column})`)
  }

  forced(metric: string, place: Place, change: ForcedCounts): void {
    this.#forced.add(metric, place, change)
  }

  /** The time that `@` names; undefined without one. */
  atMs(at: At | undefined): number | undefined {
    switch (at?.kind) {
      case undefined:
        return undefined
      case 'time':
        return at.timeMs
      case 'start':
        return this.grid.startMs
      case 'end':
        return this.grid.startMs + (this.grid.count - 1) * this.grid.stepMs
    }
  }

  /** The series that match, with samples for all the steps: looking back `backMs` from each, and ahead `aheadMs`. */
  select(matchers: readonly Matcher[], at: Lookup, backMs: number, aheadMs = 0): readonly SeriesColumns[] {
    this.poll()
    const all = this.#queryable.select(matchers, at.timeMs(0) - backMs, at.timeMs(at.count - 1) + aheadMs)
    this.#series += all.length
    if (this.#series > this.#seriesMax) {
      throw new EvaluationFailure('limit', `query selects more than ${this.#seriesMax} series; narrow its selectors or raise the limit`)
    }
    for (const { values } of all) this.keep(values.length)
    return all
  }

  /** Counts samples or points that the query holds. */
  keep(samples: number): void {
    this.#samples += samples
    if (this.#samples > this.#samplesMax) {
      throw new EvaluationFailure('limit', 'query processing would load too many samples into memory in query execution')
    }
  }

  /** Asks, between series, whether the query is still wanted. */
  poll(): void {
    const canceled = this.#canceled?.() ?? false
    if (canceled === false) return
    if (canceled === 'timeout') throw new EvaluationFailure('timeout', 'query timed out in expression evaluation')
    throw new EvaluationFailure('canceled', 'query was canceled in query execution')
  }

  /** The inner steps of a subquery: absolute multiples of `stepMs` inside all its windows. */
  innerGrid(windows: Windows, stepMs: number): Grid {
    const afterMs = windows.endMs(0) - windows.rangeMs
    const startMs = Math.floor(afterMs / stepMs) * stepMs + stepMs
    const count = Math.max(0, Math.floor((windows.endMs(windows.count - 1) - startMs) / stepMs) + 1)
    if (count > this.#samplesMax) this.keep(count)
    return { startMs, stepMs, count }
  }
}
