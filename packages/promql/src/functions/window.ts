import type { Labels } from '@signalbox/base'
import type { CallContext, RangeVector, Samples, Windows } from '../context.ts'
import type { FloatHistogram } from '../histogram/float-histogram.ts'
import { type LazySeries, mergeUnnamed, Row } from '../series.ts'

/** The samples [low, high) of one window, never empty. One object is reused for all windows of a row. */
export class Window {
  readonly timestampsMs: Float64Array
  readonly values: Float64Array
  readonly #histograms: readonly (FloatHistogram | undefined)[] | undefined
  readonly #startsMs: Float64Array | undefined
  low = 0
  high = 0
  endMs = 0
  startMs = 0
  step = 0

  constructor(samples: Samples) {
    this.timestampsMs = samples.timestampsMs
    this.values = samples.values
    this.#histograms = samples.histograms
    this.#startsMs = samples.startTimestampsMs
  }

  get count(): number {
    return this.high - this.low
  }

  value(index: number): number {
    return this.values[index] as number
  }

  timeMs(index: number): number {
    return this.timestampsMs[index] as number
  }

  histogram(index: number): FloatHistogram | undefined {
    return this.#histograms?.[index]
  }

  /** When the sample's counter began; 0 where that is unknown. */
  startedMs(index: number): number {
    return this.#startsMs?.[index] ?? 0
  }

  /** How many of its samples are native histograms. */
  get histogramCount(): number {
    if (this.#histograms === undefined) return 0
    let count = 0
    for (let i = this.low; i < this.high; i++) if (this.#histograms[i] !== undefined) count++
    return count
  }
}

/** A value for each window that holds samples; undefined leaves the step without a point. */
export type WindowFunction = (window: Window) => number | undefined

export function windowRow(samples: Samples, windows: Windows, compute: (window: Window) => number | FloatHistogram | undefined): Row {
  const row = new Row(windows.count)
  const window = new Window(samples)
  const { timestampsMs } = samples
  const anchored = windows.boundaries === 'anchored'
  for (let step = 0; step < windows.count; step++) {
    const endMs = windows.endMs(step)
    const startMs = endMs - windows.rangeMs
    while (window.high < timestampsMs.length && (timestampsMs[window.high] as number) <= endMs) window.high++
    while (window.low < window.high && (timestampsMs[window.low] as number) <= startMs) window.low++
    if (window.low === window.high) continue
    window.endMs = endMs
    window.startMs = startMs
    window.step = step
    const low = window.low
    // Anchored, the sample at or before the start is the first one, when the lookback reaches it.
    if (anchored && low > 0 && (timestampsMs[low - 1] as number) > startMs - windows.lookbackMs) window.low--
    const value = compute(window)
    window.low = low
    if (typeof value === 'number') row.set(step, value)
    else if (value !== undefined) row.setHistogram(step, value)
  }
  return row
}

/** The floats of the samples alone. */
export function floatsOf(samples: Samples): Samples {
  const { histograms } = samples
  if (histograms === undefined) return samples
  // Histograms are a sparse array: what is missing must be asked for by index.
  const floats = Array.from(samples.values, (_, i) => i).filter((i) => histograms[i] === undefined)
  return {
    timestampsMs: Float64Array.from(floats, (i) => samples.timestampsMs[i] as number),
    values: Float64Array.from(floats, (i) => samples.values[i] as number),
  }
}

/** Beside its samples, what the row of one series is computed with. */
interface RowOf {
  readonly labels: Labels
  /** May become the row, see `LazySeries`. */
  readonly spare: Row | undefined
}

/** One row for each series of a range vector, computed by `compute`; the name is dropped unless `keepName`. */
export function overRange(
  call: CallContext,
  { series, windows }: RangeVector,
  compute: (samples: Samples, windows: Windows, of: RowOf) => Row,
  keepName = false,
): LazySeries[] {
  const rows = series.map((one): LazySeries => {
    const identity = keepName ? one : call.unnamed(one)
    return {
      labels: identity.labels,
      dropsName: identity.dropsName ?? false,
      row: (spare) => compute(one.samples(), windows, { labels: one.labels, spare }),
    }
  })
  return keepName ? rows : mergeUnnamed(series, rows)
}

/**
 * A function of the floats of each window; native histograms beside them are ignored with an info, windows of histograms alone have no
 * point. SOURCE: prometheus promql/functions.go (NewHistogramIgnoredInMixedRangeInfo).
 */
export function overFloats(call: CallContext, range: RangeVector, argument: number, compute: WindowFunction): LazySeries[] {
  return overRange(call, range, (samples, windows, { labels }) => {
    if (samples.histograms === undefined) return windowRow(samples, windows, compute)
    noteIgnored(call, samples, windows, { labels, argument })
    return windowRow(floatsOf(samples), windows, compute)
  })
}

function noteIgnored(call: CallContext, samples: Samples, windows: Windows, { labels, argument }: { labels: Labels; argument: number }): void {
  windowRow(samples, windows, (window) => {
    const histograms = window.histogramCount
    if (histograms > 0 && histograms < window.count) {
      const name = labels.get('__name__')
      const message = `ignored histograms in a range containing both floats and histograms for metric name "${name}"`
      call.annotations.info(message, call.arg(argument).place)
    }
    return undefined
  })
}
