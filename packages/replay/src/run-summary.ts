import type { Judge } from './judge.ts'
import type { Outcomes } from './outcomes.ts'
import type { EndpointResult, RunResult } from './run-result.ts'
import type { SimulatedEndpoint } from './simulated-endpoint.ts'

/** What a run leaves behind. Sums of tokens are over completed requests. */
export interface RunRemains {
  readonly requests: number
  readonly virtualMs: number
  readonly outcomes: Outcomes
  readonly endpoints: readonly SimulatedEndpoint[]
  readonly judge: Judge
  readonly retries: number
  readonly distinctTokens: number
  readonly predictedCachedTokens: number
  readonly deliveredCachedTokens: number
  readonly deliveredPromptTokens: number
}

export function summaryOf(remains: RunRemains): RunResult {
  const { requests, virtualMs, outcomes, judge } = remains
  const perEndpoint = remains.endpoints.map((endpoint) => endpointResult(endpoint, virtualMs))
  const uncached = perEndpoint.map(({ uncachedTokens }) => uncachedTokens)
  const taken = perEndpoint.map((endpoint) => endpoint.requests)
  const prefillTokens = sum(remains.endpoints.map(({ totals }) => totals.prefillTokens))
  return {
    requests,
    completed: outcomes.completedRequests,
    failed: outcomes.failedRequests,
    failures: outcomes.failures,
    retries: remains.retries,
    virtualMs,
    ...outcomes.distributions(),
    hitRatio: remains.deliveredCachedTokens / remains.deliveredPromptTokens,
    bestHitRatio: judge.bestHitRatio,
    recomputedTokens: Math.max(0, prefillTokens - remains.distinctTokens),
    uncachedTokens: sum(uncached),
    imbalance: (Math.max(...uncached) * uncached.length) / sum(uncached),
    goodputPerSecond: outcomes.goodRequests / (virtualMs / 1000),
    goodputRatio: outcomes.goodRequests / requests,
    preemptions: sum(perEndpoint.map(({ preemptions }) => preemptions)),
    perEndpoint,
    predictedCachedTokens: remains.predictedCachedTokens,
    deliveredCachedTokens: remains.deliveredCachedTokens,
    decisionsJudged: judge.decisions,
    herd: Math.max(...taken) / sum(taken),
  }
}

function endpointResult({ id, profile, totals }: SimulatedEndpoint, virtualMs: number): EndpointResult {
  const { requests, uncachedTokens, cachedTokens, generatedTokens, preemptions, steps, busyMs } = totals
  return { endpoint: id, profile, requests, uncachedTokens, cachedTokens, generatedTokens, preemptions, steps, busyRatio: busyMs / virtualMs }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
