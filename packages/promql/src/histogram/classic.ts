/** Buckets that differ by less than this part are equal: sums of floats in different order. SOURCE: prometheus promql/quantile.go. */
const SMALL_DELTA = 1e-12

/** Which counts were raised so that they ascend; undefined where rounding explains it or nothing had to be. */
interface Forced {
  readonly bucketMin: number
  readonly bucketMax: number
  readonly differenceMax: number
}

export interface ClassicQuantile {
  readonly value: number
  readonly forced: Forced | undefined
}

/** The value of an `le` label; undefined when it is no number. */
export function parseBound(le: string): number | undefined {
  if (/^\+?inf(?:inity)?$/i.test(le)) return Number.POSITIVE_INFINITY
  if (/^-inf(?:inity)?$/i.test(le)) return Number.NEGATIVE_INFINITY
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(le) ? Number(le) : undefined
}

/**
 * The q-quantile of a cumulative histogram by linear interpolation within its bucket. `bounds` ascend strictly; `counts` is changed
 * so that it never decreases, and `forced` says whether that took more than rounding.
 * SOURCE: prometheus promql/quantile.go (BucketQuantile).
 */
export function bucketQuantile(q: number, bounds: Float64Array, counts: Float64Array): ClassicQuantile {
  const last = bounds.length - 1
  if (Number.isNaN(q)) return { value: Number.NaN, forced: undefined }
  if (q < 0) return { value: Number.NEGATIVE_INFINITY, forced: undefined }
  if (q > 1) return { value: Number.POSITIVE_INFINITY, forced: undefined }
  if (bounds[last] !== Number.POSITIVE_INFINITY) return { value: Number.NaN, forced: undefined }
  const forced = ensureMonotonic(bounds, counts)
  if (bounds.length < 2) return { value: Number.NaN, forced }
  const observations = counts[last] as number
  if (observations === 0) return { value: Number.NaN, forced }
  return { value: interpolate(q * observations, bounds, counts), forced }
}

function interpolate(rank: number, bounds: Float64Array, counts: Float64Array): number {
  const last = bounds.length - 1
  let bucket = 0
  // Written so that a NaN rank reaches the last bucket.
  while (bucket < last && !((counts[bucket] as number) >= rank)) bucket++
  if (bucket === last) return bounds[last - 1] as number
  const end = bounds[bucket] as number
  if (bucket === 0 && end <= 0) return end
  const start = bucket === 0 ? 0 : (bounds[bucket - 1] as number)
  const before = bucket === 0 ? 0 : (counts[bucket - 1] as number)
  return start + (end - start) * ((rank - before) / ((counts[bucket] as number) - before))
}

function ensureMonotonic(bounds: Float64Array, counts: Float64Array): Forced | undefined {
  let forced: Forced | undefined
  let previous = counts[0] as number
  for (let i = 1; i < counts.length; i++) {
    const count = counts[i] as number
    if (count === previous) continue
    const small = Math.abs(count - previous) < SMALL_DELTA * (Math.abs(count) + Math.abs(previous))
    if (small || count < previous) {
      counts[i] = previous
      const bound = bounds[i] as number
      if (!small)
        forced = { bucketMin: forced?.bucketMin ?? bound, bucketMax: bound, differenceMax: Math.max(forced?.differenceMax ?? 0, previous - count) }
      continue
    }
    previous = count
  }
  return forced
}

/**
 * The part of a cumulative histogram's observations between two values; the first bucket begins at 0 when its bound is positive.
 * SOURCE: prometheus promql/quantile.go (BucketFraction).
 */
export function bucketFraction(range: { readonly lower: number; readonly upper: number }, bounds: Float64Array, counts: Float64Array): number {
  const last = bounds.length - 1
  const { lower, upper } = range
  if (bounds[last] !== Number.POSITIVE_INFINITY) return Number.NaN
  const observations = counts[last] as number
  if (observations === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN
  if (lower >= upper) return 0
  const below = (value: number): number => Math.min(observations, rankOf(value, bounds, counts) ?? observations)
  return (below(upper) - below(lower)) / observations
}

/** How many observations lie below a value; undefined when it is beyond all bounds. */
function rankOf(value: number, bounds: Float64Array, counts: Float64Array): number | undefined {
  let rank = 0
  let start = (bounds[0] as number) <= 0 ? Number.NEGATIVE_INFINITY : 0
  for (let i = 0; i < bounds.length; i++) {
    const end = bounds[i] as number
    const count = counts[i] as number
    if (start >= value) return rank
    if (end > value) return start === Number.NEGATIVE_INFINITY ? count : rank + ((count - rank) * (value - start)) / (end - start)
    rank = count
    start = end
  }
  return undefined
}
