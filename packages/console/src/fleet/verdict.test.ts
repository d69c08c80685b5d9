import { describe, expect, test } from 'vitest'
import type { EndpointView, FleetView, VectorSample } from '../api-types.ts'
import { fetched, notFetched } from '../query/fetched.ts'
import { type FleetFacts, fleetFacts, hitRatioOf, loadFleetFacts } from './fleet-facts.ts'
import { fleetVerdict, type VerdictInput } from './verdict.ts'

const questions = { ttft: 'ttft', outcomes: 'outcomes', hits: 'hits' }

function endpoint(id: string, more: Partial<EndpointView> = {}): EndpointView {
  return {
    id,
    url: 'http://gpu1:8000',
    simulated: false,
    state: 'ready',
    reason: null,
    stateAgeMs: 300,
    runningRequests: 3,
    waitingRequests: 0,
    kvUsageRatio: 0.4,
    kvCapacityTokens: 100_000,
    inFlight: 3,
    models: ['llama-3.1-8b'],
    prefillTokensPerSecond: 15_000,
    indexBlocks: 0,
    ...more,
  }
}

function fleet(endpoints: readonly EndpointView[]): FleetView {
  return {
    nowMs: 0,
    demo: { simulatedEngines: 0, traffic: false },
    apiPort: 8080,
    storeProblem: null,
    questions,
    version: '0.1.0',
    gateway: { reachable: true, error: null, nowMs: 0, pool: 'default', policy: 'least-cost', models: ['llama-3.1-8b'], endpoints },
    targets: [],
  }
}

const calm: FleetFacts = {
  models: [{ model: 'llama-3.1-8b', requestsPerSecond: 4, errorRatio: 0, ttftP95Seconds: 0.084 }],
  hitRatioByInstance: new Map(),
}
const three = ['engine-1', 'engine-2', 'engine-3'].map((id) => endpoint(id))
const verdict = (input: Partial<VerdictInput>) => fleetVerdict({ fleet: fleet(three), failure: undefined, facts: calm, model: '', ...input })

describe('the verdict', () => {
  test('is one good sentence when all is well', () => {
    expect(verdict({})).toEqual({ level: 'ok', text: 'All 3 endpoints are ready; llama-3.1-8b answers its first token in 84 ms (p95).' })
  })

  test('names the endpoint that is out, and why', () => {
    const endpoints = [three[0], endpoint('engine-2', { state: 'held-out', reason: 'connection refused' }), three[2]].filter(
      (one) => one !== undefined,
    )
    expect(verdict({ fleet: fleet(endpoints) })).toEqual({
      level: 'warning',
      text: '2 of 3 endpoints are ready: engine-2 is held out, connection refused.',
    })
  })

  test('is critical when no endpoint is ready, and counts what it does not name', () => {
    const endpoints = Array.from({ length: 5 }, (_, index) => endpoint(`engine-${index}`, { state: 'stale' }))
    const { level, text } = verdict({ fleet: fleet(endpoints) })
    expect(level).toBe('critical')
    expect(text).toMatch(/^None of 5 endpoints is ready: engine-0 has not reported lately; .*; and 2 more\.$/)
  })

  test('puts what clients feel first', () => {
    const facts = { ...calm, models: [{ model: 'llama-3.1-8b', requestsPerSecond: 4, errorRatio: 0.4, ttftP95Seconds: 0.084 }] }
    expect(verdict({ facts })).toEqual({ level: 'critical', text: '40.0 % of the requests for llama-3.1-8b fail. All 3 endpoints are ready.' })
  })

  test('mentions slow first tokens, full caches and long queues, two of them at most', () => {
    const facts = { ...calm, models: [{ model: 'llama-3.1-8b', requestsPerSecond: 4, errorRatio: 0, ttftP95Seconds: 12 }] }
    const { level, text } = verdict({ facts, fleet: fleet([endpoint('engine-1', { kvUsageRatio: 0.95, waitingRequests: 40 })]) })
    expect(level).toBe('warning')
    expect(text).toBe(
      'llama-3.1-8b answers its first token only after 12.0 s (p95); engine-1 has 95.0 % of its KV cache in use. The only endpoint is ready.',
    )
  })

  test('takes no comfort in the numbers of an endpoint that is not ready', () => {
    const { text } = verdict({ fleet: fleet([endpoint('engine-1'), endpoint('engine-2', { state: 'stale', kvUsageRatio: 0.99 })]) })
    expect(text).not.toContain('KV cache')
  })

  test('names the slowest of several models, and only the chosen one when a model is chosen', () => {
    const models = [
      { model: 'small', requestsPerSecond: 1, errorRatio: 0, ttftP95Seconds: 0.1 },
      { model: 'large', requestsPerSecond: 1, errorRatio: 0, ttftP95Seconds: 2 },
    ]
    expect(verdict({ facts: { ...calm, models } }).text).toContain('the slowest of 2 models, large, answers its first token in 2.00 s (p95)')
    expect(verdict({ facts: { ...calm, models }, model: 'small' }).text).toContain('; small answers its first token in 100 ms (p95)')
  })

  test('says when there is no traffic, and when traffic is not known', () => {
    expect(verdict({ facts: { ...calm, models: [] } }).text).toBe('All 3 endpoints are ready; no request came in the last 5 minutes.')
    expect(verdict({ facts: undefined }).text).toBe('All 3 endpoints are ready; traffic is not known yet.')
  })

  test('says that there is no endpoint, no gateway, no monitor', () => {
    expect(verdict({ fleet: fleet([]) })).toMatchObject({ level: 'warning', text: expect.stringContaining('No endpoint is registered') })
    const unreachable = { ...fleet([]), gateway: { reachable: false, error: '127.0.0.1:9090: connection refused' } }
    expect(verdict({ fleet: unreachable })).toMatchObject({ level: 'critical', text: expect.stringContaining('127.0.0.1:9090: connection refused') })
    const failure = { code: 'unreachable', status: 0, message: 'no connection to box:7070' } as const
    expect(verdict({ fleet: undefined, failure }).text).toContain('The monitor does not answer: no connection to box:7070')
    expect(verdict({ failure }).text).toContain('What is shown is old')
    expect(verdict({ fleet: undefined }).level).toBe('unknown')
  })
})

describe('fleet facts', () => {
  const sample = (metric: Record<string, string>, value: string): VectorSample => ({ metric, value: [0, value] })

  test('put rates, errors and first tokens of each model together', () => {
    const facts = fleetFacts({
      ttft: [sample({ model: 'a' }, '0.25'), sample({ model: 'b' }, 'NaN')],
      outcomes: [
        sample({ model: 'a', outcome: 'ok' }, '3'),
        sample({ model: 'a', outcome: 'error' }, '1'),
        sample({ model: 'b', outcome: 'ok' }, '0'),
      ],
      hits: [sample({ instance: 'gpu1:8000' }, '0.7')],
    })
    expect(facts.models).toEqual([
      { model: 'a', requestsPerSecond: 4, errorRatio: 0.25, ttftP95Seconds: 0.25 },
      { model: 'b', requestsPerSecond: 0, errorRatio: null, ttftP95Seconds: null },
    ])
    expect(hitRatioOf(endpoint('engine-1'), facts)).toBe(0.7)
    expect(hitRatioOf(endpoint('engine-1', { url: 'http://other:1' }), facts)).toBeNull()
  })

  test('come from three questions, and fail with any of them', async () => {
    expect(await loadFleetFacts(questions, () => Promise.resolve(fetched([])))).toEqual(fetched({ models: [], hitRatioByInstance: new Map() }))
    const failing = await loadFleetFacts(questions, (expr) =>
      Promise.resolve(expr === questions.hits ? notFetched('refused', 422, 'no') : fetched([])),
    )
    expect(failing).toMatchObject({ ok: false })
  })
})
