import { bestOf, type ExperimentReport, type ReportInterval, type ReportLoad, type ReportMetric } from '@signalbox/replay'
import { table } from '../commands/table.ts'

/** What the terminal shows of a report: what was run, then one table a load. `metricIds`: the columns, all judging ones by default. */
export function reportText(report: ExperimentReport, metricIds: readonly string[] | undefined): string {
  const metrics = report.metrics.filter(({ id }) => (metricIds ?? terminalMetrics).includes(id))
  const facts = report.facts.map(([name, value]) => `${name}: ${value}`)
  return [
    report.title,
    ...facts,
    ...report.loads.flatMap((load) => [
      '',
      `${report.loadLabel} ${load.load}, ${short(load.requestsPerSecond)} requests/s`,
      loadTable(report, load, metrics),
    ]),
    '',
    'Mean over the runs ± half of the 95 % interval; * best, or not told apart from the best.',
    ...report.notes,
    ...(report.stopped ? ['Stopped before its end: some rows have fewer runs behind them.'] : []),
  ].join('\n')
}

/** Columns that fit a terminal; the page and the JSON have all. */
export const terminalMetrics: readonly string[] = [
  'ttftP50Ms',
  'ttftP90Ms',
  'tpotP90Ms',
  'e2eP90Ms',
  'hitRatio',
  'imbalance',
  'goodputRatio',
  'regretMs',
]

function loadTable(report: ExperimentReport, load: ReportLoad, metrics: readonly ReportMetric[]): string {
  const best = new Map(metrics.map((metric) => [metric.id, new Set(bestOf(load.rows, metric))]))
  return table(
    [report.kind === 'replay' ? 'policy' : 'target', ...metrics.map(({ label }) => label), 'failed', 'runs'],
    load.rows.map((row) => [
      row.variant,
      ...metrics.map((metric) => {
        const value = row.values[metric.id] ?? null
        return `${intervalText(metric, value)}${best.get(metric.id)?.has(row.variant) === true ? ' *' : ''}`
      }),
      String(row.failed),
      String(row.seeds),
    ]),
  )
}

function intervalText(metric: ReportMetric, value: ReportInterval | null): string {
  if (value === null) return 'unknown'
  const half = value.low === null || value.high === null ? 0 : (value.high - value.low) / 2
  switch (metric.unit) {
    case 'ms':
      return value.mean >= 10_000
        ? `${(value.mean / 1000).toFixed(1)}${spread(half / 1000, 1)} s`
        : `${value.mean.toFixed(value.mean < 100 ? 1 : 0)}${spread(half, value.mean < 100 ? 1 : 0)} ms`
    case 'ratio':
      return `${(value.mean * 100).toFixed(1)}${spread(half * 100, 1)} %`
    case 'times':
      return `${value.mean.toFixed(2)}${spread(half, 2)}`
    case 'per-second':
    case 'tokens':
    case 'requests':
      return `${short(value.mean)}${half > 0 ? ` ± ${short(half)}` : ''}`
  }
}

function spread(half: number, decimals: number): string {
  return half > 0 ? ` ± ${half.toFixed(decimals)}` : ''
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

function short(value: number): string {
  return Number.isFinite(value) ? compact.format(value) : 'unknown'
}
