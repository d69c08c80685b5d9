import { type Buckets, equalNumbers, exponentialBound, type FloatHistogram, isCustom, NO_BUCKETS } from './float-histogram.ts'

/** What two histograms must share before their buckets can be combined. */
export interface Layout {
  readonly schema: number
  readonly zeroThreshold: number
  readonly customBounds: readonly number[]
  /** The custom bounds of the two differed, so only those that both have remain. */
  readonly boundsReconciled: boolean
}

/**
 * The finest layout that holds both; undefined where one is exponential and the other has custom bounds.
 * SOURCE: prometheus model/histogram/float_histogram.go (reconcileZeroBuckets, intersectCustomBucketBounds).
 */
export function commonLayout(a: FloatHistogram, b: FloatHistogram): Layout | undefined {
  if (isCustom(a) !== isCustom(b)) return undefined
  if (isCustom(a)) {
    const same = equalNumbers(a.customBounds, b.customBounds)
    const customBounds = same ? a.customBounds : a.customBounds.filter((bound) => b.customBounds.includes(bound))
    return { schema: a.schema, zeroThreshold: 0, customBounds, boundsReconciled: !same }
  }
  let zeroThreshold = Math.max(a.zeroThreshold, b.zeroThreshold)
  for (;;) {
    // Each widening may end inside a bucket of the other.
    const wider = thresholdOutsideBuckets(b, thresholdOutsideBuckets(a, zeroThreshold))
    if (wider === zeroThreshold) break
    zeroThreshold = wider
  }
  return { schema: Math.min(a.schema, b.schema), zeroThreshold, customBounds: [], boundsReconciled: false }
}

/** `threshold`, or the end of the populated bucket that it falls into. */
function thresholdOutsideBuckets(h: FloatHistogram, threshold: number): number {
  if (threshold <= h.zeroThreshold) return threshold
  let outside = threshold
  for (const { indices, counts } of [h.positive, h.negative]) {
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number
      const upper = exponentialBound(index, h.schema)
      if (counts[i] !== 0 && exponentialBound(index - 1, h.schema) < outside && upper > outside) outside = upper
    }
  }
  return outside
}

/** The same observations in a layout made by `commonLayout`. */
export function inLayout(h: FloatHistogram, layout: Layout): FloatHistogram {
  if (isCustom(h)) {
    if (!layout.boundsReconciled) return h
    return { ...h, customBounds: layout.customBounds, positive: regrouped(h.positive, (index) => mappedBound(h, index, layout.customBounds)) }
  }
  return inSchema(absorbed(h, layout.zeroThreshold), layout.schema)
}

function mappedBound(h: FloatHistogram, index: number, bounds: readonly number[]): number {
  const upper = h.customBounds[index] ?? Number.POSITIVE_INFINITY
  const mapped = bounds.findIndex((bound) => bound >= upper)
  return mapped < 0 ? bounds.length : mapped
}

/** Buckets inside the wider zero bucket become a part of it. */
function absorbed(h: FloatHistogram, zeroThreshold: number): FloatHistogram {
  if (zeroThreshold === h.zeroThreshold) return h
  let { zeroCount } = h
  const outside = ({ indices, counts }: Buckets): Buckets => {
    const first = indices.findIndex((index) => exponentialBound(index - 1, h.schema) >= zeroThreshold)
    const cut = first < 0 ? indices.length : first
    for (let i = 0; i < cut; i++) zeroCount += counts[i] as number
    return { indices: indices.slice(cut), counts: counts.slice(cut) }
  }
  const positive = outside(h.positive)
  const negative = outside(h.negative)
  return { ...h, zeroThreshold, zeroCount, positive, negative }
}

/** In a coarser schema: 2^(from-to) neighbours become one bucket. */
function inSchema(h: FloatHistogram, schema: number): FloatHistogram {
  if (schema >= h.schema || isCustom(h)) return h
  const merged = 2 ** (h.schema - schema)
  const target = (index: number): number => Math.floor((index - 1) / merged) + 1
  return { ...h, schema, positive: regrouped(h.positive, target), negative: regrouped(h.negative, target) }
}

function regrouped({ indices, counts }: Buckets, target: (index: number) => number): Buckets {
  if (indices.length === 0) return NO_BUCKETS
  const grouped: { indices: number[]; counts: number[] } = { indices: [], counts: [] }
  for (let i = 0; i < indices.length; i++) {
    const index = target(indices[i] as number)
    const last = grouped.indices.length - 1
    if (last >= 0 && grouped.indices[last] === index) grouped.counts[last] = (grouped.counts[last] as number) + (counts[i] as number)
    else {
      grouped.indices.push(index)
      grouped.counts.push(counts[i] as number)
    }
  }
  return grouped
}

/** The pairs of counts at each index that either has, in order; a missing count is 0. */
export function eachPair(a: Buckets, b: Buckets, visit: (index: number, left: number, right: number) => void): void {
  let i = 0
  let j = 0
  while (i < a.indices.length || j < b.indices.length) {
    const left = a.indices[i] ?? Number.POSITIVE_INFINITY
    const right = b.indices[j] ?? Number.POSITIVE_INFINITY
    const index = Math.min(left, right)
    visit(index, left === index ? (a.counts[i++] as number) : 0, right === index ? (b.counts[j++] as number) : 0)
  }
}
