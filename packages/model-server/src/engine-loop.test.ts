import { type Clock, seededRandom, VirtualClock } from '@signalbox/base'
import { Engine, type EngineOptions, type EngineRequest, linearSteps } from '@signalbox/engine'
import { describe, expect, it } from 'vitest'
import { EngineLoop, type Output, type Timers } from './engine-loop.ts'

/** One timer in virtual time, which fires as late as the test says. */
class VirtualTimers implements Timers {
  readonly #clock: VirtualClock
  #pending: { atMs: number; callback: () => void } | undefined

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  get pending(): boolean {
    return this.#pending !== undefined
  }

  after(ms: number, callback: () => void): () => void {
    expect(this.#pending).toBeUndefined()
    this.#pending = { atMs: this.#clock.nowMs() + ms, callback }
    return () => {
      this.#pending = undefined
    }
  }

  fire(lateMs = 0): void {
    const { atMs, callback } = this.#pending as { atMs: number; callback: () => void }
    this.#pending = undefined
    this.#clock.advance(Math.max(0, atMs + lateMs - this.#clock.nowMs()))
    callback()
  }
}

function build(speed = 1, more: Partial<EngineOptions> = {}) {
  const clock = new VirtualClock(0)
  const timers = new VirtualTimers(clock)
  const engine = new Engine(
    {
      model: 'm',
      stepModel: linearSteps({ baseMs: 10, prefillMsPerToken: 0, decodeMsPerSequence: 0, contextMsPerToken: 0 }),
      blockTokens: 4,
      blocksTotal: 100,
      sequencesMax: 8,
      batchTokensMax: 64,
      contextTokensMax: 300,
      prefixCaching: true,
      waitingMax: 2,
      ...more,
    },
    seededRandom(1),
  )
  const outputs: (Output & { atMs: number })[] = []
  const listener = (output: Output): void => void outputs.push({ ...output, atMs: clock.nowMs() })
  return { clock, timers, engine, outputs, listener, loop: new EngineLoop({ engine, clock: clock as Clock, timers, speed }) }
}

const request = (id: string, outputTokens: number): EngineRequest => ({
  id,
  promptTokens: Uint32Array.of(1, 2, 3),
  answerTokens: new Uint32Array(outputTokens),
  finishReason: 'stop',
  cacheSeed: '',
})

describe('EngineLoop', () => {
  it('has no timer without requests, and none again after the last', () => {
    const { timers, loop, listener } = build()
    expect(timers.pending).toBe(false)
    loop.submit([request('a', 2)], listener)
    expect(timers.pending).toBe(true)
    timers.fire()
    timers.fire()
    expect([timers.pending, loop.size]).toEqual([false, 0])
  })

  it('hands over the last token and the end together', () => {
    const { timers, loop, listener, outputs } = build()
    loop.submit([request('a', 2)], listener)
    timers.fire()
    timers.fire()
    expect(outputs).toMatchObject([
      { id: 'a', atMs: 10, finish: undefined },
      { id: 'a', atMs: 20, finish: { reason: 'stop', outputTokens: 2 } },
    ])
  })

  it('does not let late timers add up', () => {
    const { timers, loop, listener, outputs } = build()
    loop.submit([request('a', 50)], listener)
    for (let step = 0; step < 50; step++) timers.fire(3)
    expect(outputs.at(-1)?.atMs).toBe(503)
  })

  it('makes up for a short delay and gives up on a long one', () => {
    const short = build()
    short.loop.submit([request('a', 10)], short.listener)
    short.timers.fire(45)
    expect(short.outputs.map(({ atMs }) => atMs)).toEqual([55, 55, 55, 55, 55])
    const long = build()
    long.loop.submit([request('a', 10)], long.listener)
    long.timers.fire(5000)
    expect(long.outputs).toHaveLength(1)
  })

  it('runs faster by the factor that was asked for', () => {
    const { timers, loop, listener, outputs } = build(4)
    loop.submit([request('a', 4)], listener)
    while (timers.pending) timers.fire()
    expect(outputs.at(-1)?.atMs).toBe(10)
  })

  it('lets a request that comes during a step join the next one', () => {
    const { timers, loop, listener, outputs, engine } = build()
    loop.submit([request('a', 3)], listener)
    loop.submit([request('b', 1)], listener)
    expect([engine.running, engine.waiting]).toEqual([1, 1])
    timers.fire()
    timers.fire()
    expect(outputs.map(({ id, atMs }) => `${id} ${atMs}`)).toEqual(['a 10', 'a 20', 'b 20'])
  })

  it('submits all prompts of a request or none', () => {
    const { loop, listener, engine } = build()
    const submitted = loop.submit([request('a', 3), request('b', 3), request('c', 3)], listener)
    expect(submitted).toMatchObject({ ok: false, error: { code: 'queue-full' } })
    expect([loop.size, engine.running, engine.waiting]).toEqual([0, 0, 0])
  })

  it('stands still for a stall once', () => {
    const { timers, loop, listener, outputs } = build()
    loop.submit([request('a', 2)], listener)
    loop.stall(500)
    timers.fire()
    timers.fire()
    expect(outputs.map(({ atMs }) => atMs)).toEqual([510, 520])
  })

  it('tells listeners of a failure of all, and nobody of an abort', async () => {
    const { loop, listener, outputs, engine } = build()
    loop.submit([request('a', 9)], listener)
    loop.submit([request('b', 9)], listener)
    loop.abort('a')
    const idle = loop.idle()
    loop.failAll()
    await idle
    expect(outputs.map(({ id, token, finish }) => [id, token, finish?.reason])).toEqual([['b', undefined, 'error']])
    expect([engine.running, engine.waiting, engine.kvUsageRatio]).toEqual([0, 0, 0])
  })

  it('is slower by a factor from the next step on', () => {
    const { timers, loop, listener, outputs } = build()
    loop.submit([request('a', 3)], listener)
    loop.slow(5)
    timers.fire()
    timers.fire()
    loop.slow(1)
    timers.fire()
    expect(outputs.map(({ atMs }) => atMs)).toEqual([10, 60, 110])
  })

  it('waits without steps for an adapter that is being loaded, and not any longer', () => {
    const { timers, loop, listener, outputs } = build(1, { adapterLoadMs: 300 })
    loop.submit([{ ...request('a', 1), adapter: 'sql' }], listener)
    timers.fire()
    expect(outputs).toEqual([])
    timers.fire()
    expect(outputs.map(({ id, atMs }) => `${id} ${atMs}`)).toEqual(['a 310'])
    expect(timers.pending).toBe(false)
  })

  it('begins at once with whoever comes while another one waits for its adapter', () => {
    const { timers, loop, listener, outputs } = build(1, { adapterLoadMs: 300, adapterSlots: 2 })
    loop.submit([{ ...request('a', 1), adapter: 'sql' }], listener)
    loop.submit([request('b', 1)], listener)
    while (timers.pending) timers.fire()
    expect(outputs.map(({ id, atMs }) => `${id} ${atMs}`)).toEqual(['b 10', 'a 310'])
  })

  it('asks the engine again when something has changed that it could not see', () => {
    const { timers, loop, listener, outputs, engine } = build()
    engine.setKvBlocksMax(1)
    loop.submit([{ ...request('a', 1), promptTokens: new Uint32Array(9) }], listener)
    expect(timers.pending).toBe(false)
    engine.setKvBlocksMax(undefined)
    loop.kick()
    timers.fire()
    expect(outputs).toHaveLength(1)
  })

  it('takes held blocks back when their time is over, although nothing else happens', () => {
    const { timers, loop, listener, engine } = build(1, { kvHoldMs: 1000 })
    loop.submit([{ ...request('a', 1), holdBlocks: true }], listener)
    timers.fire()
    expect([loop.size, engine.heldBlocks]).toEqual([0, 1])
    timers.fire()
    expect([engine.heldBlocks, timers.pending]).toEqual([0, false])
  })

  it('says and does nothing once it is discarded', async () => {
    const { timers, loop, listener, outputs, engine } = build()
    loop.submit([request('a', 5)], listener)
    const idle = loop.idle()
    loop.discard()
    await idle
    expect([timers.pending, loop.size, outputs.length, engine.kvUsageRatio]).toEqual([false, 0, 0, 0])
  })
})
