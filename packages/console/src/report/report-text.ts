import type { ReportInterval, ReportMetric } from '@signalbox/replay'
import { formatCount, formatMs, formatRatio } from '../format/numbers.ts'

/** One value of a metric in the unit that fits; `unknown` for null. */
export function metricText(metric: ReportMetric, value: number | null): string {
  switch (metric.unit) {
    case 'ms':
      return formatMs(value)
    case 'ratio':
      return formatRatio(value)
    case 'times':
      return value === null ? formatCount(value) : `${value.toFixed(2)} ×`
    case 'per-second':
      return value === null ? formatCount(value) : `${formatCount(value)}/s`
    case 'tokens':
    case 'requests':
      return formatCount(value)
  }
}

/** The interval behind a mean: `1.2 s to 1.4 s`; empty where one run is all there is. */
export function intervalText(metric: ReportMetric, interval: ReportInterval): string {
  const { low, high } = interval
  return low === null || high === null || low === high ? '' : `${metricText(metric, low)} to ${metricText(metric, high)}`
}
