import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { errorMessage, type Fetched, fetched, notFetched, promData } from './fetched.ts'
import { Limiter } from './limiter.ts'
import { LiveScheduler, type LiveState, nextWaitMs } from './live-query.ts'

/** A server whose answers are given by hand. */
class ByHand {
  readonly asked: ((answer: Fetched<number>) => void)[] = []
  readonly signals: AbortSignal[] = []
  readonly load = (signal: AbortSignal): Promise<Fetched<number>> => {
    this.signals.push(signal)
    return new Promise((resolve) => this.asked.push(resolve))
  }
  async answer(answer: Fetched<number>): Promise<void> {
    this.asked.at(-1)?.(answer)
    await Promise.resolve()
    await Promise.resolve()
  }
}

function watched(interval: (data: number | undefined) => number | undefined = () => 5000) {
  const clock = { nowMs: 0 }
  const scheduler = new LiveScheduler({ now: () => clock.nowMs, random: () => 0.5 })
  const server = new ByHand()
  const states: LiveState<number>[] = []
  const stop = scheduler.watch<number>(server.load, interval, (state) => states.push(state))
  const tickAt = (nowMs: number) => {
    clock.nowMs = nowMs
    scheduler.tick()
  }
  return { scheduler, server, states, stop, tickAt }
}

describe('a live query', () => {
  test('asks at once, and again when its interval has passed', async () => {
    const { server, states, tickAt } = watched()
    expect(server.asked).toHaveLength(1)
    await server.answer(fetched(1))
    expect(states.at(-1)).toEqual({ data: 1, error: undefined, updatedMs: 0, failures: 0 })
    tickAt(4999)
    expect(server.asked).toHaveLength(1)
    tickAt(5000)
    expect(server.asked).toHaveLength(2)
  })

  test('never has two loads under way', () => {
    const { server, tickAt, scheduler } = watched()
    tickAt(60_000)
    scheduler.wake()
    expect(server.asked).toHaveLength(1)
  })

  test('keeps old data while it fails, and waits longer each time', async () => {
    const { server, states, tickAt } = watched()
    await server.answer(fetched(7))
    tickAt(5000)
    await server.answer(notFetched('unreachable', 0, 'no connection'))
    expect(states.at(-1)).toMatchObject({ data: 7, updatedMs: 0, failures: 1, error: { message: 'no connection' } })
    tickAt(14_999)
    expect(server.asked).toHaveLength(2)
    tickAt(15_000)
    expect(server.asked).toHaveLength(3)
    await server.answer(fetched(8))
    expect(states.at(-1)).toMatchObject({ data: 8, failures: 0, error: undefined })
  })

  test('says nothing after it was stopped, and aborts what is under way', async () => {
    const { server, states, stop } = watched()
    stop()
    expect(server.signals[0]?.aborted).toBe(true)
    await server.answer(fetched(1))
    expect(states).toEqual([])
  })

  test('wakes before its time, unless its last answer was the last one', async () => {
    const waiting = watched()
    await waiting.server.answer(fetched(1))
    waiting.scheduler.wake()
    expect(waiting.server.asked).toHaveLength(2)
    const over = watched(() => undefined)
    await over.server.answer(fetched(1))
    over.scheduler.wake()
    expect(over.server.asked).toHaveLength(1)
  })
})

test('waits grow with failures, stay within a tenth, and end at a minute', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
      const wait = nextWaitMs(5000, failures, random)
      const middle = Math.min(60_000, 5000 * 2 ** failures)
      expect(wait).toBeGreaterThanOrEqual(middle * 0.9)
      expect(wait).toBeLessThanOrEqual(middle * 1.1)
    }),
  )
})

describe('Limiter', () => {
  test('runs no more than its limit at once, and all in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 30 }), async (limit, jobs) => {
        const limiter = new Limiter(limit)
        let running = 0
        let most = 0
        const { signal } = new AbortController()
        const all = Array.from({ length: jobs }, (_, index) =>
          limiter.run(signal, async () => {
            running += 1
            most = Math.max(most, running)
            await Promise.resolve()
            running -= 1
            return index
          }),
        )
        expect(await Promise.all(all)).toEqual(Array.from({ length: jobs }, (_, index) => index))
        expect(most).toBe(Math.min(limit, jobs))
        expect(limiter.waiting).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('does not start a job that was aborted while it waited, and passes its turn on', async () => {
    const limiter = new Limiter(1)
    const aborted = new AbortController()
    const open = new AbortController().signal
    let finish: () => void = () => undefined
    const first = limiter.run(open, () => new Promise<void>((resolve) => (finish = resolve)))
    const second = limiter.run(aborted.signal, () => Promise.resolve('started'))
    const third = limiter.run(open, () => Promise.resolve('third'))
    aborted.abort()
    finish()
    await first
    expect(await second).toBeUndefined()
    expect(await third).toBe('third')
  })

  test('gives its place back when a job throws', async () => {
    const limiter = new Limiter(1)
    const { signal } = new AbortController()
    await expect(limiter.run(signal, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug')
    expect(await limiter.run(signal, () => Promise.resolve(2))).toBe(2)
  })
})

test('error bodies of every kind are put in words', () => {
  expect(errorMessage({ error: { message: 'bad status' } }, 400)).toBe('bad status')
  expect(errorMessage({ status: 'error', error: 'parse error' }, 400)).toBe('parse error')
  expect(errorMessage('<html>', 502)).toBe('the answer has status 502')
  expect(errorMessage({ error: 7 }, 500)).toBe('the answer has status 500')
})

test('only a successful Prometheus answer has data', () => {
  expect(promData({ status: 'success', data: 1 })).toEqual(fetched(1))
  expect(promData({ status: 'error', error: 'too many samples' })).toMatchObject({ ok: false, error: { message: 'too many samples' } })
  expect(promData(null)).toMatchObject({ ok: false, error: { code: 'malformed' } })
})
