import { allBuckets, type Bucket, closedBounds, type FloatHistogram } from './float-histogram.ts'

/** The histogram as label values and messages show it: `{count:3, sum:4, [-1,1]:1, (1,2]:2}`, empty buckets left out. */
export function formatHistogram(h: FloatHistogram): string {
  const parts = [`count:${formatG(h.count)}`, `sum:${formatG(h.sum)}`]
  for (const bucket of allBuckets(h)) if (bucket.count !== 0) parts.push(formatBucket(h, bucket))
  return `{${parts.join(', ')}}`
}

function formatBucket(h: FloatHistogram, bucket: Bucket): string {
  const closed = closedBounds(h, bucket)
  return `${closed.lower ? '[' : '('}${formatG(bucket.lower)},${formatG(bucket.upper)}${closed.upper ? ']' : ')'}:${formatG(bucket.count)}`
}

/** As Go's %g: the shortest digits, an exponent below 1e-4 and from 1e21 on. */
export function formatG(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const magnitude = Math.abs(value)
  if (Number.isNaN(value) || (magnitude >= 1e-4 && magnitude < 1e21)) return String(value)
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}
