import { type Bucket, type Buckets, compacted, type FloatHistogram, isCustom, negativeBucket, positiveBucket } from './float-histogram.ts'
import { fractionBelow } from './histogram-value.ts'

/** What remains of one bucket: how many observations, and where they are taken to lie. */
interface Remainder {
  readonly count: number
  readonly middle: number
}

/**
 * The observations of `h` below (`</`) or above (`>/`) a bound. The bucket that holds the bound is divided by interpolation, as for
 * `histogram_fraction`; when anything was taken away, the sum is estimated from the middles of the buckets that remain.
 * SOURCE: prometheus model/histogram/float_histogram.go (TrimBuckets).
 */
export function trimmed(h: FloatHistogram, bound: number, keepsBelow: boolean): FloatHistogram {
  let count = 0
  let sum = 0
  let changed = false
  const take = (bucket: Bucket, linear: boolean): number => {
    const rest = remainder(bucket, bound, keepsBelow, linear)
    if (rest.count !== bucket.count) changed = true
    if (rest.count === 0) return 0
    count += rest.count
    sum += rest.middle * rest.count
    return rest.count
  }
  const side = (buckets: Buckets, place: (index: number, count: number) => Bucket): Buckets => ({
    indices: buckets.indices,
    counts: buckets.indices.map((index, i) => (buckets.counts[i] === 0 ? 0 : take(place(index, buckets.counts[i] as number), isCustom(h)))),
  })
  const positive = side(h.positive, (index, n) => positiveBucket(h, index, n))
  const negative = side(h.negative, (index, n) => negativeBucket(h, index, n))
  const zeroCount = h.zeroCount > 0 ? take(zeroBucket(h), true) : h.zeroCount
  return changed ? compacted({ ...h, positive, negative, zeroCount, count, sum }) : h
}

function zeroBucket(h: FloatHistogram): Bucket {
  const [hasNegative, hasPositive] = [h.negative.indices.length > 0, h.positive.indices.length > 0]
  const lower = hasPositive && !hasNegative ? 0 : -h.zeroThreshold
  const upper = hasNegative && !hasPositive ? 0 : h.zeroThreshold
  return { lower, upper, count: h.zeroCount }
}

function remainder(bucket: Bucket, bound: number, keepsBelow: boolean, linear: boolean): Remainder {
  const { lower, upper, count } = bucket
  if (keepsBelow ? upper <= bound : lower >= bound) return { count, middle: middleOf(lower, upper, linear) }
  if (keepsBelow ? lower >= bound : upper <= bound) return { count: 0, middle: 0 }
  if (lower === Number.NEGATIVE_INFINITY) return inLowest(bucket, bound, keepsBelow)
  // How observations spread up to infinity is unknown: none is known to be on the side that is kept.
  if (upper === Number.POSITIVE_INFINITY) return { count: 0, middle: 0 }
  const below = fractionBelow(bound, bucket, linear)
  if (keepsBelow) return { count: count * below, middle: middleOf(lower, bound, linear) }
  return { count: count * (1 - below), middle: middleOf(bound, upper, linear) }
}

/** The lowest of custom buckets begins at 0 when its end is positive, as for quantiles. */
function inLowest({ upper, count }: Bucket, bound: number, keepsBelow: boolean): Remainder {
  const bounded = upper > 0 && upper !== Number.POSITIVE_INFINITY
  if (keepsBelow) {
    if (bounded && bound > 0) return { count: (count * bound) / upper, middle: bound / 2 }
    return upper <= 0 ? { count, middle: bound } : { count: 0, middle: 0 }
  }
  if (!bounded || bound < 0) return bounded ? { count, middle: upper / 2 } : { count: 0, middle: 0 }
  return { count: count * (1 - bound / upper), middle: (bound + upper) / 2 }
}

function middleOf(lower: number, upper: number, linear: boolean): number {
  if (lower === Number.NEGATIVE_INFINITY) return upper === Number.POSITIVE_INFINITY ? 0 : upper > 0 ? upper / 2 : upper
  if (upper === Number.POSITIVE_INFINITY) return lower
  if (linear) return (lower + upper) / 2
  const geometric = Math.sqrt(Math.abs(lower * upper))
  return upper > 0 ? geometric : -geometric
}
