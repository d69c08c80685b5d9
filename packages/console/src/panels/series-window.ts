import type { MatrixSeries } from '../api-types.ts'
import { byQueryThenLabels, sortedLabels } from './series-names.ts'

/** One line: what it is called is decided by `series-names.ts`. */
interface WindowSeries {
  /** Index of the panel's query it came from. */
  readonly query: number
  readonly metric: Readonly<Record<string, string>>
  /** One value a point, oldest first; null where nothing was measured. */
  readonly values: readonly (number | null)[]
}

/** What a chart draws: points `stepMs` apart, the last at `endMs`. */
export interface WindowView {
  readonly stepMs: number
  readonly endMs: number
  /** Seconds, the unit of uPlot's x axis. */
  readonly times: readonly number[]
  readonly series: readonly WindowSeries[]
}

interface Line {
  readonly query: number
  readonly metric: Readonly<Record<string, string>>
  values: (number | null)[]
}

/** Lines kept for one panel; more are dropped in the order of the answer, and `dropped` says how many. */
export const SERIES_MAX = 20

/**
 * A panel's points, kept between refreshes: a refresh asks for the newest points only, which are appended while the oldest
 * fall out.
 *
 *     points    |----------------------|     slide(end): the same array, shifted left
 *     rewritten                     |---|    write(query, from, ...): the answer replaces what it covers
 *
 * Points lie on multiples of the step, so that answers of different refreshes fall on the same ones. Every line has exactly
 * `points` values.
 */
export class SeriesWindow {
  readonly stepMs: number
  readonly points: number
  dropped = 0
  #endMs: number | undefined
  readonly #lines = new Map<string, Line>()

  constructor(stepMs: number, spanMs: number) {
    this.stepMs = stepMs
    this.points = Math.max(2, Math.floor(spanMs / stepMs) + 1)
  }

  /** The multiple of the step at or before a time. */
  align(timeMs: number): number {
    return Math.floor(timeMs / this.stepMs) * this.stepMs
  }

  /** The newest point, or undefined when nothing was written yet. */
  get endMs(): number | undefined {
    return this.#endMs
  }

  /** Moves the window's end to the aligned `endMs`. A step back, or further than the window is long, empties it. */
  slide(endMs: number): void {
    const shift = this.#endMs === undefined ? this.points : (endMs - this.#endMs) / this.stepMs
    this.#endMs = endMs
    if (shift === 0) return
    if (shift < 0 || shift >= this.points) {
      this.#lines.clear()
      return
    }
    for (const line of this.#lines.values()) {
      line.values = [...line.values.slice(shift), ...new Array<null>(shift).fill(null)]
    }
  }

  /** Replaces all that `query` said from the aligned `fromMs` on. Values that are not finite count as not measured. */
  write(query: number, fromMs: number, answer: readonly MatrixSeries[]): void {
    const endMs = this.#endMs
    if (endMs === undefined) return
    const startMs = endMs - (this.points - 1) * this.stepMs
    const first = Math.max(0, Math.round((fromMs - startMs) / this.stepMs))
    for (const line of this.#lines.values()) {
      if (line.query === query) line.values.fill(null, first)
    }
    this.dropped = 0
    for (const series of answer) {
      const line = this.#line(query, series.metric)
      if (line === undefined) {
        this.dropped += 1
        continue
      }
      for (const [seconds, text] of series.values) {
        const index = Math.round((seconds * 1000 - startMs) / this.stepMs)
        const value = Number(text)
        if (index >= first && index < this.points) line.values[index] = Number.isFinite(value) ? value : null
      }
    }
    for (const [key, line] of this.#lines) {
      if (line.values.every((value) => value === null)) this.#lines.delete(key)
    }
  }

  /** A copy to draw. */
  view(): WindowView {
    const endMs = this.#endMs ?? 0
    const times = Array.from({ length: this.points }, (_, index) => (endMs - (this.points - 1 - index) * this.stepMs) / 1000)
    const series = [...this.#lines.values()].sort(byQueryThenLabels).map((line) => ({ ...line, values: [...line.values] }))
    return { stepMs: this.stepMs, endMs, times, series }
  }

  #line(query: number, metric: Readonly<Record<string, string>>): Line | undefined {
    const key = `${query}|${JSON.stringify(sortedLabels(metric))}`
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    if (this.#lines.size >= SERIES_MAX) return undefined
    const line: Line = { query, metric, values: new Array<null>(this.points).fill(null) }
    this.#lines.set(key, line)
    return line
  }
}
