import { seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { Engine } from './engine.ts'
import { linearSteps } from './step-models.ts'
import type { EngineEvent, EngineOptions, EngineRequest } from './types.ts'

const options: EngineOptions = {
  model: 'm',
  stepModel: linearSteps({ baseMs: 10, prefillMsPerToken: 0.1, decodeMsPerSequence: 1, contextMsPerToken: 0.01 }),
  blockTokens: 4,
  blocksTotal: 101,
  sequencesMax: 8,
  batchTokensMax: 64,
  contextTokensMax: 200,
  prefixCaching: true,
}

const build = (changes: Partial<EngineOptions> = {}): Engine => new Engine({ ...options, ...changes }, seededRandom(1))

const tokens = (count: number, start = 100): Uint32Array => Uint32Array.from({ length: count }, (_, i) => start + i)

const request = (id: string, promptTokens: Uint32Array, outputTokens = 1): EngineRequest => ({
  id,
  promptTokens,
  answerTokens: tokens(outputTokens, 50_000),
  finishReason: 'length',
  cacheSeed: 'm',
})

/** Steps until nothing is left; answers every event and when its step ended. */
function run(engine: Engine, startMs = 0): { events: EngineEvent[]; durations: number[]; endMs: number } {
  const events: EngineEvent[] = []
  const durations: number[] = []
  let nowMs = startMs
  for (let duration = engine.beginStep(nowMs); duration !== undefined; duration = engine.beginStep(nowMs)) {
    durations.push(duration)
    nowMs += duration
    events.push(...engine.endStep(nowMs))
  }
  return { events, durations, endMs: nowMs }
}

const finishes = (events: readonly EngineEvent[]) => events.filter((event) => event.type === 'finish')
const outputsOf = (events: readonly EngineEvent[], id: string) =>
  events.flatMap((event) => (event.type === 'token' && event.id === id ? [event.token] : []))

describe('Engine', () => {
  it('takes base + prefill for the first step, then base + decode + context', () => {
    const engine = build()
    engine.submit(request('a', tokens(20), 3), 0)
    const { durations } = run(engine)
    expect(durations.map((ms) => Math.round(ms * 1000) / 1000)).toEqual([12, 11.21, 11.22])
  })

  it('puts two requests into the same step, where each slows the other by the terms of the model', () => {
    const engine = build()
    engine.submit(request('a', tokens(20), 2), 0)
    engine.submit(request('b', tokens(20, 500), 2), 0)
    const { durations, events } = run(engine)
    expect(durations).toEqual([10 + 4, 10 + 2 + 0.42])
    expect(events.map((event) => `${event.type} ${event.id}`)).toEqual(['token a', 'token b', 'token a', 'finish a', 'token b', 'finish b'])
  })

  it('splits a long prompt over steps, and decodes of others go on beside it', () => {
    const engine = build()
    engine.submit(request('short', tokens(8), 4), 0)
    engine.beginStep(0)
    engine.endStep(1)
    engine.submit(request('long', tokens(150, 1000), 1), 1)
    const stepped: string[][] = []
    let nowMs = 1
    while (engine.beginStep(nowMs) !== undefined) {
      nowMs += 1
      stepped.push(engine.endStep(nowMs).map((event) => `${event.type} ${event.id}`))
    }
    // 150 prompt tokens in budgets of 64, of which the running sequence takes one first.
    expect(stepped).toEqual([['token short'], ['token short'], ['token short', 'finish short', 'token long', 'finish long']])
  })

  it('finds a shared prefix of another request, in full blocks', () => {
    const engine = build()
    engine.submit(request('a', tokens(22)), 0)
    run(engine)
    engine.submit(request('b', Uint32Array.from([...tokens(18), 7, 7, 7, 7])), 0)
    expect(finishes(run(engine).events)).toMatchObject([{ id: 'b', cachedTokens: 16 }])
  })

  it('always computes the last prompt token', () => {
    const engine = build()
    engine.submit(request('a', tokens(16)), 0)
    run(engine)
    engine.submit(request('b', tokens(16)), 0)
    const { events, durations } = run(engine)
    expect(finishes(events)).toMatchObject([{ cachedTokens: 12 }])
    expect(durations).toEqual([10.4])
  })

  it('finds the generated tokens again when the next turn sends them back', () => {
    const engine = build()
    engine.submit(request('turn 1', tokens(10), 11), 0)
    const answer = outputsOf(run(engine).events, 'turn 1')
    engine.submit(request('turn 2', Uint32Array.from([...tokens(10), ...answer, 1, 2, 3])), 0)
    // The last answer token was sampled and never computed: 20 tokens have keys, five full blocks.
    expect(finishes(run(engine).events)).toMatchObject([{ cachedTokens: 20 }])
  })

  it('shares nothing between different cache seeds, or with prefix caching off', () => {
    const engine = build()
    engine.submit(request('a', tokens(22)), 0)
    run(engine)
    engine.submit({ ...request('b', tokens(22)), cacheSeed: 'other' }, 0)
    expect(finishes(run(engine).events)).toMatchObject([{ cachedTokens: 0 }])
    const off = build({ prefixCaching: false })
    for (const id of ['a', 'b']) off.submit(request(id, tokens(22)), 0)
    expect(finishes(run(off).events).map((event) => event.type === 'finish' && event.cachedTokens)).toEqual([0, 0])
  })

  it('answers the same prompt with the same tokens, whoever else is there', () => {
    const alone = build()
    alone.submit(request('a', tokens(10), 5), 0)
    const crowded = build()
    for (let i = 0; i < 5; i++) crowded.submit(request(`x${i}`, tokens(30, 1000 * i), 9), 0)
    crowded.submit(request('b', tokens(10), 5), 0)
    expect(outputsOf(run(crowded).events, 'b')).toEqual(outputsOf(run(alone).events, 'a'))
  })

  it('preempts the newest when blocks run out, and everyone completes all the same', () => {
    // 20 blocks of 4: two prompts of 32 take 16, and both want to grow to 64 tokens.
    const engine = build({ blocksTotal: 21, prefixCaching: false, contextTokensMax: 80 })
    engine.submit(request('old', tokens(32), 32), 0)
    engine.submit(request('new', tokens(32, 900), 32), 0)
    const order: string[] = []
    let nowMs = 0
    let preempted = false
    while (engine.beginStep(nowMs) !== undefined) {
      preempted ||= engine.waiting === 1
      for (const event of engine.endStep(++nowMs)) if (event.type === 'finish') order.push(`${event.id} ${event.outputTokens}`)
    }
    expect(preempted).toBe(true)
    expect(order).toEqual(['old 32', 'new 32'])
    expect([engine.freeBlocks, engine.heldBlocks]).toEqual([20, 0])
  })

  it('keeps the outputs of a preempted request', () => {
    const roomy = build({ prefixCaching: false })
    const tight = build({ blocksTotal: 21, prefixCaching: false, contextTokensMax: 80 })
    const [a, b] = [roomy, tight].map((engine) => {
      engine.submit(request('old', tokens(32), 32), 0)
      engine.submit(request('new', tokens(32, 900), 32), 0)
      return outputsOf(run(engine).events, 'new')
    })
    expect(b).toEqual(a)
  })

  it('holds up everybody behind a request that does not fit', () => {
    const engine = build({ blocksTotal: 21, contextTokensMax: 80, batchTokensMax: 200 })
    engine.submit(request('first', tokens(60), 4), 0)
    engine.submit(request('large', tokens(40, 900), 1), 0)
    engine.submit(request('small', tokens(4, 2000), 1), 0)
    engine.beginStep(0)
    expect([engine.running, engine.waiting]).toEqual([1, 2])
  })

  it('forgets the tail of the least recently used prefix first', () => {
    const engine = build({ blocksTotal: 17, contextTokensMax: 64 })
    const cachedOf = (id: string, prompt: Uint32Array) => {
      engine.submit(request(id, prompt), 0)
      return finishes(run(engine).events).map((event) => event.type === 'finish' && event.cachedTokens)[0]
    }
    cachedOf('a', tokens(24))
    cachedOf('b', tokens(24, 500))
    // 16 blocks: six of a, six of b, four never used. Six more take the unused and the two at the end of a.
    cachedOf('c', tokens(24, 900))
    expect(cachedOf('a again', tokens(24))).toBe(16)
    expect(cachedOf('b again', tokens(24, 500))).toBe(16)
  })

  it('frees everything on abort: while waiting, while running and in the middle of a step', () => {
    const engine = build({ sequencesMax: 2 })
    for (const id of ['a', 'b', 'c']) engine.submit(request(id, tokens(20, 1000), 50), 0)
    engine.beginStep(0)
    expect([engine.running, engine.waiting]).toEqual([2, 1])
    expect(engine.abort('c', 1)).toEqual([{ type: 'finish', id: 'c', reason: 'abort', outputTokens: 0, cachedTokens: 0 }])
    engine.abort('a', 1)
    expect(engine.endStep(2).map((event) => event.id)).toEqual(['b'])
    engine.abort('b', 3)
    expect([engine.running, engine.waiting, engine.heldBlocks, engine.kvUsageRatio]).toEqual([0, 0, 0, 0])
    expect(engine.beginStep(4)).toBeUndefined()
    expect(engine.abort('b', 5)).toEqual([])
  })

  it('refuses what could never fit and what the queue has no room for', () => {
    const engine = build({ waitingMax: 1 })
    expect(engine.submit(request('a', tokens(200), 1), 0)).toMatchObject({ ok: false, error: { code: 'too-long' } })
    expect(engine.submit(request('b', tokens(199), 1), 0)).toMatchObject({ ok: true })
    expect(engine.submit(request('c', tokens(5), 1), 0)).toMatchObject({ ok: false, error: { code: 'queue-full' } })
  })

  it('caps the context at what the cache holds, so that one request alone always fits', () => {
    const engine = build({ blocksTotal: 6, contextTokensMax: 1000 })
    expect(engine.contextTokensMax).toBe(20)
    engine.submit(request('a', tokens(10), 10), 0)
    expect(finishes(run(engine).events)).toHaveLength(1)
  })
})
