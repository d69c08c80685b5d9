import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecisionLog, policies } from './index.ts'
import { engineState, World } from './scheduler.case.ts'

const IDLE = {}

describe('where least-cost sends a request', () => {
  it.each([
    ['the idle one of two', { busy: { runningRequests: 40, waitingRequests: 10 }, idle: IDLE }, 'idle'],
    ['past running streams to an idle engine', { busy: { runningRequests: 40 }, idle: IDLE }, 'idle'],
    ['past waiting requests of other senders', { busy: { waitingRequests: 3 }, idle: IDLE }, 'idle'],
    ['past an engine without memory', { full: { kvUsageRatio: 1 }, free: { kvUsageRatio: 0.2 } }, 'free'],
    ['past an engine without slots', { full: { runningRequests: 256 }, free: { runningRequests: 255 } }, 'free'],
    ['to the one that serves the model', { other: { models: ['x'] }, right: { models: ['x', 'm'] } }, 'right'],
    ['to one that has not said what it serves', { other: { models: ['x'] }, silent: { models: [] } }, 'silent'],
    ['to one that was never polled, rather than queue', { busy: { waitingRequests: 50 }, unknown: undefined }, 'unknown'],
  ])('%s', (_, engines, expected) => {
    expect(new World(engines).choice()).toBe(expected)
  })

  it('to the endpoint that has the prompt cached, while load is light', () => {
    const world = new World({ a: IDLE, b: IDLE, c: IDLE })
    world.warm('b', { prompt: 'story', bytes: 40_000 })
    for (let i = 0; i < 10; i += 1) expect(world.choice({ prompt: 'story', bytes: 40_000 })).toBe('b')
  })

  it('past the cached endpoint when its queue costs more than the prefill', () => {
    const world = new World({ a: IDLE, b: IDLE })
    world.warm('b', { prompt: 'story', bytes: 40_000 })
    world.poll({ b: { waitingRequests: 30, runningRequests: 30 } })
    expect(world.choice({ prompt: 'story', bytes: 40_000 })).toBe('a')
  })

  it('where the adapter is loaded', () => {
    const world = new World({ a: { models: ['m', 'lora'] }, b: { models: ['m', 'lora'], adaptersLoaded: ['lora'], runningRequests: 1 } })
    expect(world.choice({ model: 'lora' })).toBe('b')
    expect(world.choice({ model: 'm' })).toBe('a')
  })
})

describe('the cost to the letter', () => {
  it('is A + (Q + u·(1 + ξ·n)) / µ + γ·ô·κ·n + L', () => {
    const world = new World({ a: { runningRequests: 12, waitingRequests: 3, kvUsageRatio: 0.985, models: ['m', 'x'] }, b: { adaptersLoaded: ['m'] } })
    const own = [world.scheduler.pick(world.request({ bytes: 8000 }), ['b']), world.scheduler.pick(world.request({ bytes: 4000 }), ['b'])]
    if (own[0]?.ok) own[0].assignment.firstContent()
    const log = new DecisionLog({ clock: world.clock })
    const request = world.request({ bytes: 40_000 })
    world.scheduler.pick(request, [], log.open(request, world.clock.nowMs()))
    const candidate = log.get(request.id)?.attempts[0]?.candidates.find((each) => each.endpoint === 'a')
    const u = 10_000
    // The three that waited at the poll are others', of 1,000 tokens each: retries, as the two here are, do not move the mean.
    const Q = 1000 + 3 * 1000
    const n = 1 + 12
    // Free: 1.5 % of 1M tokens less the 3,000 sent since the poll.
    const A = (u + 256 - 12_000) / 2000
    const rate = candidate?.signals['prefill_tokens_per_second']?.value ?? 0
    const intercept = candidate?.signals['intercept_seconds']?.value ?? 0
    const load = candidate?.signals['adapter_load_seconds']?.value ?? 0
    expect(A).toBeLessThan(0)
    expect(candidate?.terms['wait']).toBe(0)
    expect(candidate?.terms['queue']).toBeCloseTo(Q / rate, 12)
    expect(candidate?.terms['prefill']).toBeCloseTo(u / rate, 12)
    expect(load).toBeGreaterThan(0)
    expect(candidate?.terms['adapter']).toBe(load)
    expect(candidate?.terms['stall']).toBeCloseTo((u * 0.1 * n) / rate, 12)
    expect(candidate?.terms['decode']).toBeCloseTo(256 * 60e-6 * n, 12)
    expect(candidate?.predictedTtftMs).toBeCloseTo(((Q + u) / rate + load + intercept) * 1000, 9)
  })

  it('counts of an engine what is not our own, as of the poll: ours are neither counted twice nor after they have ended', () => {
    const world = new World({ a: {} })
    const own = [1, 2, 3, 4].map(() => world.send({ bytes: 4000 }))
    for (const assignment of own.slice(0, 3)) assignment.firstContent()
    world.poll({ a: { runningRequests: 5, waitingRequests: 2 } })
    const log = new DecisionLog({ clock: world.clock })
    const judged = () => {
      const request = world.request({ bytes: 4000 })
      const picked = world.scheduler.pick(request, [], log.open(request, world.clock.nowMs()))
      if (picked.ok) picked.assignment.end({ kind: 'cancelled' })
      const { terms = {}, signals = {} } = log.get(request.id)?.attempts[0]?.candidates[0] ?? {}
      return { decode: terms['decode'], running: signals['others_running']?.value, waiting: signals['others_waiting']?.value }
    }
    // Seven are there, four of them ours, of which one waits.
    expect(judged()).toMatchObject({ running: 2, waiting: 1, decode: expect.closeTo(256 * 60e-6 * 5, 12) })
    for (const assignment of own) assignment.end({ kind: 'cancelled' })
    expect(judged()).toMatchObject({ running: 2, waiting: 1, decode: expect.closeTo(256 * 60e-6 * 2, 12) })
  })

  it.each([
    ['tokens short over 2,000 a second', { kvUsageRatio: 0.995 }, (10_000 + 256 - 5000) / 2000],
    ['slots short over one a second', { runningRequests: 256, waitingRequests: 4 }, 5],
    ['the larger of the two', { kvUsageRatio: 0.995, runningRequests: 256 }, (10_000 + 256 - 5000) / 2000],
    ['60 s at most', { runningRequests: 256, waitingRequests: 500 }, 60],
    ['0 where the engine does not say', { kvCapacityTokens: Number.NaN, kvUsageRatio: 1, runningRequests: Number.NaN }, 0],
  ])('waits for memory or a slot: %s', (_, says, expected) => {
    const world = new World({ a: says })
    const log = new DecisionLog({ clock: world.clock })
    const request = world.request({ bytes: 40_000 })
    world.scheduler.pick(request, [], log.open(request, world.clock.nowMs()))
    expect(log.get(request.id)?.attempts[0]?.candidates[0]?.terms['wait']).toBeCloseTo(expected, 9)
  })
})

describe('what the scheduler learns from requests', () => {
  const signals = (world: World, model = 'm') => {
    const request = world.request({ model })
    const log = new DecisionLog({ clock: world.clock, bytesMax: 1024 * 1024 })
    const picked = world.scheduler.pick(request, [], log.open(request, world.clock.nowMs()))
    if (picked.ok) picked.assignment.end({ kind: 'cancelled' })
    return (id: string) => log.get(request.id)?.attempts[0]?.candidates[0]?.signals[id]?.value ?? Number.NaN
  }

  it('the output tokens of answers that ended well, streamed or not, and of no others', () => {
    const world = new World({ a: { models: ['m', 'unheard-of'] } })
    for (let i = 0; i < 200; i += 1) world.send({ stream: i % 2 === 0 }).end({ kind: 'finished', completionTokens: 900 })
    for (const kind of ['failed', 'cancelled'] as const) world.send().end({ kind, completionTokens: 5 })
    world.send().end({ kind: 'finished' })
    expect(signals(world)('mean_output_tokens')).toBeCloseTo(900, 0)
    expect(signals(world, 'unheard-of')('mean_output_tokens')).toBe(256)
  })

  it('how a step grows with each stream, from the gaps between events', () => {
    const world = new World({ a: IDLE })
    const streams: ReturnType<World['send']>[] = []
    for (let second = 0; second < 400; second += 1) {
      const wanted = 5 + Math.round(40 * (1 + Math.sin(second / 20)))
      while (streams.length < wanted) {
        const assignment = world.send({ bytes: 256 })
        assignment.firstContent()
        streams.push(assignment)
      }
      while (streams.length > wanted) streams.pop()?.end({ kind: 'finished' })
      for (let step = 0; step < 40; step += 1) for (const stream of streams) stream.contentGap(15 + 0.2 * streams.length)
      world.clock.advance(1000)
      world.poll({ a: { runningRequests: streams.length } })
    }
    expect(Math.abs(signals(world)('step_seconds_per_stream') / 200e-6 - 1)).toBeLessThan(0.05)
  })

  it('how long an adapter loads, from requests that found it not loaded', () => {
    const engines = { a: { models: ['m', 'lora'] }, b: { models: ['lora'], adaptersLoaded: ['lora'] } }
    const world = new World(engines)
    for (let turn = 0; turn < 1000; turn += 1) {
      const loads = turn % 10 === 0
      const bytes = 2000 * (1 + (turn % 7))
      const result = world.scheduler.pick(world.request({ model: 'lora', bytes }), loads ? ['b'] : ['a'])
      if (!result.ok) throw new Error(result.detail)
      // The engine computes as the priors say; loading takes 2 s.
      world.clock.advance((loads ? 2000 : 0) + 20 + bytes / 4 / 15)
      result.assignment.firstContent()
      result.assignment.end({ kind: 'finished' })
      world.poll(engines)
    }
    expect(Math.abs(signals(world, 'lora')('adapter_load_seconds') - 2)).toBeLessThan(0.2)
  })

  it('nothing from numbers that cannot be: predictions and costs stay finite', () => {
    const number = fc.oneof(fc.double(), fc.nat(1000), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300))
    const says = fc.record({ runningRequests: number, waitingRequests: number, kvUsageRatio: number, kvCapacityTokens: number })
    const usage = fc.record({ promptTokens: number, completionTokens: number, cachedTokens: number })
    const step = fc.record({ says, usage, gapMs: number, ms: fc.nat(100_000), bytes: fc.nat(10_000), heard: number, stream: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const world = new World({ a: IDLE, b: IDLE })
        for (const { says: said, usage: used, gapMs, ms, bytes, heard, stream } of steps) {
          world.poll({ a: { ...said, adaptersLoaded: ['m'] }, b: said })
          const common = { id: `${ms}`, endpoint: 'b', prefixHashes: new Uint32Array(3) }
          world.scheduler.siblingSaid('x', { kind: 'dispatched', ...common, model: 'm', uncachedTokens: heard, outputTokens: heard })
          const assignment = world.send({ bytes, stream })
          expect(Number.isFinite(assignment.predictedTtftMs)).toBe(true)
          expect(Number.isFinite(assignment.marginSeconds)).toBe(true)
          world.clock.advance(ms)
          assignment.firstContent()
          for (let gap = 0; gap < 40; gap += 1) assignment.contentGap(gapMs)
          assignment.end({ kind: 'finished', ...used })
        }
      }),
      { numRuns: 100 },
    )
  })
})

describe('reservations at the pick', () => {
  it('keep two picks at once from seeing the same empty endpoint', () => {
    const world = new World({ a: IDLE, b: IDLE })
    expect(new Set([world.send().endpoint.id, world.send().endpoint.id])).toEqual(new Set(['a', 'b']))
  })

  it('spread a burst by tokens, not by requests', () => {
    const world = new World({ a: IDLE, b: IDLE })
    const big = world.send({ bytes: 400_000 }).endpoint.id
    for (let i = 0; i < 5; i += 1) expect(world.send({ bytes: 4000 }).endpoint.id).not.toBe(big)
  })

  it('are released by the first content, and count as decoding until the end', () => {
    const world = new World({ a: IDLE })
    const first = world.send({ bytes: 40_000 })
    expect(world.send({ bytes: 256 }).predictedTtftMs).toBeGreaterThan(500)
    first.firstContent()
    // The small one before is still reserved, the big one is not.
    expect(world.send({ bytes: 256 }).predictedTtftMs).toBeLessThan(50)
  })

  it('are released after twice the predicted time when the answer is not streamed', () => {
    const world = new World({ a: IDLE })
    const first = world.send({ bytes: 60_000, stream: false })
    world.clock.advance(first.predictedTtftMs * 2 - 1)
    expect(world.send({ bytes: 256 }).predictedTtftMs).toBeGreaterThan(900)
    world.clock.advance(1)
    expect(world.send({ bytes: 256 }).predictedTtftMs).toBeLessThan(50)
  })

  it('end once: later calls change nothing', () => {
    const world = new World({ a: IDLE })
    const assignment = world.send()
    assignment.end({ kind: 'finished', promptTokens: 1000, completionTokens: 10 })
    assignment.end({ kind: 'failed' })
    assignment.firstContent()
    expect(world.scheduler.endpoints()[0]).toMatchObject({ inFlight: 0, indexBlocks: 16 })
  })
})

describe('the state of an endpoint', () => {
  it('drops out of the cost when it is stale, and what this gateway knows remains', () => {
    const world = new World({ stale: { waitingRequests: 50, runningRequests: 50, kvUsageRatio: 1 }, fresh: IDLE })
    expect(world.choice()).toBe('fresh')
    world.clock.advance(3001)
    world.poll({ fresh: { runningRequests: 1 } })
    expect(world.choice()).toBe('stale')
    world.send()
    expect(world.choice()).toBe('fresh')
  })

  it('never stops dispatch by being stale', () => {
    const world = new World({ a: IDLE })
    world.clock.advance(60_000)
    world.scheduler.stateFailed('a', 'timed out after 900 ms')
    expect(world.choice()).toBe('a')
    expect(world.scheduler.endpoints()[0]).toMatchObject({
      state: 'stale',
      reason: 'no good poll for 60.0 s: timed out after 900 ms',
      stateAgeMs: 60_000,
    })
  })

  it('is held out from a poll that finds nobody listening until one succeeds', () => {
    const world = new World({ a: IDLE, b: IDLE })
    world.scheduler.stateFailed('a', 'connection refused', true)
    expect(world.scheduler.endpoints()[0]).toMatchObject({ state: 'held-out', reason: 'held out until a poll succeeds: connection refused' })
    expect(world.scheduler.pool().ready).toBe(1)
    for (let i = 0; i < 5; i++) expect(world.choice()).toBe('b')
    world.poll({ a: IDLE })
    expect(world.scheduler.pool().ready).toBe(2)
  })

  it('is fresh up to three polls of age, inclusive', () => {
    const world = new World({ a: IDLE }, { pollIntervalMs: 200 })
    world.clock.advance(600)
    expect(world.scheduler.endpoints()[0]?.state).toBe('ready')
    world.clock.advance(1)
    expect(world.scheduler.endpoints()[0]?.state).toBe('stale')
  })

  it('counts in the means of the pool only while it is fresh', () => {
    const world = new World({ a: { runningRequests: 4, waitingRequests: 2, kvUsageRatio: 0.5 }, b: { runningRequests: 100 }, c: undefined })
    world.clock.advance(3001)
    world.poll({ a: { runningRequests: 4, waitingRequests: 2, kvUsageRatio: 0.5 } })
    expect(world.scheduler.pool()).toMatchObject({ kvUsage: 0.5, queue: 2, running: 4, ready: 1 })
    expect(world.scheduler.pool().perEndpoint.map((each) => each.queue)).toEqual([2, Number.NaN, Number.NaN])
  })

  it('spreads over the pool as the standard deviation says', () => {
    const world = new World({
      a: { runningRequests: 2, waitingRequests: 1, kvUsageRatio: 0.2 },
      b: { runningRequests: 6, waitingRequests: 1, kvUsageRatio: 0.4 },
    })
    const { kvUsageStddev, queueStddev, runningStddev } = world.scheduler.pool()
    expect([kvUsageStddev.toFixed(12), queueStddev, runningStddev]).toEqual(['0.100000000000', 0, 2])
    expect(new World({ a: undefined }).scheduler.pool()).toMatchObject({ kvUsageStddev: Number.NaN, queueStddev: Number.NaN })
  })
})

describe('hold-out after a failed dispatch', () => {
  const isHeldOut = (world: World) => world.scheduler.endpoints()[0]?.state === 'held-out'

  it('lasts until the back-off is over and a poll that began after the failure succeeded', () => {
    const world = new World({ a: IDLE })
    const beganBefore = world.clock.nowMs()
    world.clock.advance(10)
    world.scheduler.attemptFailed('a', 'connection refused')
    world.clock.advance(1500)
    world.scheduler.stateObserved('a', engineState(), beganBefore)
    expect(isHeldOut(world)).toBe(true)
    world.poll({ a: IDLE })
    expect(isHeldOut(world)).toBe(false)
  })

  it('keeps requests away while anybody else is left, and not when nobody is', () => {
    const world = new World({ a: IDLE, b: IDLE })
    world.scheduler.attemptFailed('a', 'status 503')
    for (let i = 0; i < 5; i += 1) expect(world.choice()).toBe('b')
    world.scheduler.attemptFailed('b', 'status 503')
    expect(world.scheduler.pool().ready).toBe(0)
    expect(world.choice()).toMatch(/^[ab]$/)
    world.scheduler.stateFailed('a', 'connection refused', true)
    for (let i = 0; i < 5; i += 1) expect(world.choice()).toBe('b')
    world.scheduler.stateFailed('b', 'connection refused', true)
    expect(world.scheduler.pick(world.request(), [])).toEqual({ ok: false, code: 'no-endpoint', detail: 'of 2 endpoints: 2 held-out' })
  })

  it('is one second at first and doubles to thirty with each failure after a release', () => {
    const world = new World({ a: IDLE })
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      world.scheduler.attemptFailed('a', 'status 503')
      world.clock.advance(seconds * 1000 - 1)
      world.poll({ a: IDLE })
      expect(isHeldOut(world)).toBe(true)
      world.clock.advance(1)
      expect(isHeldOut(world)).toBe(false)
    }
    world.send().firstContent()
    world.scheduler.attemptFailed('a', 'status 503')
    world.poll({ a: IDLE })
    world.clock.advance(1000)
    expect(isHeldOut(world)).toBe(false)
  })

  it('doubles nothing when many streams fail together', () => {
    const world = new World({ a: IDLE })
    for (let i = 0; i < 100; i += 1) world.scheduler.attemptFailed('a', 'reset')
    world.clock.advance(1000)
    world.poll({ a: IDLE })
    expect(isHeldOut(world)).toBe(false)
  })

  it('ends by time alone where no poll ever succeeded', () => {
    const world = new World({ a: undefined })
    world.scheduler.attemptFailed('a', 'connection refused')
    expect(isHeldOut(world)).toBe(true)
    world.clock.advance(1000)
    expect(isHeldOut(world)).toBe(false)
  })
})

describe('what has no endpoint', () => {
  it('is an unknown model only when every endpoint has said what it serves', () => {
    const world = new World({ a: { models: ['x'] }, b: { models: ['y'] } })
    expect(world.scheduler.pick(world.request(), [])).toMatchObject({ ok: false, code: 'unknown-model' })
    expect(world.scheduler.modelsServed()).toEqual(['x', 'y'])
    world.endpoints(['a', 'b', 'c'])
    expect(world.choice()).toBe('c')
    world.scheduler.stateFailed('c', 'connection refused', true)
    expect(world.scheduler.pick(world.request(), [])).toMatchObject({
      code: 'no-endpoint',
      detail: 'of 3 endpoints: 2 model-not-served, 1 held-out',
    })
  })

  it('may be served by an endpoint that serves it or has not said what it serves, and by no other', () => {
    const world = new World({ a: { models: ['x'] } })
    expect([world.scheduler.mayServe('x'), world.scheduler.mayServe('y')]).toEqual([true, false])
    world.endpoints(['a', 'silent'])
    expect(world.scheduler.mayServe('y')).toBe(true)
    world.endpoints([])
    expect(world.scheduler.mayServe('x')).toBe(false)
  })

  it('is every request of an empty pool', () => {
    expect(new World({}).scheduler.pick(new World({}).request(), [])).toEqual({ ok: false, code: 'no-endpoint', detail: 'the pool has no endpoint' })
  })

  it('is a request that every endpoint failed', () => {
    const world = new World({ a: IDLE, b: IDLE })
    const retry = world.scheduler.pick(world.request(), ['a'])
    expect(retry.ok && retry.assignment.endpoint.id).toBe('b')
    expect(world.scheduler.pick(world.request(), ['a', 'b'])).toMatchObject({ code: 'no-endpoint', detail: 'of 2 endpoints: 2 already-tried' })
  })
})

describe('an endpoint that leaves the pool', () => {
  it('takes no new requests and stays until its last one ends', () => {
    const world = new World({ a: IDLE, b: IDLE })
    const running = [world.send(), world.send()].find((assignment) => assignment.endpoint.id === 'a')
    world.endpoints(['b'])
    for (let i = 0; i < 5; i += 1) expect(world.send().endpoint.id).toBe('b')
    expect(world.scheduler.endpoints().map((endpoint) => endpoint.id)).toContain('a')
    running?.firstContent()
    running?.end({ kind: 'finished' })
    expect(world.scheduler.endpoints().map((endpoint) => endpoint.id)).toEqual(['b'])
  })

  it('goes on as before when it comes back while it drains', () => {
    const world = new World({ a: IDLE })
    world.send()
    world.endpoints([])
    expect(world.scheduler.pick(world.request(), []).ok).toBe(false)
    world.endpoints(['a'])
    expect(world.send().endpoint.id).toBe('a')
    expect(world.scheduler.endpoints()[0]).toMatchObject({ state: 'ready', inFlight: 2 })
  })
})

describe('the prefix index of an endpoint', () => {
  it('forgets a prompt whose request failed before its first content', () => {
    const world = new World({ a: IDLE })
    const failed = world.send({ prompt: 'story' })
    expect(world.scheduler.prefixIndex().blocks).toBe(16)
    failed.end({ kind: 'failed' })
    expect(world.scheduler.prefixIndex().blocks).toBe(0)
    world.warm('a', { prompt: 'story' })
    expect(world.send({ prompt: 'story' })).toMatchObject({
      predictedCachedTokens: 1024,
      predictedHitRatio: 1,
      predictedHitBytes: 4096,
      uncachedTokens: 0,
    })
  })

  it('predicts in the tokens that usage has taught', () => {
    const world = new World({ a: IDLE })
    for (let i = 0; i < 300; i += 1) world.send().end({ kind: 'finished', promptTokens: 2048 })
    expect(world.send().uncachedTokens).toBeGreaterThan(1900)
  })
})

describe('what an assignment says of the choice', () => {
  it('the best hit is that of any endpoint that could have been chosen, whichever was', () => {
    const world = new World({ a: IDLE, b: IDLE })
    world.warm('b', { prompt: 'story' })
    const hit = { bestHitRatio: 1, bestHitBlocks: 16, promptTokens: 1024 }
    expect(world.send({ prompt: 'story' })).toMatchObject({ ...hit, predictedHitRatio: 1 })
    world.poll({ b: { waitingRequests: 300, runningRequests: 200 } })
    const elsewhere = world.send({ prompt: 'story' })
    expect([elsewhere.endpoint.id, elsewhere.predictedHitRatio]).toEqual(['a', 0])
    expect(elsewhere).toMatchObject(hit)
  })

  it('an endpoint that was filtered out has no part in the best hit, with a record or without', () => {
    const world = new World({ a: IDLE, b: IDLE })
    world.warm('b', { prompt: 'story' })
    const request = world.request({ prompt: 'story' })
    const picked = world.scheduler.pick(request, ['b'], new DecisionLog({ clock: world.clock }).open(request, 0))
    expect(picked).toMatchObject({ ok: true, assignment: { bestHitRatio: 0, bestHitBlocks: 0 } })
  })

  it('the margin is the difference of the two lowest costs, and none without a second endpoint', () => {
    const world = new World({ a: IDLE, b: IDLE })
    world.warm('b', { prompt: 'story', bytes: 60_000 })
    const log = new DecisionLog({ clock: world.clock })
    const request = world.request({ prompt: 'story', bytes: 60_000 })
    const picked = world.scheduler.pick(request, [], log.open(request, 0))
    const margin = log.get(request.id)?.attempts[0]?.margin ?? 0
    expect(margin).toBeGreaterThan(0)
    expect(picked.ok && picked.assignment.marginSeconds).toBe(margin)
    expect(new World({ a: IDLE }).send().marginSeconds).toBeNaN()
  })

  it('the margin of a policy that counts requests is no time', () => {
    expect(new World({ a: IDLE, b: IDLE }, { plugin: policies.get('least-requests')! }).send().marginSeconds).toBeNaN()
  })

  it('the index counts what has entered and left it', () => {
    const world = new World({ a: IDLE })
    world.send({ prompt: 'story' }).end({ kind: 'failed' })
    world.warm('a', { prompt: 'story' })
    expect(world.scheduler.prefixIndex()).toEqual({ blocks: 16, admitted: 32, evicted: 16 })
  })
})

describe('the simpler policies', () => {
  it('round-robin goes through the endpoints in turn', () => {
    const world = new World({ a: IDLE, b: { runningRequests: 9 }, c: IDLE }, { plugin: policies.get('round-robin')! })
    const first = [world.send(), world.send(), world.send()].map((assignment) => assignment.endpoint.id)
    expect(new Set(first).size).toBe(3)
    for (let turn = 0; turn < 6; turn += 1) expect(world.choice()).toBe(first[turn % 3])
  })

  it('least-requests counts what the engine has from others', () => {
    const world = new World({ a: { runningRequests: 3, waitingRequests: 1 }, b: { runningRequests: 2 } }, { plugin: policies.get('least-requests')! })
    expect(world.choice()).toBe('b')
  })

  describe('longest-prefix', () => {
    const plugin = policies.get('longest-prefix')!

    it('goes to the endpoint with the longest hit, however loaded', () => {
      const world = new World({ a: { waitingRequests: 300, runningRequests: 256, kvUsageRatio: 1 }, b: IDLE, c: IDLE }, { plugin })
      world.warm('b', { prompt: 'story', bytes: 4096 })
      world.warm('a', { prompt: 'story', bytes: 8192 })
      for (let turn = 0; turn < 5; turn += 1) expect(world.send({ prompt: 'story', bytes: 40_000 }).endpoint.id).toBe('a')
    })

    it('breaks ties by the fewest in flight, then at random', () => {
      const world = new World({ a: IDLE, b: IDLE, c: IDLE }, { plugin })
      const first = new Set([world.send(), world.send(), world.send()].map((assignment) => assignment.endpoint.id))
      expect(first.size).toBe(3)
      const seen = new Set(Array.from({ length: 60 }, () => world.choice()))
      expect(seen).toEqual(new Set(['a', 'b', 'c']))
    })
  })

  it('random gives each endpoint about the same', () => {
    const world = new World({ a: IDLE, b: IDLE, c: IDLE }, { plugin: policies.get('random')! })
    const counts = { a: 0, b: 0, c: 0 }
    for (let i = 0; i < 3000; i += 1) counts[world.send().endpoint.id as 'a' | 'b' | 'c'] += 1
    for (const count of Object.values(counts)) expect(Math.abs(count - 1000)).toBeLessThan(120)
  })

  it('break ties at random among equally loaded endpoints', () => {
    const world = new World({ a: IDLE, b: IDLE })
    const seen = new Set(Array.from({ length: 50 }, () => world.choice()))
    expect(seen).toEqual(new Set(['a', 'b']))
  })
})
