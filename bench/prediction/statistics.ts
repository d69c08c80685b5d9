import type { Outcome } from './fleet.ts'

/** How far predictions of cached tokens were off. Signed errors are predicted less delivered. */
export interface ErrorReport {
  readonly requests: number
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly predictedCachedTokens: number
  /** In tokens. */
  readonly tokens: Spread
  /** Relative to the request's own prompt, 0..1. */
  readonly relative: Spread
  readonly withinFivePercentRatio: number
  readonly within64TokensRatio: number
  readonly meanAbsoluteTokens: number
  /** What the cost is made of: the error of the tokens to be computed. */
  readonly uncachedMeanAbsoluteTokens: number
  /** Requests in ten parts by predicted share of the prompt, the least first: mean predicted and mean delivered share. */
  readonly calibration: readonly { readonly predictedRatio: number; readonly deliveredRatio: number; readonly requests: number }[]
}

interface Spread {
  readonly mean: number
  readonly p5: number
  readonly p50: number
  readonly p95: number
}

export function errorReport(outcomes: readonly Outcome[]): ErrorReport {
  const errors = outcomes.map((one) => one.predictedCachedTokens - one.cachedTokens)
  const relative = outcomes.map((one) => (one.predictedCachedTokens - one.cachedTokens) / one.promptTokens)
  const uncached = outcomes.map((one) =>
    Math.abs(Math.max(0, one.predictedPromptTokens - one.predictedCachedTokens) - (one.promptTokens - one.cachedTokens)),
  )
  return {
    requests: outcomes.length,
    promptTokens: sum(outcomes.map((one) => one.promptTokens)),
    cachedTokens: sum(outcomes.map((one) => one.cachedTokens)),
    predictedCachedTokens: sum(outcomes.map((one) => one.predictedCachedTokens)),
    tokens: spreadOf(errors, 1),
    relative: spreadOf(relative, 4),
    withinFivePercentRatio: rounded(relative.filter((error) => Math.abs(error) <= 0.05).length / outcomes.length, 3),
    within64TokensRatio: rounded(errors.filter((error) => Math.abs(error) <= 64).length / outcomes.length, 3),
    meanAbsoluteTokens: rounded(mean(errors.map(Math.abs)), 1),
    uncachedMeanAbsoluteTokens: rounded(mean(uncached), 1),
    calibration: calibrationOf(outcomes),
  }
}

function calibrationOf(outcomes: readonly Outcome[]): ErrorReport['calibration'] {
  const shares = outcomes
    .map((one) => ({
      predicted: Math.min(1, one.predictedCachedTokens / one.predictedPromptTokens),
      delivered: one.cachedTokens / one.promptTokens,
    }))
    .sort((a, b) => a.predicted - b.predicted)
  return Array.from({ length: 10 }, (_, part) => {
    const some = shares.slice(Math.floor((part * shares.length) / 10), Math.floor(((part + 1) * shares.length) / 10))
    return {
      predictedRatio: rounded(mean(some.map((one) => one.predicted)), 3),
      deliveredRatio: rounded(mean(some.map((one) => one.delivered)), 3),
      requests: some.length,
    }
  })
}

function spreadOf(values: readonly number[], digits: number): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (ratio: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(ratio * sorted.length))] ?? Number.NaN, digits)
  return { mean: rounded(mean(values), digits), p5: at(0.05), p50: at(0.5), p95: at(0.95) }
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : sum(values) / values.length
}

export function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
