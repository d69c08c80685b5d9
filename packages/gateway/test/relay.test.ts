import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { type GatewayTestOptions, type GatewayUnderTest, startGatewayUnderTest } from './harness.ts'
import { answer, delta, event, type Script, ScriptedEngine, sendJson, startStream, usageChunk } from './scripted-engine.ts'

const engines: ScriptedEngine[] = []
let gateway: GatewayUnderTest

async function start(scripts: readonly Script[], options: Partial<GatewayTestOptions> = {}): Promise<GatewayUnderTest> {
  for (const script of scripts) engines.push(await ScriptedEngine.start(script))
  gateway = await startGatewayUnderTest({ urls: engines.map((engine) => engine.url), ...options })
  return gateway
}

afterEach(async () => {
  await gateway.stop()
  for (const engine of engines.splice(0)) await engine.stop()
})

const messages = [{ role: 'user' as const, content: 'hi' }]
const chat = { model: 'm', messages }
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

describe('an answer that is not streamed', () => {
  it('arrives whole, with its token counts in the books', async () => {
    await start([answer])
    const completion = await gateway.client.chat.completions.create(chat)
    expect(completion.choices[0]?.message.content).toBe('hello there')
    expect(gateway.ledger.observations).toMatchObject([
      { outcome: 'ok', streaming: false, inputTokens: 12, outputTokens: 3, cachedTokens: 8, labels: { model: 'm', priority: '0' } },
    ])
    expect(gateway.scheduler.outcomes).toEqual([{ kind: 'finished', promptTokens: 12, completionTokens: 3, cachedTokens: 8 }])
  })

  it('forwards body, query, authorization and a sane request id, byte for byte', async () => {
    await start([answer])
    const body = ' {"model" : "m",\n "messages":[{"role":"user","content":"\\u0068i"}], "x":1.0}'
    const response = await post('/v1/chat/completions?a=b', body, { authorization: 'Bearer t', 'x-request-id': 'mine-7', connection: 'keep-alive' })
    expect(response.headers.get('x-request-id')).toBe('mine-7')
    const [received] = engines[0]?.requests ?? []
    expect(received).toMatchObject({ body, url: '/v1/chat/completions?a=b' })
    expect(received?.headers).toMatchObject({ authorization: 'Bearer t', 'x-request-id': 'mine-7', 'content-length': String(body.length) })
    const other = await post('/v1/chat/completions', chat, { 'x-request-id': 'a b' })
    expect(other.headers.get('x-request-id')).toMatch(/^generated-/)
  })

  it('is 502 when the engine cuts it short', async () => {
    await start([
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
        response.write('{"choices":', () => response.destroy())
      },
    ])
    const response = await post('/v1/chat/completions', chat)
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'upstream_cut', type: 'server_error' } })
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'error', errorCode: 'ModelServerError' }])
    expect(gateway.ledger.retries).toEqual([])
  })

  it('is relayed as it comes beyond the size that is held', async () => {
    const big = JSON.stringify({ text: 'x'.repeat(300_000), usage: {} })
    await start([(response) => sendJson(response, 200, JSON.parse(big))], { limits: { answerBytesMax: 10_000 } })
    const response = await post('/v1/embeddings', { model: 'm', input: 'a' })
    expect(await response.text()).toBe(big)
  })

  it('passes on a refusal of the engine as it is', async () => {
    await start([(response) => sendJson(response, 400, { error: { message: 'too long', type: 'BadRequestError', param: null, code: 400 } })])
    const failed = await gateway.client.chat.completions.create(chat).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(OpenAI.BadRequestError)
    expect(String(failed)).toContain('too long')
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'error', errorCode: 'BadRequest' }])
  })
})

describe('a streamed answer', () => {
  it.each([
    ['not asked for', undefined, false],
    ['asked for', { include_usage: true }, true],
    ['asked for in a string', { include_usage: 'true' }, true],
    ['refused', { include_usage: false }, false],
  ])('carries the usage event when it was %s: %s', async (_, streamOptions, expected) => {
    await start([answer])
    const response = await post('/v1/chat/completions', { ...chat, stream: true, stream_options: streamOptions })
    const text = await response.text()
    expect(text.includes(event(usageChunk))).toBe(expected)
    expect(text.endsWith(event('[DONE]'))).toBe(true)
    expect(response.headers.get('x-engine')).toBe('yes')
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'ok', streaming: true, inputTokens: 12, outputTokens: 3, cachedTokens: 8 }])
    expect(gateway.scheduler.outcomes).toEqual([{ kind: 'finished', promptTokens: 12, completionTokens: 3, cachedTokens: 8 }])
    expect(gateway.ledger.observations[0]?.ttftS).toBeGreaterThan(0)
    expect(gateway.ledger.gaps).toBe(1)
    expect(gateway.scheduler.firstContents).toBe(1)
  })

  it('is read by an OpenAI client', async () => {
    await start([answer])
    let text = ''
    for await (const chunk of await gateway.client.chat.completions.create({ ...chat, stream: true })) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('hello there')
  })

  it('reaches the engine as a cancellation when the client leaves', async () => {
    await start([
      (response) => {
        startStream(response)
        response.write(event(delta('first')))
      },
    ])
    const received = engines[0]?.next()
    const stream = await gateway.client.chat.completions.create({ ...chat, stream: true })
    for await (const _ of stream) break
    stream.controller.abort()
    await (await received)?.aborted
    await gateway.ledger.reached(1)
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'cancelled', streaming: true }])
    expect(gateway.ledger.decisions).toMatchObject([{ status: 'cancelled' }])
  })

  it('raises in the client when the engine dies in the middle', async () => {
    await start([
      (response) => {
        startStream(response)
        response.write(event(delta('first')), () => setImmediate(() => response.destroy()))
      },
    ])
    const read: string[] = []
    const failed = await (async () => {
      for await (const chunk of await gateway.client.chat.completions.create({ ...chat, stream: true }))
        read.push(chunk.choices[0]?.delta.content ?? '')
    })().catch((error: unknown) => error)
    expect(read).toEqual(['first'])
    expect(failed).toBeInstanceOf(OpenAI.APIError)
    expect(String(failed)).toContain('cut short')
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'error', errorCode: 'ModelServerError' }])
    expect(gateway.scheduler.heldOut).toEqual(['e0'])
  })

  it('is an error when it ends without a finish reason, and not when only [DONE] is missing', async () => {
    await start([
      (response, request) => {
        startStream(response)
        response.end(event(delta('a', request.body.includes('finish') ? 'stop' : null)))
      },
    ])
    const cut = await (await post('/v1/chat/completions', { ...chat, stream: true })).text()
    expect(cut).toContain('upstream_cut')
    const whole = await (await post('/v1/chat/completions', { ...chat, stream: true, user: 'finish' })).text()
    expect(whole).toBe(event(delta('a', 'stop')))
    expect(gateway.ledger.observations.map(({ outcome }) => outcome)).toEqual(['error', 'ok'])
  })

  it('counts an error that the engine reports inside it', async () => {
    await start([
      (response) => {
        startStream(response)
        response.end(event(delta('a')) + event({ error: { message: 'out of memory' } }) + event('[DONE]'))
      },
    ])
    const text = await (await post('/v1/chat/completions', { ...chat, stream: true })).text()
    expect(text).toContain('out of memory')
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'error', errorCode: 'ModelServerError' }])
  })

  it('ends with an error when the engine falls silent', async () => {
    await start(
      [
        (response) => {
          startStream(response)
          response.write(event(delta('a')))
        },
      ],
      { idleTimeoutMs: 300 },
    )
    const text = await (await post('/v1/chat/completions', { ...chat, stream: true })).text()
    expect(text).toContain('upstream_timeout')
  })

  it('of another API passes as it is, and its errors are named events', async () => {
    await start([
      (response) => {
        startStream(response)
        response.write('event: message_start\ndata: {"type":"message_start"}\n\n', () => setImmediate(() => response.destroy()))
      },
    ])
    const text = await (await post('/v1/messages', { model: 'm', max_tokens: 1, messages, stream: true })).text()
    expect(text).toContain('event: message_start\n')
    expect(text).toContain('event: error\ndata: {"type":"error","error":{')
  })
})

describe('a reader that does not read', () => {
  it('stops the engine instead of filling memory', async () => {
    let sent = 0
    const payload = event(delta('x'.repeat(16_000)))
    let halted = (): void => {}
    const stopped = new Promise<void>((resolve) => {
      halted = resolve
    })
    await start([
      (response) => {
        startStream(response)
        let left = 4000
        const fill = (): void => {
          while (left > 0) {
            left -= 1
            sent += payload.length
            if (!response.write(payload)) {
              // No drain for a while: the gateway has stopped reading.
              const timer = setTimeout(halted, 500)
              response.once('drain', () => {
                clearTimeout(timer)
                fill()
              })
              return
            }
          }
          response.end(event('[DONE]'))
        }
        fill()
      },
    ])
    const { request } = await import('node:http')
    const body = JSON.stringify({ ...chat, stream: true })
    const response = await new Promise<import('node:http').IncomingMessage>((resolve) => {
      request({ port: gateway.port, method: 'POST', path: '/v1/chat/completions', headers: { 'content-length': body.length } }, resolve).end(body)
    })
    response.pause()
    await stopped
    const before = sent
    expect(before).toBeLessThan(32 * 1024 * 1024)
    let read = 0
    for await (const chunk of response) read += (chunk as Buffer).length
    expect(read).toBe(4000 * payload.length + event('[DONE]').length)
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'ok', responseBytes: read }])
  })
})
