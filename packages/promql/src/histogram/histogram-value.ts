import { NeumaierSum } from '../neumaier.ts'
import { allBuckets, type Bucket, type FloatHistogram, isCustom } from './float-histogram.ts'

/** A number read from a histogram, and what NaN observations did to it. */
export interface Estimate {
  readonly value: number
  readonly note: 'nan-result' | 'nan-skew' | 'nan-excluded' | undefined
}

/**
 * The q-quantile: linear inside buckets with custom bounds and the zero bucket, exponential inside the others.
 * SOURCE: prometheus promql/quantile.go (HistogramQuantile).
 */
export function quantileOf(q: number, h: FloatHistogram): Estimate {
  if (q < 0) return plain(Number.NEGATIVE_INFINITY)
  if (q > 1) return plain(Number.POSITIVE_INFINITY)
  if (h.count === 0 || Number.isNaN(q)) return plain(Number.NaN)
  // NaN observations are in no bucket, so they can only be met from below.
  const forward = Number.isNaN(h.sum) || q < 0.5
  const buckets = forward ? allBuckets(h) : allBuckets(h).reverse()
  let rank = (forward ? q : 1 - q) * h.count
  let at = 0
  let count = 0
  let found: Bucket = { lower: 0, upper: 0, count: 0 }
  for (; at < buckets.length; at++) {
    found = buckets[at] as Bucket
    if (found.count === 0) continue
    count += found.count
    if (count >= rank) break
  }
  const bucket = bounded(found, h)
  if (isCustom(h)) {
    if (found.lower === Number.NEGATIVE_INFINITY && found.upper <= 0) return plain(found.upper)
    if (found.lower !== Number.NEGATIVE_INFINITY && found.upper === Number.POSITIVE_INFINITY) return plain(found.lower)
  }
  count = Math.min(count, h.count)
  if (count < rank) return Number.isNaN(h.sum) ? { value: Number.NaN, note: 'nan-result' } : plain(bucket.upper)
  rank = forward ? rank - (count - bucket.count) : count - rank
  let note: Estimate['note']
  if (Number.isNaN(h.sum)) {
    for (at++; at < buckets.length; at++) count += (buckets[at] as Bucket).count
    if (count < h.count) note = 'nan-skew'
  }
  return { value: interpolated(bucket, rank / bucket.count, isCustom(h)), note }
}

function plain(value: number): Estimate {
  return { value, note: undefined }
}

/** The bucket with the bounds that its neighbours suggest: 0 where only one sign was ever observed, or below the first custom bound. */
function bounded(bucket: Bucket, h: FloatHistogram): Bucket {
  if (isCustom(h)) return bucket.lower === Number.NEGATIVE_INFINITY ? { ...bucket, lower: 0 } : bucket
  if (!(bucket.lower < 0 && bucket.upper > 0)) return bucket
  const [hasNegative, hasPositive] = [h.negative.indices.length > 0, h.positive.indices.length > 0]
  if (hasPositive && !hasNegative) return { ...bucket, lower: 0 }
  return hasNegative && !hasPositive ? { ...bucket, upper: 0 } : bucket
}

function interpolated({ lower, upper }: Bucket, fraction: number, linear: boolean): number {
  if (linear || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction
  const [logLower, logUpper] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))]
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction)
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)))
}

/** Which part of the bucket lies below `value`, a number inside its bounds. */
export function fractionBelow(value: number, { lower, upper }: Bucket, linear: boolean): number {
  if (linear) return lower === Number.NEGATIVE_INFINITY ? 1 : (value - lower) / (upper - lower)
  const [logLower, logUpper, log] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper)), Math.log2(Math.abs(value))]
  return value > 0 ? (log - logLower) / (logUpper - logLower) : 1 - (log - logUpper) / (logLower - logUpper)
}

/**
 * The part of the observations between two values, the inverse of the quantile.
 * SOURCE: prometheus promql/quantile.go (HistogramFraction).
 */
export function fractionOf(lower: number, upper: number, h: FloatHistogram): Estimate {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return plain(Number.NaN)
  if (lower >= upper) return plain(0)
  const buckets = allBuckets(h)
  let observed = h.count
  let note: Estimate['note']
  if (Number.isNaN(h.sum)) {
    observed = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
    if (observed < h.count) note = 'nan-excluded'
  }
  const below = (value: number): number => Math.min(observed, rankOf(value, buckets, h) ?? observed)
  return { value: (below(upper) - below(lower)) / h.count, note }
}

/** How many observations lie below a value; undefined when it is beyond all buckets. */
function rankOf(value: number, buckets: readonly Bucket[], h: FloatHistogram): number | undefined {
  let rank = 0
  for (const raw of buckets) {
    const isZero = raw.lower <= 0 && raw.upper >= 0
    const bucket = isZero ? fractionBounds(raw, h) : raw
    if (bucket.lower >= value) return rank
    if (bucket.upper > value) {
      // Below a bucket without lower bound nothing can be said: all of it counts as below.
      if ((isCustom(h) || isZero) && bucket.lower === Number.NEGATIVE_INFINITY) return bucket.count
      return rank + bucket.count * fractionBelow(value, bucket, isCustom(h) || isZero)
    }
    rank += bucket.count
  }
  return undefined
}

function fractionBounds(bucket: Bucket, h: FloatHistogram): Bucket {
  const [hasNegative, hasPositive] = [h.negative.indices.length > 0, h.positive.indices.length > 0]
  if (hasPositive && !hasNegative) return { ...bucket, lower: 0 }
  return hasNegative && !hasPositive ? { ...bucket, upper: 0 } : bucket
}

/**
 * The population variance, each observation at the middle of its bucket: arithmetic for custom bounds, geometric otherwise, 0 in the zero bucket.
 * SOURCE: prometheus promql/functions.go (histogram_stdvar).
 */
export function varianceOf(h: FloatHistogram): number {
  const mean = h.sum / h.count
  const squares = new NeumaierSum()
  for (const { lower, upper, count } of allBuckets(h)) {
    if (count === 0) continue
    let middle = Math.sqrt(upper * lower) * (upper < 0 ? -1 : 1)
    if (isCustom(h)) middle = (upper + lower) / 2
    else if (lower <= 0 && upper >= 0) middle = 0
    squares.add(count * (middle - mean) * (middle - mean))
  }
  return squares.total / h.count
}
