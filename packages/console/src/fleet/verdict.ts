import type { EndpointView, FleetView } from '../api-types.ts'
import { formatDuration, formatRatio, plural } from '../format/numbers.ts'
import type { FetchFailure } from '../query/fetched.ts'
import type { FleetFacts } from './fleet-facts.ts'

export interface Verdict {
  readonly level: 'ok' | 'warning' | 'critical' | 'unknown'
  /** Whole sentences, worst first. */
  readonly text: string
}

/** Above these the verdict mentions it. The TTFT bound is the fleet's published alert (HighInferenceLatency). */
export const limits = { ttftSeconds: 10, errorRatio: 0.01, errorRatioCritical: 0.1, kvUsageRatio: 0.9, waiting: 20 } as const

/** What the verdict is computed from. */
export interface VerdictInput {
  readonly fleet: FleetView | undefined
  /** Why the fleet could not be asked just now. */
  readonly failure: FetchFailure | undefined
  readonly facts: FleetFacts | undefined
  /** Empty: all. */
  readonly model: string
}

/** The fleet in one or two sentences. */
export function fleetVerdict({ fleet, failure, facts, model }: VerdictInput): Verdict {
  if (fleet === undefined) {
    return failure === undefined
      ? { level: 'unknown', text: 'Asking the fleet.' }
      : { level: 'critical', text: `The monitor does not answer: ${failure.message}. Nothing is known of the fleet.` }
  }
  if (failure !== undefined) return { level: 'critical', text: `The monitor stopped answering: ${failure.message}. What is shown is old.` }
  if (!fleet.gateway.reachable) {
    const why = fleet.gateway.error ?? 'it does not answer'
    return { level: 'critical', text: `The gateway is unreachable: ${why}. The state of its endpoints is unknown.` }
  }
  const endpoints = fleet.gateway.endpoints ?? []
  if (endpoints.length === 0) return { level: 'warning', text: 'No endpoint is registered: the gateway has nowhere to send a request.' }
  return endpointsVerdict(endpoints, facts, model)
}

function endpointsVerdict(endpoints: readonly EndpointView[], facts: FleetFacts | undefined, model: string): Verdict {
  const ready = endpoints.filter(({ state }) => state === 'ready')
  const readiness = readinessSentence(endpoints, ready.length)
  const hurts = pains(ready, facts, model)
  const level =
    ready.length === 0 || hurts.some(({ critical }) => critical) ? 'critical' : ready.length < endpoints.length || hurts.length > 0 ? 'warning' : 'ok'
  if (hurts.length === 0)
    return { level, text: ready.length === endpoints.length ? `${readiness}; ${trafficClause(facts, model)}.` : `${readiness}.` }
  const worst = hurts.slice(0, PAINS_MAX).map(({ text }) => text)
  // What clients feel comes before what operators see, unless no endpoint is left at all.
  const painFirst = ready.length > 0 && (ready.length === endpoints.length || hurts[0]?.critical === true)
  return { level, text: painFirst ? `${worst.join('; ')}. ${readiness}.` : `${readiness}. ${worst.join('; ')}.` }
}

/** More than this is for the table and the panels to say. */
const PAINS_MAX = 2

function readinessSentence(endpoints: readonly EndpointView[], ready: number): string {
  if (ready === endpoints.length) return endpoints.length === 1 ? 'The only endpoint is ready' : `All ${endpoints.length} endpoints are ready`
  const lead =
    ready === 0
      ? `None of ${plural(endpoints.length, 'endpoint')} is ready`
      : `${ready} of ${endpoints.length} endpoints ${ready === 1 ? 'is' : 'are'} ready`
  const others = endpoints.filter(({ state }) => state !== 'ready')
  const named = others.slice(0, NAMED_MAX).map(whyNotReady)
  const more = others.length - named.length
  return `${lead}: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

/** Endpoints a sentence names before it counts the rest. */
const NAMED_MAX = 3

const stateWords: Readonly<Record<EndpointView['state'], string>> = {
  ready: 'is ready',
  stale: 'has not reported lately',
  'held-out': 'is held out',
  unknown: 'was never heard of',
}

function whyNotReady(endpoint: EndpointView): string {
  const reason = endpoint.reason === null || endpoint.reason === '' ? '' : `, ${endpoint.reason.replace(/\.$/, '')}`
  return `${endpoint.id} ${stateWords[endpoint.state]}${reason}`
}

interface Pain {
  readonly text: string
  readonly critical: boolean
}

/** What hurts although endpoints are ready, worst first. */
function pains(ready: readonly EndpointView[], facts: FleetFacts | undefined, model: string): Pain[] {
  const found: Pain[] = []
  const models = (facts?.models ?? []).filter((entry) => model === '' || entry.model === model)
  const worst = <T>(list: readonly T[], score: (entry: T) => number) => [...list].sort((a, b) => score(b) - score(a))[0]
  const failing = worst(models, (entry) => entry.errorRatio ?? 0)
  if (failing !== undefined && (failing.errorRatio ?? 0) > limits.errorRatio) {
    const ratio = failing.errorRatio ?? 0
    found.push({ text: `${formatRatio(ratio)} of the requests for ${failing.model} fail`, critical: ratio > limits.errorRatioCritical })
  }
  const slow = worst(models, (entry) => entry.ttftP95Seconds ?? 0)
  if (slow !== undefined && (slow.ttftP95Seconds ?? 0) > limits.ttftSeconds) {
    found.push({ text: `${slow.model} answers its first token only after ${formatDuration(slow.ttftP95Seconds)} (p95)`, critical: false })
  }
  const full = worst(ready, (endpoint) => endpoint.kvUsageRatio ?? 0)
  if (full !== undefined && (full.kvUsageRatio ?? 0) >= limits.kvUsageRatio) {
    found.push({ text: `${full.id} has ${formatRatio(full.kvUsageRatio)} of its KV cache in use`, critical: false })
  }
  const queued = worst(ready, (endpoint) => endpoint.waitingRequests ?? 0)
  if (queued !== undefined && (queued.waitingRequests ?? 0) > limits.waiting) {
    found.push({ text: `${queued.id} has ${plural(queued.waitingRequests ?? 0, 'request')} waiting`, critical: false })
  }
  return found
}

function trafficClause(facts: FleetFacts | undefined, model: string): string {
  if (facts === undefined) return 'traffic is not known yet'
  const models = facts.models.filter((entry) => model === '' || entry.model === model)
  if (!models.some(({ requestsPerSecond }) => requestsPerSecond > 0)) {
    return model === '' ? 'no request came in the last 5 minutes' : `no request for ${model} came in the last 5 minutes`
  }
  const timed = models.filter(({ ttftP95Seconds }) => ttftP95Seconds !== null).sort((a, b) => (b.ttftP95Seconds ?? 0) - (a.ttftP95Seconds ?? 0))
  const slowest = timed[0]
  if (slowest === undefined) return 'no request has had its first token yet'
  const which = timed.length > 1 ? `the slowest of ${timed.length} models, ${slowest.model},` : slowest.model
  return `${which} answers its first token in ${formatDuration(slowest.ttftP95Seconds)} (p95)`
}
