import type { Evidence } from './evidence.ts'

/** The longest wait for memory or a slot that is believed, seconds. */
const WAIT_MAX_SECONDS = 60

/** `u`: prompt tokens that the engine has to compute for this request. */
export function uncachedTokens(evidence: Evidence, row: number): number {
  return Math.max(0, evidence.promptTokens(row) - evidence.cachedTokens(row))
}

/** `Q`: uncached tokens that are ahead of this request: the gateways' reserved ones and, while the state is fresh, other senders' waiting ones. */
export function queuedTokens(evidence: Evidence, row: number): number {
  const others = evidence.fresh(row) ? atLeastZero(evidence.othersWaiting(row)) : 0
  return evidence.reservedTokens(row) + others * evidence.meanUncachedTokens(row)
}

/** `n`: streams decoding there; the gateways' own, and while the state is fresh other senders'. */
export function decodingStreams(evidence: Evidence, row: number): number {
  const others = evidence.fresh(row) ? atLeastZero(evidence.othersRunning(row)) : 0
  return evidence.ownDecoding(row) + others
}

/**
 * `A`, seconds until memory and a slot are there: the larger of KV tokens short over tokens freed a second
 * and slots short over finishes a second, at most 60; 0 without fresh state, and each part 0 where the
 * engine does not say.
 */
export function waitSeconds(evidence: Evidence, row: number): number {
  if (!evidence.fresh(row)) return 0
  const free = (1 - evidence.kvUsageRatio(row)) * evidence.kvCapacityTokens(row) - evidence.sincePollTokens(row)
  const tokensShort = atLeastZero(uncachedTokens(evidence, row) + evidence.meanOutputTokens(row) - free)
  const taken = evidence.inFlight(row) + evidence.othersRunning(row) + evidence.othersWaiting(row)
  const slotsShort = atLeastZero(taken + 1 - evidence.slots(row))
  const seconds = Math.max(tokensShort / evidence.freedTokensPerSecond(row), slotsShort / evidence.finishesPerSecond(row))
  return Math.min(WAIT_MAX_SECONDS, seconds)
}

/** The time to first token that is shown: A + (Q + u)/µ + L and the learned intercept, seconds. */
export function predictedTtftSeconds(evidence: Evidence, row: number): number {
  const prefill = (queuedTokens(evidence, row) + uncachedTokens(evidence, row)) / evidence.prefillTokensPerSecond(row)
  return waitSeconds(evidence, row) + prefill + evidence.adapterLoadSeconds(row) + evidence.interceptSeconds(row)
}

/** The value, but at least 0; NaN, an unknown, counts as 0. */
export function atLeastZero(value: number): number {
  return Number.isNaN(value) ? 0 : Math.max(0, value)
}
