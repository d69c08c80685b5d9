import { seededRandom } from '@signalbox/base'
import { promptOf, shapeTrace, type Trace } from '@signalbox/replay'
import { afterEach, describe, expect, it } from 'vitest'
import { type LoadOptions, type LoadProgress, type LoadResult, runLoad } from '../src/index.ts'
import { type Received, type ScriptedServer, startScripted, streamed, whole } from './scripted-server.ts'

let server: ScriptedServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function start(answer: Parameters<typeof startScripted>[0]): Promise<ScriptedServer> {
  server = await startScripted(answer)
  return server
}

/** Requests that are all due at once. */
function atOnce(requests: number, stream = true): Trace {
  const one = { atMs: 0, model: '', session: -1, after: undefined, priority: 0, stream }
  return {
    name: 'at once',
    source: 'test',
    hasPrefixes: false,
    notes: [],
    requests: Array.from({ length: requests }, (_, at) => ({
      ...one,
      prompt: promptOf([{ id: 2 * at, tokens: 30 }]),
      output: { id: 2 * at + 1, tokens: 3 },
    })),
  }
}

async function run(options: Partial<LoadOptions> & Pick<LoadOptions, 'trace'>): Promise<LoadResult> {
  const result = await runLoad({ url: server?.url ?? '', model: 'm', objectives: { ttftMs: 60_000, tpotMs: 60_000 }, warmupRatio: 0, ...options })
  if (!result.ok) throw new Error(result.error)
  return result.value
}

/** Lets through a request when the last of so many has come: what is in flight together is the test's choice. */
function gate(count: number): (open: () => void) => void {
  const waiting: (() => void)[] = []
  return (open) => {
    waiting.push(open)
    if (waiting.length === count) for (const each of waiting.splice(0)) each()
  }
}

describe('what is reported', () => {
  it('has the counts of the answers, their latencies, and the hits that the server says', async () => {
    await start((_, response) => streamed(response, { words: ['a', ' b', ' c'], cachedTokens: 10 }))
    const result = await run({ trace: atOnce(20) })
    expect(result).toMatchObject({ model: 'm', requests: 20, sent: 20, completed: 20, failed: 0, aborted: 0, failures: {}, stopped: false })
    expect(result).toMatchObject({
      promptTokens: 800,
      promptTokensAsked: 600,
      outputTokens: 60,
      outputTokensAsked: 60,
      cachedTokens: 200,
      hitRatio: 0.25,
    })
    expect(result).toMatchObject({ goodputRatio: 1 })
    for (const latency of [result.ttftMs, result.ttftFromSendMs, result.tpotMs, result.itlMs, result.e2eMs, result.e2eFromSendMs]) {
      expect(latency?.p50).toBeGreaterThanOrEqual(0)
    }
    expect(result.e2eMs?.max).toBeGreaterThanOrEqual(result.ttftMs?.max ?? Number.POSITIVE_INFINITY)
    expect(result.ttftMs?.mean).toBeGreaterThanOrEqual(result.ttftFromSendMs?.mean ?? Number.POSITIVE_INFINITY)
  })

  it('is unknown, not zero, where the server does not say', async () => {
    await start((_, response) => whole(response, 'hello'))
    const result = await run({ trace: atOnce(3, false) })
    expect(result).toMatchObject({
      completed: 3,
      promptTokens: null,
      outputTokens: null,
      cachedTokens: null,
      hitRatio: null,
      outputTokensPerSecond: null,
    })
    expect(result).toMatchObject({ ttftMs: null, tpotMs: null, itlMs: null, goodputRatio: 1 })
    expect(result.e2eMs?.max).toBeGreaterThan(0)
  })

  it('counts failures by kind, with the first message of each', async () => {
    const answers: ((response: Parameters<typeof whole>[0]) => void)[] = [
      (response) => response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"no endpoint"}}'),
      (response) => response.writeHead(404).end(`not here${' '.repeat(100_000)}`),
      // Its connection is new: the one before was given up with its long error.
      (response) => response.socket?.destroy(),
      (response) => streamed(response, { words: ['a'], until: 'content' }),
      (response) =>
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"error":{"message":"engine died"}}\n\ndata: [DONE]\n\n'),
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": 5}'),
      (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: what?\n\n'),
      (response) =>
        void response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 }).write('{', () => response.socket?.destroy()),
    ]
    let next = 0
    await start((_, response) => answers[next++ % answers.length]?.(response))
    const result = await run({ trace: atOnce(8), connectionsMax: 1 })
    expect(result).toMatchObject({ completed: 0, failed: 8, repeated: 0, goodputRatio: 0, ttftMs: null, requestsPerSecond: 0 })
    expect(result.failures).toMatchObject({
      'http-503': { count: 1, message: 'no endpoint' },
      'http-404': { count: 1, message: expect.stringMatching(/^not here/) },
      reset: { count: 1 },
      'cut-short': { count: 2 },
      'stream-error': { count: 1, message: 'engine died' },
      malformed: { count: 2 },
    })
  })

  it('tries once more when a kept connection turns out closed, and counts that', async () => {
    let next = 0
    await start((_, response) => (next++ === 1 ? response.socket?.destroy() : streamed(response, { words: ['a'] })))
    expect(await run({ trace: atOnce(2), connectionsMax: 1 })).toMatchObject({ completed: 2, failed: 0, repeated: 1 })
  })

  it('counts refused connections and timeouts', async () => {
    const gone = await start(() => {})
    expect((await run({ trace: atOnce(2), timeoutMs: 50 })).failures).toMatchObject({ timeout: { count: 2 } })
    await gone.close()
    expect((await run({ trace: atOnce(2), url: gone.url })).failures).toMatchObject({ refused: { count: 2 } })
  })

  it('leaves the cold first part out of latencies, and out of nothing else', async () => {
    await start((_, response) => streamed(response, { words: ['a', 'b'] }))
    const result = await run({ trace: atOnce(10), warmupRatio: 0.9999 })
    expect(result).toMatchObject({ completed: 10, outputTokens: 20, ttftMs: null, itlMs: null })
  })

  it('says what is late when connections are too few: times count from when a request was due', async () => {
    const held = gate(2)
    await start((_, response) => held(() => setTimeout(() => streamed(response, { words: ['a', 'b'] }), 30)))
    const result = await run({ trace: atOnce(4), connectionsMax: 2 })
    expect(result).toMatchObject({ completed: 4, inFlightMax: 2 })
    expect(result.sentLate).toBeGreaterThanOrEqual(2)
    expect(server?.connections()).toBe(2)
    expect(result.latenessMs?.max).toBeGreaterThan(20)
    expect((result.ttftMs?.max ?? 0) - (result.ttftFromSendMs?.max ?? 0)).toBeGreaterThan(20)
  })
})

describe('what is sent', () => {
  it('asks the server for its model, with the token, and sends to the chat API under /v1', async () => {
    const { received } = await start(({ path }, response) => {
      if (path === '/base/v1/models') response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"id":"first"},{"id":"second"}]}')
      else streamed(response, { words: ['a'] })
    })
    const result = await run({ trace: atOnce(1), url: `${server?.url}/base/`, model: undefined, token: 'secret' })
    expect(result).toMatchObject({ model: 'first', completed: 1 })
    expect(received.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/base/v1/models', 'Bearer secret'],
      ['/base/v1/chat/completions', 'Bearer secret'],
    ])
    expect(received[1]?.body).toMatchObject({ model: 'first', max_tokens: 3, ignore_eos: true, stream: true })
  })

  it('closed loop: as many at a time as there are users', async () => {
    const held = gate(3)
    await start((_, response) => held(() => streamed(response, { words: ['a'] })))
    const result = await run({ trace: atOnce(9), users: { count: 3 } })
    expect(result).toMatchObject({ completed: 9, inFlightMax: 3 })
  })

  it('follow-ups quote the answer, and come after it', async () => {
    const trace = shapeTrace('chat-sessions', { requests: 12, ratePerSecond: 1000, turns: 12, thinkMs: 0 }, seededRandom(4))
    if (!trace.ok) throw new Error(trace.error)
    const { received } = await start((_, response) => streamed(response, { words: ['All', ' aboard.'] }))
    const result = await run({ trace: trace.value, users: { count: 1 } })
    expect(result.completed).toBe(12)
    const roles = (one: Received): string[] =>
      (one.body['messages'] as { role: string; content: string }[]).map(({ role, content }) => (role === 'user' ? role : content))
    const followUps = received.filter((one) => roles(one).length > 1)
    expect(followUps.length).toBeGreaterThan(6)
    for (const one of followUps)
      expect(
        roles(one)
          .filter((_, at) => at % 2 === 1)
          .every((content) => content === 'All aboard.'),
      ).toBe(true)
  })

  it('is an error when the address is none, a number is out of bounds or the server has no model', async () => {
    const objectives = { ttftMs: 1, tpotMs: 1 }
    expect(await runLoad({ url: 'http://127.0.0.1', trace: atOnce(1), objectives, users: { count: 0 } })).toEqual({
      ok: false,
      error: 'users.count: expected a whole number from 1 to 65535, found 0',
    })
    expect(await runLoad({ url: 'http://127.0.0.1', trace: atOnce(1), objectives, warmupRatio: 1 })).toMatchObject({ ok: false })
    expect(await runLoad({ url: 'localhost', trace: atOnce(1), objectives })).toMatchObject({
      ok: false,
      error: expect.stringContaining('expected an address like'),
    })
    await start((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}'))
    expect(await runLoad({ url: server?.url ?? '', trace: atOnce(1), objectives })).toMatchObject({
      ok: false,
      error: expect.stringContaining('lists no model'),
    })
  })
})

describe('stopping', () => {
  it('sends nothing more, gives what is under way its grace, then aborts it', async () => {
    const stop = new AbortController()
    let count = 0
    const { received } = await start((_, response) => {
      count += 1
      if (count === 2) stop.abort()
      // The first is answered within the grace, the second never.
      if (count === 1) stop.signal.addEventListener('abort', () => streamed(response, { words: ['a'] }))
    })
    const progress: LoadProgress[] = []
    const result = await run({ trace: atOnce(10), connectionsMax: 2, signal: stop.signal, graceMs: 1000, onProgress: (one) => progress.push(one) })
    expect(result).toMatchObject({ sent: 2, completed: 1, failed: 0, aborted: 1, stopped: true })
    expect(received).toHaveLength(2)
    expect(progress.at(-1)).toMatchObject({ total: 10, sent: 2, inFlight: 0, completed: 1 })
  })

  it('after its time sends nothing more and waits for what is under way', async () => {
    const trace = atOnce(2)
    const late = { ...trace, requests: trace.requests.map((request, at) => ({ ...request, atMs: at * 60_000 })) }
    await start((_, response) => setTimeout(() => streamed(response, { words: ['a'] }), 120))
    expect(await run({ trace: late, durationMs: 60 })).toMatchObject({ sent: 1, completed: 1, aborted: 0, stopped: true })
  })
})
