import { type Buckets, type FloatHistogram, isCustom, type ResetHint } from './float-histogram.ts'
import { commonLayout, eachPair, inLayout } from './layout.ts'

/** A sum or difference, and what a user should know about it. */
export interface Combined {
  readonly histogram: FloatHistogram
  /** One operand follows a counter reset and the other does not. */
  readonly hintsCollide: boolean
  readonly boundsReconciled: boolean
}

/** `a + b`; undefined where one is exponential and the other has custom bounds. */
export function added(a: FloatHistogram, b: FloatHistogram): Combined | undefined {
  return combined(a, b, (left, right) => left + right)
}

/** `a - b`, its hint as that of a sum: an operator makes it a gauge itself. */
export function subtracted(a: FloatHistogram, b: FloatHistogram): Combined | undefined {
  return combined(a, b, (left, right) => left - right)
}

function combined(a: FloatHistogram, b: FloatHistogram, operate: (left: number, right: number) => number): Combined | undefined {
  const layout = commonLayout(a, b)
  if (layout === undefined) return undefined
  const [left, right] = [inLayout(a, layout), inLayout(b, layout)]
  const { hint, collide } = combinedHint(a.resetHint, b.resetHint)
  const histogram: FloatHistogram = {
    ...left,
    zeroCount: operate(left.zeroCount, right.zeroCount),
    count: operate(a.count, b.count),
    sum: operate(a.sum, b.sum),
    positive: combinedBuckets(left.positive, right.positive, operate),
    negative: combinedBuckets(left.negative, right.negative, operate),
    resetHint: hint,
  }
  return { histogram, hintsCollide: collide, boundsReconciled: layout.boundsReconciled }
}

function combinedBuckets(a: Buckets, b: Buckets, operate: (left: number, right: number) => number): Buckets {
  const indices: number[] = []
  const counts: number[] = []
  eachPair(a, b, (index, left, right) => {
    indices.push(index)
    counts.push(operate(left, right))
  })
  return { indices, counts }
}

/** The hint of a sum: gauge wins, then unknown; a reset beside a sample without one collide. SOURCE: float_histogram.go (adjustCounterReset). */
export function combinedHint(a: ResetHint, b: ResetHint): { hint: ResetHint; collide: boolean } {
  if (a === b) return { hint: a, collide: false }
  if (a === 'gauge' || b === 'gauge') return { hint: 'gauge', collide: false }
  return { hint: 'unknown', collide: a !== 'unknown' && b !== 'unknown' }
}

/**
 * Whether a counter was reset between two samples: by the hint, or because some count is lower or the layout is finer.
 * SOURCE: prometheus model/histogram/float_histogram.go (DetectReset).
 */
export function isReset(previous: FloatHistogram, current: FloatHistogram): boolean {
  if (current.resetHint === 'reset') return true
  if (current.resetHint === 'not_reset') return false
  if (current.count < previous.count || isCustom(current) !== isCustom(previous)) return true
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true
  const layout = commonLayout(previous, current)
  // A threshold that grew must end at a bucket's edge; inside a populated one means that the counter began anew.
  if (layout === undefined || (!isCustom(current) && layout.zeroThreshold !== current.zeroThreshold)) return true
  const [before, after] = [inLayout(previous, layout), inLayout(current, layout)]
  return after.zeroCount < before.zeroCount || isLower(after.positive, before.positive) || isLower(after.negative, before.negative)
}

/** Whether any count of `a` is less than its counterpart in `b`. */
function isLower(a: Buckets, b: Buckets): boolean {
  let lower = false
  eachPair(a, b, (_, left, right) => {
    if (left < right) lower = true
  })
  return lower
}
