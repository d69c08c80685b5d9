/*
 * A native histogram with floating-point counts.
 *
 *   exponential (schema -4..8)                      custom bounds (schema -53)
 *     negative      zero       positive               bounds b0 < b1 < ... < bn-1
 *   ..[2][1][0] [-zt, zt] [0][1][2]..                [0] (-Inf, b0]  [i] (bi-1, bi]  [n] (bn-1, +Inf)
 *   positive bucket i is (base^(i-1), base^i], base = 2^(2^-schema); negative buckets mirror it
 *
 * Buckets are sparse: ascending indices and a count for each. Operations make new histograms; none is changed in place.
 * SOURCE: prometheus model/histogram (FloatHistogram), docs/specs/native_histograms.
 */

/** What is known about a counter's reset before this sample. */
export type ResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge'

export interface Buckets {
  /** Ascending, unique. */
  readonly indices: readonly number[]
  readonly counts: readonly number[]
}

export interface FloatHistogram {
  readonly schema: number
  readonly zeroThreshold: number
  readonly zeroCount: number
  /** All observations, NaN ones included, which are in no bucket. */
  readonly count: number
  readonly sum: number
  readonly positive: Buckets
  readonly negative: Buckets
  /** Finite upper bounds, ascending, for `CUSTOM_SCHEMA`; empty otherwise. */
  readonly customBounds: readonly number[]
  readonly resetHint: ResetHint
}

/** One bucket with its bounds; the count may be negative in a difference. */
export interface Bucket {
  readonly lower: number
  readonly upper: number
  readonly count: number
}

/** The schema of histograms with custom bounds. */
export const CUSTOM_SCHEMA = -53
export const NO_BUCKETS: Buckets = { indices: [], counts: [] }
/** Powers of two that a double holds: the last bucket ends at the largest of them all. */
const EXPONENT_MAX = 1024

export function isCustom(h: Pick<FloatHistogram, 'schema'>): boolean {
  return h.schema === CUSTOM_SCHEMA
}

/** The upper bound of the positive exponential bucket `index`. */
export function exponentialBound(index: number, schema: number): number {
  const exponent = index / 2 ** schema
  return exponent === EXPONENT_MAX ? Number.MAX_VALUE : 2 ** exponent
}

/** The bounds of a positive bucket, or of one of custom bounds. */
export function positiveBucket(h: FloatHistogram, index: number, count: number): Bucket {
  if (!isCustom(h)) return { lower: exponentialBound(index - 1, h.schema), upper: exponentialBound(index, h.schema), count }
  const lower = index <= 0 ? Number.NEGATIVE_INFINITY : (h.customBounds[index - 1] ?? Number.POSITIVE_INFINITY)
  return { lower, upper: h.customBounds[index] ?? Number.POSITIVE_INFINITY, count }
}

export function negativeBucket(h: FloatHistogram, index: number, count: number): Bucket {
  return { lower: -exponentialBound(index, h.schema), upper: -exponentialBound(index - 1, h.schema), count }
}

/** All buckets from the lowest to the highest; those beside the zero bucket begin at its threshold where they overlap it. */
export function allBuckets(h: FloatHistogram): Bucket[] {
  const all: Bucket[] = []
  const { zeroThreshold } = h
  for (let i = h.negative.indices.length - 1; i >= 0; i--) {
    const bucket = negativeBucket(h, h.negative.indices[i] as number, h.negative.counts[i] as number)
    all.push(bucket.upper > -zeroThreshold ? { ...bucket, upper: -zeroThreshold } : bucket)
  }
  if (h.zeroCount > 0) all.push({ lower: -zeroThreshold, upper: zeroThreshold, count: h.zeroCount })
  for (let i = 0; i < h.positive.indices.length; i++) {
    const bucket = positiveBucket(h, h.positive.indices[i] as number, h.positive.counts[i] as number)
    all.push(bucket.lower > 0 && bucket.lower < zeroThreshold ? { ...bucket, lower: zeroThreshold } : bucket)
  }
  return all
}

/** Which bounds belong to a bucket of `h`: the outer ones, both of the zero bucket, and the lower one of the first custom bucket. */
export function closedBounds(h: FloatHistogram, { lower, upper }: Bucket): { readonly lower: boolean; readonly upper: boolean } {
  if (isCustom(h)) return { lower: lower === Number.NEGATIVE_INFINITY, upper: true }
  const isZero = lower <= 0 && upper >= 0
  return { lower: isZero || lower < 0, upper: isZero || upper > 0 }
}

/** Without empty buckets. */
export function compacted(h: FloatHistogram): FloatHistogram {
  const positive = withoutEmpty(h.positive)
  const negative = withoutEmpty(h.negative)
  return positive === h.positive && negative === h.negative ? h : { ...h, positive, negative }
}

function withoutEmpty(buckets: Buckets): Buckets {
  if (!buckets.counts.includes(0)) return buckets
  const kept = buckets.counts.map((_, i) => i).filter((i) => buckets.counts[i] !== 0)
  return { indices: kept.map((i) => buckets.indices[i] as number), counts: kept.map((i) => buckets.counts[i] as number) }
}

function mapCounts(buckets: Buckets, change: (count: number) => number): Buckets {
  return buckets.counts.length === 0 ? buckets : { indices: buckets.indices, counts: buckets.counts.map(change) }
}

/** Every count and the sum changed alike; the layout stays. */
export function mapHistogram(h: FloatHistogram, change: (count: number) => number): FloatHistogram {
  return {
    ...h,
    zeroCount: change(h.zeroCount),
    count: change(h.count),
    sum: change(h.sum),
    positive: mapCounts(h.positive, change),
    negative: mapCounts(h.negative, change),
  }
}

/** A negative factor makes a gauge: no counter has negative counts. */
export function multiplied(h: FloatHistogram, factor: number): FloatHistogram {
  const scaled = mapHistogram(h, (count) => count * factor)
  return factor < 0 ? { ...scaled, resetHint: 'gauge' } : scaled
}

/** Division by zero takes all buckets away: their counts would say nothing. */
export function divided(h: FloatHistogram, divisor: number): FloatHistogram {
  const scaled = mapHistogram(h, (count) => count / divisor)
  if (divisor === 0) return { ...scaled, positive: NO_BUCKETS, negative: NO_BUCKETS }
  return divisor < 0 ? { ...scaled, resetHint: 'gauge' } : scaled
}

/** The same observations in the same layout; empty buckets and the hint do not matter, NaN equals NaN. */
export function equalHistograms(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    equalNumbers(a.customBounds, b.customBounds) &&
    equalBuckets(a.positive, b.positive) &&
    equalBuckets(a.negative, b.negative)
  )
}

function equalBuckets(a: Buckets, b: Buckets): boolean {
  const [left, right] = [withoutEmpty(a), withoutEmpty(b)]
  return equalNumbers(left.indices, right.indices) && equalNumbers(left.counts, right.counts)
}

export function equalNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
