/** A matrix as query_range answers it. */
export type Matrix = readonly { readonly metric: Readonly<Record<string, string>>; readonly values: readonly (readonly [number, string])[] }[]

/** Relative difference that two implementations may have. SOURCE: prometheus/compliance promql/comparer. */
const TOLERANCE = 1e-5

/** What differs first between what was wanted and what came, in words; undefined when nothing does. Order of series is no difference. */
export function differenceOf(wanted: Matrix, got: Matrix): string | undefined {
  const byLabels = new Map(got.map((series) => [keyOf(series.metric), series]))
  if (byLabels.size !== got.length) return 'two series have the same labels'
  for (const series of wanted) {
    const key = keyOf(series.metric)
    const other = byLabels.get(key)
    if (other === undefined) return `the series ${key} is missing`
    byLabels.delete(key)
    const difference = differenceOfPoints(series.values, other.values)
    if (difference !== undefined) return `${key}: ${difference}`
  }
  const [extra] = byLabels.keys()
  return extra === undefined ? undefined : `the series ${extra} should not be there`
}

function differenceOfPoints(wanted: Matrix[number]['values'], got: Matrix[number]['values']): string | undefined {
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    const [a, b] = [wanted[i], got[i]]
    if (a === undefined || b === undefined || a[0] !== b[0]) {
      return `point ${i}: wanted ${a === undefined ? 'none' : `one at ${a[0]}`}, got ${b === undefined ? 'none' : `one at ${b[0]}`}`
    }
    if (!isClose(numberOf(a[1]), numberOf(b[1]))) return `at ${a[0]}: wanted ${a[1]}, got ${b[1]}`
  }
  return undefined
}

function isClose(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b))
}

function numberOf(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

function keyOf(metric: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`
}
