import { bestOf, type ReportInterval, type ReportLoad, type ReportMetric } from '@signalbox/replay'

/** What the documents show of a scenario: one table, a row a policy, for each load the two latencies that are judged. */
const shown: readonly ReportMetric[] = [
  { id: 'ttftP90Ms', label: 'TTFT p90', unit: 'ms', better: 'less', description: '' },
  { id: 'e2eP90Ms', label: 'E2E p90', unit: 'ms', better: 'less', description: '' },
]

/** A scenario's loads as a Markdown table. Bold: best, or its 95 % interval overlaps the best's. */
export function markdownTable(loads: readonly ReportLoad[]): string {
  const variants = [...new Set(loads.flatMap(({ rows }) => rows.map(({ variant }) => variant)))]
  const header = [
    'policy',
    ...loads.flatMap(({ load }) => shown.map(({ label }) => `${label} at ${load}`)),
    `hit ratio at ${loads.at(-1)?.load}`,
    `regret at ${loads.at(-1)?.load}`,
  ]
  const best = loads.map(({ rows }) => shown.map((metric) => new Set(bestOf(rows, metric))))
  const lines = variants.map((variant) => {
    const cells = loads.flatMap(({ rows }, at) => {
      const row = rows.find((one) => one.variant === variant)
      return shown.map((metric, column) => {
        const text = interval(row?.values[metric.id] ?? null)
        return best[at]?.[column]?.has(variant) === true ? `**${text}**` : text
      })
    })
    const last = loads.at(-1)?.rows.find((one) => one.variant === variant)?.values
    return [variant, ...cells, percent(last?.['hitRatio']?.mean), interval(last?.['regretMs'] ?? null)]
  })
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function interval(value: ReportInterval | null): string {
  if (value === null) return '–'
  const half = value.low === null || value.high === null ? 0 : (value.high - value.low) / 2
  return value.mean >= 1000 ? `${digits(value.mean / 1000)} ± ${digits(half / 1000)} s` : `${value.mean.toFixed(0)} ± ${half.toFixed(0)} ms`
}

function digits(seconds: number): string {
  return seconds >= 100 ? seconds.toFixed(0) : seconds.toFixed(seconds >= 10 ? 1 : 2)
}

function percent(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${(ratio * 100).toFixed(0)} %`
}
