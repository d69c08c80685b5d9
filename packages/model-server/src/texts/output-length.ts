import { normal, type Random } from '@signalbox/base'

/** Spread of the logarithm of the lengths: the 90th percentile is 2.2 times the median. */
const SIGMA = 0.6

/**
 * How many tokens an answer has before it stops by itself: log-normal with the given mean (> 0), at least 1.
 * Draws twice from `random`.
 */
export function naturalOutputTokens(random: Random, meanTokens: number): number {
  const median = Math.log(meanTokens) - (SIGMA * SIGMA) / 2
  return Math.max(1, Math.round(Math.exp(normal(random, median, SIGMA))))
}
