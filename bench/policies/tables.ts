import type { ReportInterval, ReportLoad, ReportMetric, ReportRow } from '@signalbox/replay'

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
  const best = loads.map(({ rows }) => shown.map((metric) => overlappingBest(rows, metric)))
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

/** The variants whose interval overlaps that of the least mean; references take no part. */
function overlappingBest(rows: readonly ReportRow[], { id }: ReportMetric): ReadonlySet<string> {
  const known = rows.flatMap(({ variant, isReference, values }) => {
    const value = values[id]
    return isReference || value === null || value === undefined
      ? []
      : [{ variant, low: value.low ?? value.mean, high: value.high ?? value.mean, value }]
  })
  const least = known.toSorted((a, b) => a.value.mean - b.value.mean)[0]
  return new Set(known.filter(({ low }) => least !== undefined && low <= least.high).map(({ variant }) => variant))
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
