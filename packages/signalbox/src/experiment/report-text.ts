import type { ExperimentReport, ReportInterval, ReportLoad, ReportMetric } from '@signalbox/replay'
import { table } from '../commands/table.ts'

/** Columns that fit a terminal, where none are asked for; the page and the JSON have all. */
const METRICS_DEFAULT: readonly string[] = ['ttftP50Ms', 'ttftP90Ms', 'tpotP90Ms', 'e2eP90Ms', 'hitRatio', 'imbalance', 'goodputRatio', 'regretMs']

/** What the terminal shows of a report: what was run, one table a load, what is to be known about it. `metricIds`: the columns, in their order. */
export function reportText(report: ExperimentReport, metricIds: readonly string[] = METRICS_DEFAULT): string {
  const metrics = metricIds.flatMap((id) => report.metrics.find((metric) => metric.id === id) ?? [])
  const facts = report.facts.map(([name, value]) => `${name}: ${value}`)
  const loads = report.loads.flatMap((load) => ['', loadTitle(report, load), loadTable(report, load, metrics)])
  return [report.title, ...facts, ...loads, '', ...legend(report), ...report.notes].join('\n')
}

function loadTitle({ loadLabel }: ExperimentReport, { load, requestsPerSecond }: ReportLoad): string {
  return `${loadLabel}: ${load}${requestsPerSecond === null ? '' : `, ${short(requestsPerSecond)} requests/s`}`
}

/** How to read the tables, as far as they have what is explained. */
function legend({ loads, stopped }: ExperimentReport): readonly string[] {
  const rows = loads.flatMap((load) => load.rows)
  const hasSpread = rows.some(({ seeds }) => seeds > 1)
  return [
    hasSpread ? 'Mean over the runs ± half of its 95 % interval.' : 'One run of each: how much chance is in it is not known.',
    ...(rows.some(({ best }) => best.length > 0) ? [`* best${hasSpread ? ', or not told apart from the best by comparing run with run' : ''}.`] : []),
    ...(stopped ? ['Stopped before its end: some rows have fewer runs behind them.'] : []),
  ]
}

function loadTable(report: ExperimentReport, load: ReportLoad, metrics: readonly ReportMetric[]): string {
  return table(
    [report.kind === 'replay' ? 'policy' : 'target', ...metrics.map(({ label }) => label), 'failed', 'runs'],
    load.rows.map((row) => [
      row.variant,
      ...metrics.map((metric) => `${intervalText(metric, row.values[metric.id] ?? null)}${row.best.includes(metric.id) ? ' *' : ''}`),
      String(row.failed),
      String(row.seeds),
    ]),
  )
}

function intervalText({ unit }: ReportMetric, value: ReportInterval | null): string {
  if (value === null) return 'unknown'
  switch (unit) {
    case 'ms':
      return value.mean >= SECONDS_FROM_MS ? `${spread(value, 1 / 1000, 1)} s` : `${spread(value, 1, value.mean < 100 ? 1 : 0)} ms`
    case 'ratio':
      return `${spread(value, 100, 1)} %`
    case 'times':
      return spread(value, 1, 2)
    case 'per-second':
    case 'tokens':
    case 'requests': {
      const half = halfOf(value)
      return `${short(value.mean)}${half > 0 ? ` ± ${short(half)}` : ''}`
    }
  }
}

/** From here on milliseconds are written as seconds. */
const SECONDS_FROM_MS = 10_000

function spread(value: ReportInterval, factor: number, decimals: number): string {
  const half = halfOf(value)
  return `${(value.mean * factor).toFixed(decimals)}${half > 0 ? ` ± ${(half * factor).toFixed(decimals)}` : ''}`
}

/** 0 where one run is all there is, or all are the same. */
function halfOf({ low, high }: ReportInterval): number {
  return low === null || high === null ? 0 : (high - low) / 2
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

function short(value: number): string {
  return compact.format(value)
}
