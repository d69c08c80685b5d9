import { type EngineDialectId, engineDialects } from '@signalbox/engine'
import { detectDialect, type SignalId } from '@signalbox/signals'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, bodyOf, inParallel, readStream, type Usage } from './client.ts'
import { eventually, type Fleet, startFleet, sumOf, textOf } from './fleet.ts'

const dialects = Object.keys(engineDialects) as readonly EngineDialectId[]
const REQUESTS = 60
const AT_ONCE = 12

/** What a client and the decision record know of one request. */
interface Entry {
  readonly endpoint: string
  readonly promptTokens: number
  readonly completionTokens: number
}

interface Endpoint {
  readonly id: string
  readonly state: string
  readonly runningRequests: number | null
  readonly waitingRequests: number | null
  readonly kvUsageRatio: number | null
  readonly kvCapacityTokens: number | null
}

describe('a fleet whose engines all speak differently', () => {
  let fleet: Fleet
  const ledger: Entry[] = []
  const pages = new Map<EngineDialectId, string>()

  beforeAll(async () => {
    const args = ['--no-traffic', '--engines', String(dialects.length), '--policy', 'round-robin', '--engine-dialect', ...dialects]
    fleet = await startFleet({ args })
    await eventually(async () => (await endpoints()).every(({ state }) => state === 'ready'), 'every engine to be polled')
    const items = Array.from({ length: REQUESTS }, (_, index) => index)
    await inParallel(items, AT_ONCE, async (index) => void ledger.push(await send(index)))
    for (const [index, dialect] of dialects.entries()) pages.set(dialect, await textOf(`http://127.0.0.1:${fleet.enginePort + index}/metrics`))
  })
  afterAll(async () => {
    await fleet.interrupt()
  })

  async function endpoints(): Promise<readonly Endpoint[]> {
    return (JSON.parse(await textOf(`${fleet.admin}/debug/endpoints`)) as { endpoints: readonly Endpoint[] }).endpoints
  }

  /** Every other request is streamed; a third shares its prompt with others. */
  async function send(index: number): Promise<Entry> {
    const prompt = `${index % 3 === 0 ? 'The same question' : `Question ${index}`}: ${'which line is clear at this hour? '.repeat(1 + (index % 5))}`
    const stream = index % 2 === 0
    const answer = await ask(fleet.api, bodyOf({ prompt, tokens: 1 + (index % 9), ...(stream ? { stream, usage: true } : {}) }))
    expect(answer.status).toBe(200)
    const usage = stream ? readStream(answer.body).usage : (JSON.parse(answer.body) as { usage: Usage }).usage
    const decision = JSON.parse(await textOf(`${fleet.admin}/debug/decisions/${answer.id}`)) as { endpoint: string }
    return { endpoint: decision.endpoint, promptTokens: usage?.prompt_tokens ?? Number.NaN, completionTokens: usage?.completion_tokens ?? Number.NaN }
  }

  it('is shared out over all of them', () => {
    expect(new Set(ledger.map(({ endpoint }) => endpoint)).size).toBe(dialects.length)
    expect(ledger).toHaveLength(REQUESTS)
  })

  it.each(dialects.map((dialect, index) => [dialect, `engine-${index + 1}`] as const))('has in %s the books that its clients have', (dialect, id) => {
    const page = pages.get(dialect) as string
    const own = ledger.filter(({ endpoint }) => endpoint === id)
    const total = (of: (entry: Entry) => number) => own.reduce((sum, entry) => sum + of(entry), 0)
    // Of a signal with two names both are right.
    const values = (signal: SignalId, part = '') =>
      engineDialects[dialect].entries.filter((entry) => entry.signal === signal).map(({ name }) => sumOf(page, `${name}${part}`))
    const agrees = (found: readonly number[], expected: number) => {
      expect(found.length).toBeGreaterThan(0)
      for (const value of found) expect(value).toBe(expected)
    }
    expect(own.length).toBeGreaterThan(0)
    agrees(values('engine.requests_finished'), own.length)
    agrees(
      values('engine.prompt_tokens'),
      total(({ promptTokens }) => promptTokens),
    )
    agrees(
      values('engine.generation_tokens'),
      total(({ completionTokens }) => completionTokens),
    )
    for (const signal of ['engine.ttft', 'engine.e2e', 'engine.queue_time'] as const) agrees(values(signal, '_count'), own.length)
    agrees(
      values('engine.itl', '_count'),
      total(({ completionTokens }) => completionTokens - 1),
    )
    for (const signal of ['engine.requests_running', 'engine.requests_waiting', 'engine.kv_usage'] as const) agrees(values(signal), 0)
  })

  it.each(dialects)('is known as %s by the names on the page', (dialect) => {
    const names = [...(pages.get(dialect) as string).matchAll(/^([\w:]+)[{ ]/gm)].map(([, name]) => name as string)
    expect(detectDialect(names)?.dialect).toBe(dialect)
  })

  it('has a fresh state at the gateway, whichever way an engine states it', async () => {
    // The last poll may have been during the last request.
    const views = await eventually(async () => {
      const polled = await endpoints()
      return polled.every(({ runningRequests, kvUsageRatio }) => runningRequests === 0 && kvUsageRatio === 0) && polled
    }, 'every engine to be known as idle')
    expect(views.map(({ id, state }) => `${id} ${state}`)).toEqual(dialects.map((_, index) => `engine-${index + 1} ready`))
    for (const { waitingRequests, kvCapacityTokens } of views) {
      expect(waitingRequests).toBe(0)
      expect(kvCapacityTokens).toBeGreaterThan(12_000)
    }
  })
})
