import { ok, type Result } from '@signalbox/base'
import { describe, expect, test } from 'vitest'
import type { StoreAnswer, StoreError, StoreQuery } from './ports.ts'
import { QueryQueue } from './query-queue.ts'

const query = (text: string): StoreQuery => ({ kind: 'instant', query: text, timeMs: 0 })
const answer: Result<StoreAnswer, StoreError> = ok({ data: new Uint8Array([49]), warnings: [], infos: [] })
const LONG_MS = 60_000

interface Started {
  readonly id: number
  readonly text: string
  readonly canceled: Int32Array
}

function setUp(runningMax = 2, waitingMax = 2) {
  const started: Started[] = []
  const queue = new QueryQueue({ runningMax, waitingMax }, (id, asked, canceled) => {
    started.push({ id, text: asked.kind === 'instant' ? asked.query : '', canceled })
  })
  return { queue, started }
}

const codeOf = (result: Result<StoreAnswer, StoreError>) => (result.ok ? 'ok' : result.error.code)

describe('the queue before the store', () => {
  test('hands over as many as may run, keeps the next ones in order, and refuses the rest at once', async () => {
    const { queue, started } = setUp()
    const asked = ['a', 'b', 'c', 'd', 'e'].map((text) => queue.ask(query(text), { timeoutMs: LONG_MS }))
    expect(started.map(({ text }) => text)).toEqual(['a', 'b'])
    expect(await asked[4]).toEqual({ ok: false, error: { code: 'unavailable', message: 'too many queries: 2 are running and 2 wait' } })
    queue.answered(started[1]!.id, answer)
    expect(started.map(({ text }) => text)).toEqual(['a', 'b', 'c'])
    queue.answered(started[0]!.id, answer)
    queue.answered(started[2]!.id, answer)
    queue.answered(started[3]!.id, answer)
    expect((await Promise.all(asked.slice(0, 4))).map(codeOf)).toEqual(['ok', 'ok', 'ok', 'ok'])
  })

  test('answers in time when the evaluator does not, and tells it to stop', async () => {
    const { queue, started } = setUp()
    const late = await queue.ask(query('slow'), { timeoutMs: 1 })
    expect(late).toEqual({ ok: false, error: { code: 'timeout', message: 'query timed out in expression evaluation' } })
    expect(Atomics.load(started[0]!.canceled, 0)).toBe(1)
  })

  test('keeps the place of an abandoned query until the evaluator lets go of it', async () => {
    const { queue, started } = setUp(1)
    await queue.ask(query('slow'), { timeoutMs: 1 })
    const next = queue.ask(query('next'), { timeoutMs: LONG_MS })
    expect(started).toHaveLength(1)
    queue.answered(started[0]!.id, answer)
    expect(started).toHaveLength(2)
    queue.answered(started[1]!.id, answer)
    expect(codeOf(await next)).toBe('ok')
  })

  test('never starts a query whose client left while it waited', async () => {
    const { queue, started } = setUp(1)
    const running = queue.ask(query('running'), { timeoutMs: LONG_MS })
    const client = new AbortController()
    const waiting = queue.ask(query('waiting'), { timeoutMs: LONG_MS, signal: client.signal })
    client.abort()
    expect(codeOf(await waiting)).toBe('canceled')
    queue.answered(started[0]!.id, answer)
    expect(codeOf(await running)).toBe('ok')
    expect(started).toHaveLength(1)
  })

  test('answers every query, running or waiting, when the evaluator is gone', async () => {
    const { queue } = setUp(1)
    const asked = [queue.ask(query('a'), { timeoutMs: LONG_MS }), queue.ask(query('b'), { timeoutMs: LONG_MS })]
    queue.failAll({ code: 'unavailable', message: 'gone' })
    expect((await Promise.all(asked)).map(codeOf)).toEqual(['unavailable', 'unavailable'])
  })
})
