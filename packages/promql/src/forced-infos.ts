import type { Place } from './ast.ts'
import type { ForcedCounts } from './context.ts'
import { civilFromDays } from './functions/civil.ts'
import { formatG } from './histogram/histogram-text.ts'

const HELP = 'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile'

interface Occurrences {
  readonly text: string
  readonly place: Place
  count: number
  fromMs: number
  toMs: number
  bucketMin: number
  bucketMax: number
  differenceMax: number
}

/**
 * The infos about classic histograms whose counts decrease: one for each metric, over all times at which it was so.
 * SOURCE: prometheus util/annotations (HistogramQuantileForcedMonotonicityInfo).
 */
export class ForcedInfos {
  readonly #occurrences = new Map<string, Occurrences>()

  add(metric: string, place: Place, { timeMs, bucketMin, bucketMax, differenceMax }: ForcedCounts): void {
    const about = metric === '' ? '' : ` for metric name "${metric}"`
    const text = `input to histogram_quantile needed to be fixed for monotonicity (see ${HELP})${about}`
    const known = this.#occurrences.get(text)
    if (known === undefined) {
      this.#occurrences.set(text, { text, place, count: 1, fromMs: timeMs, toMs: timeMs, bucketMin, bucketMax, differenceMax })
      return
    }
    known.count++
    known.fromMs = Math.min(known.fromMs, timeMs)
    known.toMs = Math.max(known.toMs, timeMs)
    known.bucketMin = Math.min(known.bucketMin, bucketMin)
    known.bucketMax = Math.max(known.bucketMax, bucketMax)
    known.differenceMax = Math.max(known.differenceMax, differenceMax)
  }

  texts(): string[] {
    return [...this.#occurrences.values()].map((one) => {
      const buckets = `from buckets ${formatG(one.bucketMin)} to ${formatG(one.bucketMax)}`
      const times = `over ${one.count} samples from ${dateTime(one.fromMs)} to ${dateTime(one.toMs)}`
      const difference = formatG(Number(one.differenceMax.toPrecision(2)))
      return `PromQL info: ${one.text}, ${buckets}, with a max diff of ${difference}, ${times} (${one.place.line}:${one.place.column})`
    })
  }
}

/** RFC 3339 in UTC, to the second. */
function dateTime(timeMs: number): string {
  const seconds = Math.trunc(timeMs / 1000)
  const days = Math.floor(seconds / 86_400)
  const { year, month, day } = civilFromDays(days)
  const rest = seconds - days * 86_400
  const two = (value: number): string => String(value).padStart(2, '0')
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(':')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}Z`
}
