import { Labels } from '@signalbox/base'
import { parseBound } from '../histogram/classic.ts'
import { CUSTOM_SCHEMA, type FloatHistogram, NO_BUCKETS } from '../histogram/float-histogram.ts'
import type { SeriesLine } from './series-line.ts'

/** What the classic series say about one histogram at one time. */
interface ClassicSample {
  readonly cumulative: Map<number, number>
  count: number | undefined
  sum: number
}

/**
 * The classic histograms among the series of a load as native ones with custom bounds, under the name without suffix.
 * SOURCE: prometheus util/convertnhcb.
 */
export function withCustomBuckets(rows: readonly SeriesLine[]): SeriesLine[] {
  const byKey = new Map<string, { labels: Labels; samples: (ClassicSample | undefined)[] }>()
  for (const { labels, points } of rows) {
    const match = /^(.*)_(bucket|count|sum)$/.exec(labels.get('__name__'))
    if (match === null) continue
    const upperBound = match[2] === 'bucket' ? parseBound(labels.get('le')) : 0
    if (upperBound === undefined) continue
    const base = labels.omit(new Set(['le'])).with('__name__', match[1] as string)
    const histogram = byKey.get(base.key) ?? { labels: base, samples: [] }
    byKey.set(base.key, histogram)
    for (const [i, point] of points.entries()) {
      if (typeof point !== 'number') continue
      const sample = histogram.samples[i] ?? { cumulative: new Map(), count: undefined, sum: 0 }
      histogram.samples[i] = sample
      if (match[2] === 'bucket') sample.cumulative.set(upperBound, point)
      else if (match[2] === 'count') sample.count = point
      else sample.sum = point
    }
  }
  return [...byKey.values()].map(({ labels, samples }) => ({
    labels: Labels.from(labels.toRecord()),
    points: Array.from(samples, (sample) => (sample === undefined ? 'gap' : converted(sample))),
  }))
}

function converted({ cumulative, count, sum }: ClassicSample): FloatHistogram {
  const bounds = [...cumulative.keys()].sort((a, b) => a - b)
  const total = count ?? cumulative.get(bounds.at(-1) ?? 0) ?? 0
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY) bounds.push(Number.POSITIVE_INFINITY)
  const counts = bounds.map((bound, i) => (cumulative.get(bound) ?? total) - (i === 0 ? 0 : (cumulative.get(bounds[i - 1] as number) ?? 0)))
  return {
    schema: CUSTOM_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    count: total,
    sum,
    positive: { indices: bounds.map((_, i) => i), counts },
    negative: NO_BUCKETS,
    customBounds: bounds.slice(0, -1),
    resetHint: 'unknown',
  }
}
