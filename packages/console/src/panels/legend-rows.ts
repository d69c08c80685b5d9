/** Lines of a legend as a table: a row for each thing that quantiles are drawn of, a column for each quantile. Numbers are positions of lines. */
export interface LegendRows {
  readonly quantiles: readonly string[]
  readonly rows: readonly { readonly title: string; readonly lines: readonly (number | undefined)[] }[]
  /** The lines that stand in no row. */
  readonly others: readonly number[]
}

/**
 * Arranges names such as `p95 (SGLang)` by what stands in brackets, both in the order in which they come. Undefined where fewer than two things are told
 * apart so: a list says it as well.
 */
export function legendRows(names: readonly string[]): LegendRows | undefined {
  const quantiles: string[] = []
  const rows = new Map<string, Map<string, number>>()
  const others: number[] = []
  names.forEach((name, line) => {
    const [, quantile, title] = /^(p\d+(?:\.\d+)?) \((.+)\)$/.exec(name) ?? []
    if (quantile === undefined || title === undefined) {
      others.push(line)
      return
    }
    if (!quantiles.includes(quantile)) quantiles.push(quantile)
    rows.set(title, (rows.get(title) ?? new Map<string, number>()).set(quantile, line))
  })
  if (rows.size < 2) return undefined
  return { quantiles, rows: [...rows].map(([title, lines]) => ({ title, lines: quantiles.map((quantile) => lines.get(quantile)) })), others }
}
