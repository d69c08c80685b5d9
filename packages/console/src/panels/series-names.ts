/** A series before it has a name. */
export interface Unnamed {
  readonly query: number
  readonly metric: Readonly<Record<string, string>>
}

/**
 * The name of each series: its query's legend with `{{label}}` replaced; where one query without such places returns several
 * series, the labels in which they differ are added. Names of one panel are distinct as long as the label sets are.
 */
export function nameSeries(legends: readonly string[], series: readonly Unnamed[]): string[] {
  return series.map(({ query, metric }) => {
    const legend = legends[query] ?? ''
    if (legend.includes('{{')) return legend.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (_, label: string) => metric[label] ?? '')
    const siblings = series.filter((other) => other.query === query)
    if (siblings.length < 2) return legend
    const differing = Object.keys(metric).filter((label) => siblings.some((other) => other.metric[label] !== metric[label]))
    return [legend, ...differing.map((label) => metric[label] ?? '')].filter((part) => part !== '').join(' · ')
  })
}

/** How a series is coloured: a hue of the palette, and for quantiles one of three strengths of it. */
export interface SeriesColor {
  /** 0..PALETTE_SIZE-1 */
  readonly hue: number
  readonly shade: 'full' | 'middle' | 'light'
}

const PALETTE_SIZE = 8

/** Labels in an order that does not depend on the answer's. */
export function sortedLabels(metric: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** An order that does not change from answer to answer; numbers inside names count as numbers. */
export function byQueryThenLabels(a: Unnamed, b: Unnamed): number {
  if (a.query !== b.query) return a.query - b.query
  return JSON.stringify(sortedLabels(a.metric)).localeCompare(JSON.stringify(sortedLabels(b.metric)), 'en', { numeric: true })
}

/** FNV-1a over UTF-16 units, 32 bits: stable between pages and sessions. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value >>> 0
}

const SHADES: Readonly<Record<string, SeriesColor['shade']>> = { p50: 'light', p95: 'middle', p99: 'full', p90: 'light', p999: 'full' }

/**
 * Colours for the named series. Quantiles of one thing share a hue in three strengths. What has an identity (an instance, a
 * model) has the hue of its hash, so that it is the same on every panel; the rest takes hues in the order of the queries.
 * A hue that is taken moves on to the next free one while there is one.
 */
export function colorSeries(names: readonly string[], series: readonly Unnamed[]): SeriesColor[] {
  const hueOf = new Map<string, number>()
  return series.map(({ query, metric }, index) => {
    const quantile = /\bp(50|90|95|999|99)\b/i.exec(names[index] ?? '')?.[0].toLowerCase()
    const shade = quantile === undefined ? 'middle' : (SHADES[quantile] ?? 'middle')
    const alone = series.filter((other) => other.query === query).length < 2
    const identity = alone ? '' : JSON.stringify(sortedLabels(metric))
    // Quantiles of another dialect's buckets are another thing: 'p95 (SGLang)' beside 'p95 (vLLM V1)'.
    const whose = /\(.*\)$/.exec(names[index] ?? '')?.[0] ?? ''
    const key = quantile === undefined ? `${query} ${identity}` : `quantile ${whose} ${identity}`
    const wanted = identity !== '' ? hash(identity) : quantile === undefined ? query : 0
    const hue = hueOf.get(key) ?? freeHue(wanted % PALETTE_SIZE, new Set(hueOf.values()))
    hueOf.set(key, hue)
    return { hue, shade }
  })
}

function freeHue(wanted: number, taken: ReadonlySet<number>): number {
  for (let step = 0; step < PALETTE_SIZE; step += 1) {
    const hue = (wanted + step) % PALETTE_SIZE
    if (!taken.has(hue)) return hue
  }
  return wanted
}
