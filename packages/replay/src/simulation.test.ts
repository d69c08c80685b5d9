import { seededRandom } from '@signalbox/base'
import { policies } from '@signalbox/scheduler'
import { describe, expect, it } from 'vitest'
import { type FleetSpec, parseFleet } from './fleet.ts'
import type { RunResult } from './run-result.ts'
import type { ShapeId } from './shapes/shape.ts'
import { shapeTrace } from './shapes/shapes.ts'
import { Simulation } from './simulation.ts'
import type { PolicyChoice, SimulationOptions } from './simulation-options.ts'
import type { Trace } from './trace.ts'

function fleetOf(text: string): FleetSpec {
  const fleet = parseFleet(text)
  if (!fleet.ok) throw new Error(fleet.error)
  return fleet.value
}

function shaped(id: ShapeId, parameters: Readonly<Record<string, number>>, seed = 1): Trace {
  const trace = shapeTrace(id, parameters, seededRandom(seed))
  if (!trace.ok) throw new Error(trace.error)
  return trace.value
}

function policyOf(type: string): PolicyChoice {
  if (type === 'oracle') return { kind: 'oracle' }
  const plugin = policies.get(type)
  if (plugin === undefined) throw new Error(`no policy ${type}`)
  return { kind: 'scheduler', plugin, parameters: undefined }
}

type Wishes = Omit<Partial<SimulationOptions>, 'policy' | 'fleet'> & { readonly policy?: string; readonly engines?: string }

function simulationOf({ policy = 'least-cost', engines = '4x8b-h100', ...wishes }: Wishes): Simulation {
  return new Simulation({
    trace: CHATS,
    fleet: fleetOf(engines),
    policy: policyOf(policy),
    seed: 1,
    gateways: 1,
    feed: undefined,
    objectives: { ttftMs: 1000, tpotMs: 50 },
    ...wishes,
  })
}

/** Runs to the end, which also asserts that nothing is left in engines and gateways. */
function run(wishes: Wishes): RunResult {
  const simulation = simulationOf(wishes)
  while (simulation.advance(1000));
  return simulation.result()
}

const CHATS = shaped('chat-sessions', { requests: 400, ratePerSecond: 20, turns: 4, outputTokens: 100, thinkMs: 2000 })
const DOCUMENTS = shaped('shared-prefixes', { requests: 600, ratePerSecond: 12, documents: 24, outputTokens: 60 })

function tokensOf(trace: Trace): { prompt: number; output: number } {
  return {
    prompt: trace.requests.reduce((sum, { prompt }) => sum + prompt.tokens, 0),
    output: trace.requests.reduce((sum, { output }) => sum + output.tokens, 0),
  }
}

function total(result: RunResult, of: 'requests' | 'uncachedTokens' | 'cachedTokens' | 'generatedTokens'): number {
  return result.perEndpoint.reduce((sum, endpoint) => sum + endpoint[of], 0)
}

describe('a run', () => {
  it.each(['least-cost', 'round-robin', 'least-requests', 'random', 'longest-prefix', 'oracle'])(
    'of %s ends every request once and loses no token',
    (policy) => {
      const result = run({ policy })
      const { prompt, output } = tokensOf(CHATS)
      expect(result).toMatchObject({ requests: 400, completed: 400, failed: 0, retries: 0 })
      expect(total(result, 'requests')).toBe(400)
      expect(total(result, 'cachedTokens') + total(result, 'uncachedTokens')).toBe(prompt)
      expect(total(result, 'generatedTokens')).toBe(output)
      expect(result.hitRatio).toBeCloseTo(result.deliveredCachedTokens / prompt, 12)
      expect(result.ttftMs.p50).toBeGreaterThan(0)
      expect(result.ttftMs.p50).toBeLessThanOrEqual(result.ttftMs.p90)
      expect(result.e2eMs.p50).toBeGreaterThan(result.ttftMs.p50)
      expect(result.decisionsJudged).toBe(400)
    },
  )

  it('is the same for the same seed, in whatever slices it runs, and another one for another seed', () => {
    const wishes: Wishes = { engines: '4x8b-h100,noise=0.3,step-noise=0.1', gateways: 3, feed: { delayMs: 50 } }
    const whole = simulationOf(wishes)
    expect(whole.advance(Number.POSITIVE_INFINITY)).toBe(false)
    expect(run(wishes)).toEqual(whole.result())
    expect(run({ ...wishes, seed: 2 })).not.toEqual(whole.result())
  })

  it('says how far it is', () => {
    const simulation = simulationOf({})
    expect(simulation.progress).toEqual({ done: 0, total: 400, virtualMs: 0 })
    while (simulation.progress.done < 100) expect(simulation.advance(10)).toBe(true)
    expect(simulation.progress.virtualMs).toBeGreaterThan(0)
    expect(simulation.progress.virtualMs).toBeLessThan(run({}).virtualMs)
  })

  it('sends a follow-up its think time after the answer before it', () => {
    const { requests } = CHATS
    const result = run({ trace: { ...CHATS, requests: requests.map((request) => ({ ...request, after: undefined })) } })
    // Without waiting for answers all turns of a session come at once.
    expect(result.virtualMs).toBeLessThan(run({}).virtualMs - 2000)
  })

  it('leaves polls out while nothing is under way, and misses nothing by it', () => {
    const [first, second, ...rest] = DOCUMENTS.requests.slice(0, 40)
    if (first === undefined || second === undefined) throw new Error('no requests')
    const DAY = 86_400_000
    const apart = { ...DOCUMENTS, requests: [first, ...[second, ...rest].map((request) => ({ ...request, atMs: request.atMs + DAY }))] }
    const simulation = simulationOf({ trace: apart })
    expect(simulation.advance(20_000)).toBe(false)
    expect(simulation.result().virtualMs).toBeGreaterThan(DAY)
    expect(simulation.result().completed).toBe(40)
  })
})

describe('policies', () => {
  it('that only follow the longest prefix send a trace whose prompts share their first block to one engine; the default does not', () => {
    const trace = shaped('first-block', { requests: 400, ratePerSecond: 15, promptTokens: 2000, outputTokens: 100 })
    const herding = run({ trace, policy: 'longest-prefix', engines: '8x8b-h100' })
    const balanced = run({ trace, policy: 'least-cost', engines: '8x8b-h100' })
    expect(herding.herd).toBeGreaterThan(0.95)
    expect(balanced.herd).toBeLessThan(0.25)
    expect(balanced.ttftMs.p90).toBeLessThan(herding.ttftMs.p90 / 3)
  })

  it('with an index hit more than those without, and no more than the best there is', () => {
    const aware = run({ trace: DOCUMENTS })
    const blind = run({ trace: DOCUMENTS, policy: 'round-robin' })
    expect(aware.hitRatio).toBeGreaterThan(blind.hitRatio + 0.1)
    expect(aware.hitRatio).toBeLessThanOrEqual(aware.bestHitRatio + 0.01)
    expect(aware.recomputedTokens).toBeLessThan(blind.recomputedTokens)
    expect(Math.abs(aware.predictedCachedTokens / aware.deliveredCachedTokens - 1)).toBeLessThan(0.1)
  })

  it('regret less the more they know; an oracle regrets nothing', () => {
    const engines = '4x70b-h100'
    const regret = (policy: string) => run({ trace: DOCUMENTS, policy, engines }).regretMs
    expect(regret('oracle').max).toBe(0)
    expect(regret('least-cost').mean).toBeGreaterThan(0)
    expect(regret('least-cost').mean).toBeLessThan(regret('random').mean / 2)
  })
})

describe('several gateways', () => {
  const wishes: Wishes = { trace: DOCUMENTS, gateways: 4 }

  it('that tell each other nothing recompute what one would have found', () => {
    const one = run({ trace: DOCUMENTS })
    const apart = run(wishes)
    expect(apart.recomputedTokens).toBeGreaterThan(one.recomputedTokens * 1.5)
    expect(apart.hitRatio).toBeLessThan(one.hitRatio - 0.05)
  })

  it.each([0, 100])('that hear of each other after %i ms are nearly as good as one', (delayMs) => {
    const one = run({ trace: DOCUMENTS })
    const fed = run({ ...wishes, feed: { delayMs } })
    expect(fed.hitRatio).toBeGreaterThan(one.hitRatio - 0.03)
    expect(fed.completed).toBe(600)
  })

  it('each get their share of the requests', () => {
    // Two gateways that know nothing of each other and only take turns: an engine gets from both.
    const result = run({ trace: DOCUMENTS, gateways: 2, policy: 'round-robin' })
    for (const { requests } of result.perEndpoint) expect(Math.abs(requests - 150)).toBeLessThanOrEqual(2)
  })
})

describe('what gateways do not see', () => {
  it('costs: eight gateways that see an engine every 5 s herd where those that see it every 50 ms do not', () => {
    const trace = shaped('poisson', { requests: 800, ratePerSecond: 45, promptTokens: 4000, outputTokens: 100 })
    const p90 = (pollMs: number) => run({ trace, gateways: 8, policy: 'least-requests', pollMs }).ttftMs.p90
    expect(p90(50)).toBeLessThan(p90(5000) * 0.6)
  })

  it('of answers that are not streamed is their first token, so that no distribution has it', () => {
    const result = run({ unstreamedRatio: 1 })
    expect(result.completed).toBe(400)
    expect(result.ttftMs.p50).toBeNaN()
    expect(result.ttftErrorMs.p50).toBeNaN()
    expect(result.e2eMs.p50).toBeGreaterThan(0)
    const half = run({ unstreamedRatio: 0.5 })
    expect(half.ttftMs.p50).toBeGreaterThan(0)
    expect(half.completed).toBe(400)
  })

  it('is how long the way to the engine takes', () => {
    expect(run({ hopMs: 40 }).ttftMs.p50).toBeGreaterThan(run({}).ttftMs.p50 + 35)
  })
})

describe('engines that are not what the policy believes', () => {
  it.each(['noise=0.3', 'steps=polynomial', 'steps=quadratic', 'scheduling=priority', 'step-noise=0.3,noise=0.3', 'kv-blocks=600'])(
    'with %s get all done',
    (setting) => {
      const requests = DOCUMENTS.requests.map((request, index) => ({ ...request, priority: index % 3 === 0 ? 5 : 0 }))
      const trace = { ...DOCUMENTS, requests: requests.filter(({ prompt }) => prompt.tokens < 8000) }
      const result = run({ trace, engines: `4x8b-h100,${setting}` })
      expect(result.completed).toBe(trace.requests.length)
      expect(total(result, 'generatedTokens')).toBe(tokensOf(trace).output)
    },
  )

  it('serve low numbers first when they go by priority', () => {
    const requests = DOCUMENTS.requests.map((request, index) => ({ ...request, atMs: request.atMs / 10, priority: index % 2 === 0 ? 0 : 9 }))
    const urgent = { ...DOCUMENTS, requests: requests.map((request) => (request.priority === 0 ? request : { ...request, stream: false })) }
    // Only the urgent ones are streamed, so that the distribution is theirs.
    const p90 = (engines: string) => run({ trace: urgent, engines, policy: 'least-requests' }).ttftMs.p90
    expect(p90('4x8b-h100,slots=4,scheduling=priority')).toBeLessThan(p90('4x8b-h100,slots=4') * 0.6)
  })
})

describe('an engine that dies', () => {
  const failures = [{ endpoint: 1, atMs: 5000, forMs: 10_000 }]

  it.each(['least-cost', 'oracle'])('loses the streams that had begun; under %s the rest is answered elsewhere', (policy) => {
    const result = run({ trace: DOCUMENTS, policy, failures, engines: '2x70b-h100' })
    expect(result.completed + result.failed).toBe(600)
    expect(result.failures).toEqual({ tooLong: 0, noEndpoint: 0, attemptsFailed: 0, cutShort: result.failed })
    expect(result.failed).toBeGreaterThan(0)
    expect(result.failed).toBeLessThan(30)
    const forGood = run({ trace: DOCUMENTS, policy, failures: [{ endpoint: 1, atMs: 5000, forMs: 1e9 }], engines: '2x70b-h100' })
    expect(result.perEndpoint[1]?.requests).toBeGreaterThan(forGood.perEndpoint[1]?.requests ?? 0)
    expect(forGood.completed + forGood.failed).toBe(600)
  })

  it('has its unstreamed answers made again by others', () => {
    const result = run({ trace: DOCUMENTS, failures, unstreamedRatio: 1, engines: '2x70b-h100' })
    expect(result.completed).toBe(600)
    expect(result.retries).toBeGreaterThan(0)
    expect(total(result, 'requests')).toBeGreaterThan(600)
  })

  it('takes the whole fleet with it when it is alone', () => {
    const result = run({ trace: DOCUMENTS, engines: '1x8b-h100', failures: [{ endpoint: 0, atMs: 5000, forMs: 10_000 }] })
    expect(result.failures.noEndpoint).toBeGreaterThan(50)
    expect(result.completed).toBeGreaterThan(300)
    expect(result.completed + result.failed).toBe(600)
  })
})

describe('requests that no engine holds', () => {
  it('fail, are counted, and stop nothing', () => {
    const result = run({ trace: DOCUMENTS, engines: '4x8b-h100,kv-blocks=400' })
    expect(result.failures.tooLong).toBe(DOCUMENTS.requests.filter(({ prompt, output }) => prompt.tokens + output.tokens > 6400).length)
    expect(result.failed).toBe(result.failures.tooLong)
    expect(result.completed + result.failed).toBe(600)
  })

  it('are tried elsewhere while a queue is full, and fail when all are', () => {
    const requests = CHATS.requests.map((request) => ({ ...request, atMs: 0, after: undefined }))
    const flood = [...requests, ...requests, ...requests, ...requests, ...requests, ...requests]
    const result = run({ trace: { ...CHATS, requests: flood }, engines: '2xdemo', policy: 'round-robin' })
    expect(result.failures.attemptsFailed).toBe(result.failed)
    expect(result.failed).toBeGreaterThan(0)
    // Two queues of 1,024 each.
    expect(result.completed).toBeGreaterThanOrEqual(2048)
    expect(result.retries).toBeGreaterThan(0)
  })
})
