import { assert, seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { Engine } from './engine.ts'
import type { EngineObserver, KvEventSink } from './ports.ts'
import { linearSteps } from './step-models.ts'
import type { EngineOptions, EngineRequest } from './types.ts'

const options: EngineOptions = {
  model: 'm',
  stepModel: linearSteps({ baseMs: 10, prefillMsPerToken: 0, decodeMsPerSequence: 0, contextMsPerToken: 0 }),
  blockTokens: 4,
  blocksTotal: 21,
  sequencesMax: 4,
  batchTokensMax: 64,
  contextTokensMax: 64,
  prefixCaching: true,
}

const build = (changes: Partial<EngineOptions> = {}, observer?: EngineObserver, sink?: KvEventSink): Engine =>
  new Engine({ ...options, ...changes }, seededRandom(1), observer, sink)

let tokensGiven = 0
/** A prompt that shares nothing with any other. */
function fresh(count: number): Uint32Array {
  tokensGiven += count
  return Uint32Array.from({ length: count }, (_, at) => tokensGiven + at)
}

function request(id: string, prompt: number | Uint32Array, answer: number, more: Partial<EngineRequest> = {}): EngineRequest {
  const promptTokens = typeof prompt === 'number' ? fresh(prompt) : prompt
  return { id, promptTokens, answerTokens: fresh(answer), finishReason: 'length', cacheSeed: '', ...more }
}

/** One step of 10 ms: who was in it, and who ended. */
function step(engine: Engine, nowMs: number): { ids: string; ended: string } {
  assert(engine.beginStep(nowMs) !== undefined, 'something can be computed')
  const ids = engine.stepSchedule.map(({ id }) => id).join('')
  const ended = engine.endStep(nowMs + 10).flatMap(({ type, id }) => (type === 'finish' ? [id] : []))
  return { ids, ended: ended.join('') }
}

describe('priorities', () => {
  it('admit the lowest number first, then the earliest arrival', () => {
    const engine = build({ scheduling: 'priority', sequencesMax: 1 })
    engine.submit(request('a', 4, 1, { priority: 1 }), 0)
    engine.submit(request('b', 4, 1), 1)
    engine.submit(request('c', 4, 1, { priority: 1 }), 2)
    engine.submit(request('d', 4, 1, { priority: -1 }), 3)
    engine.submit(request('e', 4, 1), 4)
    expect([10, 20, 30, 40, 50].map((nowMs) => step(engine, nowMs).ids).join('')).toBe('dbeac')
  })

  it('preempt the last by priority, and give back what the step had planned for it', () => {
    // Three prompts of five blocks fill fifteen of sixteen; the fourth token of each needs another block.
    const engine = build({ scheduling: 'priority', blocksTotal: 17 })
    for (const [id, priority] of [
      ['low', 5],
      ['high', -5],
      ['middle', 0],
    ] as const)
      engine.submit(request(id, 18, 8, { priority }), 0)
    expect(step(engine, 0).ids).toBe('highmiddlelow')
    step(engine, 10)
    expect(step(engine, 20).ids).toBe('highmiddlelow')
    // High takes the last free block, middle takes those of low.
    expect(step(engine, 30).ids).toBe('highmiddle')
    expect([engine.running, engine.waiting]).toEqual([2, 1])
  })

  it('take back a place in the step from a lower priority that comes earlier in it', () => {
    const engine = build({ scheduling: 'priority', blocksTotal: 12 })
    engine.submit(request('low', 15, 9, { priority: 5 }), 0)
    step(engine, 0)
    engine.submit(request('high', 20, 9, { priority: -5 }), 5)
    engine.submit(request('middle', 2, 9), 5)
    expect(step(engine, 10).ids).toBe('lowhighmiddle')
    // Low extends into the last free block, then high needs one: low loses its blocks and the step its token. Nobody else is passed over.
    expect(step(engine, 20).ids).toBe('highmiddle')
    expect([engine.running, engine.waiting, engine.heldBlocks]).toEqual([2, 1, 7])
  })

  it('are refused where scheduling is first come, first served', () => {
    expect(build().submit(request('a', 4, 1, { priority: 1 }), 0)).toMatchObject({ ok: false, error: { code: 'priority-off' } })
    expect(build().submit(request('a', 4, 1, { priority: 0 }), 0)).toMatchObject({ ok: true })
  })
})

describe('budgets', () => {
  it('give one prompt at most longPrefillTokensMax of a step, so that others come beside it', () => {
    const engine = build({ longPrefillTokensMax: 16 })
    engine.submit(request('a', 40, 1), 0)
    engine.submit(request('b', 8, 1), 0)
    engine.beginStep(0)
    expect(engine.stepSchedule.map(({ id, tokens }) => [id, tokens])).toEqual([
      ['a', 16],
      ['b', 8],
    ])
  })

  it('let a prompt wait for a step of its own without chunked prefill', () => {
    const engine = build({ chunkedPrefill: false })
    engine.submit(request('a', 40, 2), 0)
    engine.submit(request('b', 30, 1), 0)
    expect([0, 10].map((nowMs) => step(engine, nowMs).ids)).toEqual(['a', 'ab'])
  })

  it('must hold the longest prompt without chunked prefill', () => {
    expect(() => build({ chunkedPrefill: false, batchTokensMax: 63 })).toThrow('batchTokensMax must be at least the context: 63 < 64')
  })
})

describe('adapters', () => {
  it('run as many at once as there are slots, and do not hold up others', () => {
    const engine = build({ adapterSlots: 2 })
    for (const [id, adapter] of [
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'z'],
      ['d', 'x'],
    ] as const)
      engine.submit(request(id, 4, 2, { adapter }), 0)
    engine.submit(request('e', 4, 2), 0)
    expect(step(engine, 0).ids).toBe('abde')
    expect([engine.waiting, engine.waitingDeferred, engine.adaptersRunning, engine.adaptersWaiting]).toEqual([1, 1, ['y', 'x'], ['z']])
    step(engine, 10)
    expect(step(engine, 20).ids).toBe('c')
    expect([engine.waiting, engine.waitingDeferred]).toEqual([0, 0])
  })

  it('are loaded on first use, while others go on, and stay until another needs the place', () => {
    const engine = build({ adapterLoadMs: 25 })
    engine.submit(request('a', 4, 1, { adapter: 'x' }), 0)
    expect([engine.beginStep(0), engine.readyAtMs(), engine.waitingDeferred]).toEqual([undefined, 25, 1])
    engine.submit(request('b', 4, 2), 5)
    expect([5, 15].map((nowMs) => step(engine, nowMs).ids)).toEqual(['b', 'b'])
    expect(step(engine, 25).ids).toBe('a')
    engine.submit(request('c', 4, 1, { adapter: 'x' }), 40)
    expect(step(engine, 40).ids).toBe('c')
    engine.submit(request('d', 4, 1, { adapter: 'y' }), 50)
    expect([engine.beginStep(50), engine.readyAtMs()]).toEqual([undefined, 75])
    engine.submit(request('e', 4, 1, { adapter: 'x' }), 60)
    expect(step(engine, 75).ids).toBe('d')
    expect([engine.beginStep(85), engine.readyAtMs()]).toEqual([undefined, 110])
  })
})

describe('prefill and decode in two engines', () => {
  const kvTransfer = { setupMs: 5, msPerToken: 0.5 }

  it('waits for the transfer of what is not cached, then computes one token', () => {
    const engine = build({ kvTransfer })
    const prompt = fresh(20)
    engine.submit(request('warm', prompt.slice(0, 9), 1), 0)
    step(engine, 0)
    engine.submit(request('a', prompt, 3, { remotePrefill: { tokens: 20 } }), 10)
    expect(engine.beginStep(10)).toBeUndefined()
    expect([engine.running, engine.waiting, engine.waitingDeferred, engine.heldBlocks]).toEqual([0, 1, 1, 5])
    // Two blocks of four are cached: twelve tokens come.
    expect(engine.readyAtMs()).toBe(10 + 5 + 6)
    expect(engine.lookup(prompt, '')).toBe(8)
    engine.beginStep(21)
    expect(engine.stepSchedule).toEqual([{ id: 'a', tokens: 1, blocks: 5 }])
    expect(engine.lookup(prompt, '')).toBe(16)
    expect(engine.endStep(31)).toMatchObject([{ type: 'token', index: 0 }])
  })

  it('computes by itself what the other engine did not', () => {
    const engine = build({ kvTransfer })
    engine.submit(request('a', 20, 1, { remotePrefill: { tokens: 16 } }), 0)
    engine.beginStep(0)
    engine.beginStep(13)
    expect(engine.stepSchedule).toEqual([{ id: 'a', tokens: 4, blocks: 5 }])
  })

  it('asks for no transfer of what it has', () => {
    const engine = build({ kvTransfer })
    const prompt = fresh(21)
    engine.submit(request('warm', prompt, 1), 0)
    step(engine, 0)
    engine.submit(request('a', prompt, 1, { remotePrefill: { tokens: 20 } }), 10)
    expect(step(engine, 10)).toEqual({ ids: 'a', ended: 'a' })
  })

  it('frees the blocks of a transfer that is aborted', () => {
    const engine = build({ kvTransfer })
    engine.submit(request('a', 20, 1, { remotePrefill: { tokens: 20 } }), 0)
    engine.beginStep(0)
    expect(engine.abort('a', 3)).toMatchObject([{ reason: 'abort' }])
    expect([engine.heldBlocks, engine.waiting, engine.readyAtMs()]).toEqual([0, 0, undefined])
  })

  it('keeps the blocks of a prefill until they were read', () => {
    const engine = build()
    engine.submit(request('a', 20, 1, { holdBlocks: true }), 0)
    step(engine, 0)
    expect([engine.running, engine.heldBlocks, engine.resetPrefixCache(), engine.sleep(1, 10)]).toEqual([0, 5, false, false])
    expect([engine.releaseHeld('a', 20), engine.releaseHeld('a', 20), engine.heldBlocks]).toEqual([true, false, 0])
  })

  it('takes back blocks that nobody reads, and tells', () => {
    const expired: string[] = []
    const deaf = () => undefined
    const observer: EngineObserver = {
      refused: deaf,
      admitted: deaf,
      firstToken: deaf,
      laterToken: deaf,
      stepped: deaf,
      preempted: deaf,
      finished: deaf,
      kvExpired: (id) => void expired.push(id),
    }
    const engine = build({ kvHoldMs: 100 }, observer)
    engine.submit(request('a', 60, 1, { holdBlocks: true }), 0)
    step(engine, 0)
    engine.submit(request('b', 40, 1), 20)
    expect([engine.beginStep(20), engine.readyAtMs()]).toEqual([undefined, 110])
    expect([engine.beginStep(109.5), engine.holding]).toEqual([undefined, 1])
    expect(step(engine, 110)).toEqual({ ids: 'b', ended: 'b' })
    expect([expired, engine.releaseHeld('a', 120), engine.readyAtMs()]).toEqual([['a'], false, undefined])
  })

  it('holds nothing for a request that was aborted', () => {
    const engine = build()
    engine.submit(request('a', 20, 5, { holdBlocks: true }), 0)
    step(engine, 0)
    engine.abort('a', 10)
    expect(engine.heldBlocks).toBe(0)
  })

  it('goes on when transfers hold the blocks that each of them still needs', () => {
    // Ten blocks: each takes five for what comes and wants one more for the rest of its prompt.
    const engine = build({ blocksTotal: 11, kvTransfer })
    for (const id of ['a', 'b']) engine.submit(request(id, 24, 2, { remotePrefill: { tokens: 20 } }), 0)
    engine.beginStep(0)
    expect([engine.waitingDeferred, engine.freeBlocks]).toEqual([2, 0])
    const ended: string[] = []
    for (let nowMs = engine.readyAtMs() ?? 0; engine.running + engine.waiting > 0; nowMs += 10) ended.push(step(engine, nowMs).ended)
    expect(ended.join('')).toBe('ab')
  })
})

describe('sleep', () => {
  it('comes only without requests, forgets the cache and refuses what comes', () => {
    const engine = build()
    const prompt = fresh(20)
    engine.submit(request('a', prompt, 1), 0)
    expect([engine.sleep(1, 0), engine.sleepState]).toEqual([false, 'awake'])
    step(engine, 0)
    expect([engine.sleep(1, 10), engine.sleepState, engine.lookup(prompt, '')]).toEqual([true, 'weights_offloaded', 0])
    expect(engine.submit(request('b', 4, 1), 20)).toMatchObject({ ok: false, error: { code: 'asleep' } })
    engine.sleep(2, 30)
    expect(engine.sleepState).toBe('discard_all')
    engine.wake(40)
    expect(engine.submit(request('b', 4, 1), 50)).toMatchObject({ ok: true })
  })
})

describe('a limit on blocks', () => {
  it('stops admission and growth, shows as a full cache, and ends when it is lifted', () => {
    const engine = build()
    engine.submit(request('a', 20, 3), 0)
    step(engine, 0)
    engine.setKvBlocksMax(5)
    engine.submit(request('b', 4, 1), 10)
    expect([engine.kvUsageRatio, engine.freeBlocks]).toEqual([1, 15])
    // The next token of a needs a sixth block: it gives its five up and finds no way back.
    expect([engine.beginStep(10), engine.readyAtMs(), engine.running, engine.waiting]).toEqual([undefined, undefined, 0, 2])
    engine.setKvBlocksMax(undefined)
    expect(step(engine, 20).ids).toBe('ab')
  })
})

describe('cache events', () => {
  class Log implements KvEventSink {
    readonly lines: string[] = []
    stored({ hashes, parent, tokens, adapter }: Parameters<KvEventSink['stored']>[0]): void {
      this.lines.push(`stored ${hashes.length} after ${parent === undefined ? 'none' : 'some'}, ${tokens.length} tokens, ${adapter ?? 'base'}`)
    }
    removed(hashes: readonly number[]): void {
      this.lines.push(`removed ${hashes.length}`)
    }
    cleared(): void {
      this.lines.push('cleared')
    }
  }

  it('tell of full blocks as they are scheduled, of those that are displaced before those that take their place, and of a reset', () => {
    const log = new Log()
    const engine = build({ blocksTotal: 6, contextTokensMax: 20 }, undefined, log)
    engine.submit(request('a', 10, 5, { adapter: 'x' }), 0)
    for (const nowMs of [0, 10, 20]) step(engine, nowMs)
    expect(log.lines.splice(0)).toEqual(['stored 2 after none, 8 tokens, x', 'stored 1 after some, 4 tokens, x'])
    step(engine, 30)
    step(engine, 40)
    engine.submit(request('b', 16, 1), 50)
    step(engine, 50)
    expect(log.lines.splice(0)).toEqual(['removed 2', 'stored 4 after none, 16 tokens, base'])
    engine.resetPrefixCache()
    expect(log.lines.splice(0)).toEqual(['cleared'])
  })

  it('tell of twins one by one: stored twice, removed twice, findable until the second', () => {
    const log = new Log()
    const engine = build({ blocksTotal: 9, contextTokensMax: 32, longPrefillTokensMax: 3 }, undefined, log)
    const prompt = fresh(9)
    // In chunks of three tokens neither finds a full block when it begins, and both fill the same two.
    for (const id of ['a', 'b']) engine.submit(request(id, prompt, 1), 0)
    for (const nowMs of [0, 10, 20]) step(engine, nowMs)
    const [first, second] = ['stored 1 after none, 4 tokens, base', 'stored 1 after some, 4 tokens, base']
    expect(log.lines.splice(0)).toEqual([first, first, second, second])
    expect(engine.lookup(prompt, '')).toBe(8)
    // Two blocks were never used and two are not full; the fifth is the second of a's.
    const displace = (id: string, startMs: number, tokens: number) => {
      engine.submit(request(id, tokens, 1), startMs)
      for (let nowMs = startMs; engine.running + engine.waiting > 0; nowMs += 10) step(engine, nowMs)
      return log.lines.splice(0).filter((line) => line.startsWith('removed'))
    }
    expect([displace('c', 100, 20), engine.lookup(prompt, '')]).toEqual([['removed 1', 'removed 1'], 8])
    expect([displace('d', 300, 12), engine.lookup(prompt, '')]).toEqual([['removed 1', 'removed 1'], 0])
  })
})

describe('noise of steps', () => {
  const durations = (changes: Partial<EngineOptions>, seed: number): readonly number[] => {
    const engine = new Engine({ ...options, ...changes }, seededRandom(seed))
    return Array.from({ length: 2000 }, (_, at) => {
      engine.submit(request(`${at}`, 4, 1), at * 1000)
      const ms = engine.beginStep(at * 1000) ?? Number.NaN
      engine.endStep(at * 1000 + 500)
      return ms
    })
  }

  it('has the mean of the model and the deviation that was asked for, by seed', () => {
    const noisy = durations({ stepNoise: 0.3 }, 1)
    const mean = noisy.reduce((sum, ms) => sum + ms, 0) / noisy.length
    const deviation = Math.sqrt(noisy.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / noisy.length)
    expect(mean).toBeCloseTo(10, 0)
    expect(deviation / mean).toBeCloseTo(0.3, 1)
    expect(Math.min(...noisy)).toBeGreaterThan(0)
    expect(durations({ stepNoise: 0.3 }, 1)).toEqual(noisy)
    expect(durations({ stepNoise: 0.3 }, 2)).not.toEqual(noisy)
    expect(new Set(durations({}, 1))).toEqual(new Set([10]))
  })
})
