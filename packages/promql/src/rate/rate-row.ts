import { Row } from '../series.ts'
import { type RatePlan, reachOf, type SampledTimes } from './rate-plan.ts'

export interface RateKind {
  /** Decreases are counter resets, and a counter is not extrapolated below zero. */
  readonly counter: boolean
  /** Divided by the range's seconds. */
  readonly perSecond: boolean
}

/**
 * `rate`, `increase` and `delta` of one series for all windows of its plan. Resets are found once and only those inside the window are
 * added, oldest first, so the result has the bits of a computation window by window. `spare` is used up when it is given.
 */
export function rateRow(values: Float64Array, plan: RatePlan, kind: RateKind, spare: Row | undefined): Row {
  const { present, first, last, factor } = plan
  const row = Row.emptied(present.length, spare)
  row.present.set(present)
  const rates = row.values
  if (!kind.counter) {
    for (let step = 0; step < present.length; step++) {
      if (present[step] === 0) continue
      rates[step] = ((values[last[step] as number] as number) - (values[first[step] as number] as number)) * (factor[step] as number)
    }
    return row
  }
  const resets = resetsIn(values)
  let nextReset = 0
  for (let step = 0; step < present.length; step++) {
    if (present[step] === 0) continue
    const low = first[step] as number
    const begin = values[low] as number
    let change = (values[last[step] as number] as number) - begin
    // A reset lies between two samples, so one at the window's first sample is outside.
    while (nextReset < resets.length && (resets[nextReset] as number) <= low) nextReset++
    for (let i = nextReset; i < resets.length && (resets[i] as number) <= (last[step] as number); i++) {
      change += values[(resets[i] as number) - 1] as number
    }
    // No counter that is far from zero needs a look at where it was zero.
    const isFar = begin > change * (plan.farRatio[step] as number)
    rates[step] = change * (isFar ? (factor[step] as number) : plan.counterFactor(step, begin, change))
  }
  return row
}

/** Indices of samples that are less than the one before them. */
function resetsIn(values: Float64Array): number[] {
  const resets: number[] = []
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) < (values[i - 1] as number)) resets.push(i)
  }
  return resets
}

export interface SampledWindow extends SampledTimes {
  readonly first: number
  readonly change: number
}

/**
 * By what the sampled change is multiplied to cover the window (`reachOf`); a counter never further than where it would have been zero.
 * SOURCE: prometheus promql/functions.go (extrapolatedRate).
 */
export function extrapolation(window: SampledWindow, counter: boolean): number {
  const { sampled, toStart: plainToStart, toEnd } = reachOf(window)
  let toStart = plainToStart
  if (counter && window.change > 0 && window.first >= 0) {
    const toZero = sampled * (window.first / window.change)
    if (toZero < toStart) toStart = toZero
  }
  return (sampled + toStart + toEnd) / sampled
}
