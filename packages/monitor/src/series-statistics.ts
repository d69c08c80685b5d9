import type { Labels } from '@signalbox/base'

interface NameAndValue {
  readonly name: string
  readonly value: number
}

/** What `status/tsdb` answers. SOURCE: Prometheus web/api/v1/api.go (TSDBStatus). */
export interface SeriesStatistics {
  readonly headStats: {
    readonly numSeries: number
    /** Distinct pairs of a label and a value. */
    readonly numLabelPairs: number
    /** Of the samples taken since the start that are not yet forgotten, in milliseconds; 0 without any. */
    readonly minTime: number
    readonly maxTime: number
  }
  readonly seriesCountByMetricName: readonly NameAndValue[]
  /** Distinct values of each label. */
  readonly labelValueCountByLabelName: readonly NameAndValue[]
  /** UTF-8 bytes of a label's values, added up over the series that have it. */
  readonly memoryInBytesByLabelName: readonly NameAndValue[]
  readonly seriesCountByLabelValuePair: readonly NameAndValue[]
}

interface ValueCount {
  readonly bytes: number
  series: number
}

/** The statistics of these series, each list the `limit` largest, equal ones by name. Costs a pass over all labels. */
export function statisticsOf(
  all: readonly Labels[],
  limit: number,
  times: { readonly oldestMs: number; readonly newestMs: number },
): SeriesStatistics {
  const counts = countValues(all)
  const values: NameAndValue[] = []
  const memory: NameAndValue[] = []
  const pairs: NameAndValue[] = []
  for (const [name, byValue] of counts) {
    let bytes = 0
    for (const [value, count] of byValue) {
      bytes += count.bytes * count.series
      pairs.push({ name: `${name}=${value}`, value: count.series })
    }
    values.push({ name, value: byValue.size })
    memory.push({ name, value: bytes })
  }
  const metrics = [...(counts.get('__name__') ?? [])].map(([name, { series }]) => ({ name, value: series }))
  const hasTimes = times.oldestMs <= times.newestMs
  return {
    headStats: {
      numSeries: all.length,
      numLabelPairs: pairs.length,
      minTime: hasTimes ? times.oldestMs : 0,
      maxTime: hasTimes ? times.newestMs : 0,
    },
    seriesCountByMetricName: largest(metrics, limit),
    labelValueCountByLabelName: largest(values, limit),
    memoryInBytesByLabelName: largest(memory, limit),
    seriesCountByLabelValuePair: largest(pairs, limit),
  }
}

function countValues(all: readonly Labels[]): ReadonlyMap<string, ReadonlyMap<string, ValueCount>> {
  const counts = new Map<string, Map<string, ValueCount>>()
  for (const labels of all) {
    for (let i = 0; i < labels.size; i++) {
      const name = labels.names[i] as string
      const value = labels.values[i] as string
      let byValue = counts.get(name)
      if (byValue === undefined) {
        byValue = new Map()
        counts.set(name, byValue)
      }
      const count = byValue.get(value)
      if (count === undefined) byValue.set(value, { bytes: Buffer.byteLength(value), series: 1 })
      else count.series += 1
    }
  }
  return counts
}

function largest(entries: NameAndValue[], limit: number): NameAndValue[] {
  return entries.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1)).slice(0, limit)
}
