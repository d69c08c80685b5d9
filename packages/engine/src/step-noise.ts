import { normal, type Random } from '@signalbox/base'

/**
 * Factors of step times with mean 1 and the given relative standard deviation (>= 0), log-normal, so that none is 0 or less.
 * Draws twice from `random` for each, and not at all without deviation.
 */
export function stepNoise(random: Random, deviation: number): () => number {
  if (deviation === 0) return () => 1
  const variance = Math.log(1 + deviation * deviation)
  return () => Math.exp(normal(random, -variance / 2, Math.sqrt(variance)))
}
