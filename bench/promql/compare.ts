interface Sampled {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: { readonly resultType: string; readonly result: readonly Sampled[] }
}

const RELATIVE_MAX = 1e-9

/** What two answers of the Prometheus HTTP API differ in, in words; undefined for equal ones: the same points, values within 1e-9. */
export function difference(ours: string, theirs: string): string | undefined {
  const [a, b] = [JSON.parse(ours) as Answer, JSON.parse(theirs) as Answer]
  if (a.data === undefined || b.data === undefined) return `error: ${a.error ?? 'none'}, ${b.error ?? 'none'}`
  const [left, right] = [byLabels(a.data.result), byLabels(b.data.result)]
  if (left.size !== right.size) return `${left.size} series, ${right.size}`
  for (const [key, series] of left) {
    const other = right.get(key)
    if (other === undefined) return `only ours has ${key}`
    const [mine, its] = [pointsOf(series), pointsOf(other)]
    if (mine.length !== its.length) return `${key}: ${mine.length} points, ${its.length}`
    for (let i = 0; i < mine.length; i++) {
      const [[time, value], [itsTime, itsValue]] = [mine[i] as readonly [number, string], its[i] as readonly [number, string]]
      if (time !== itsTime || !isClose(Number(value), Number(itsValue))) return `${key}: ${value} at ${time}, ${itsValue} at ${itsTime}`
    }
  }
  return undefined
}

/** How many series and points an answer has. */
export function sizeOf(answer: string): { series: number; points: number } {
  const result = (JSON.parse(answer) as Answer).data?.result ?? []
  return { series: result.length, points: result.reduce((sum, series) => sum + pointsOf(series).length, 0) }
}

function byLabels(result: readonly Sampled[]): Map<string, Sampled> {
  return new Map(result.map((series) => [JSON.stringify(Object.entries(series.metric).sort(([a], [b]) => (a < b ? -1 : 1))), series]))
}

function pointsOf({ value, values }: Sampled): readonly (readonly [number, string])[] {
  return values ?? (value === undefined ? [] : [value])
}

function isClose(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= RELATIVE_MAX * Math.max(Math.abs(a), Math.abs(b))
}
