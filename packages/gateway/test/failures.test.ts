import { afterEach, describe, expect, it } from 'vitest'
import { exchangeBytes, type GatewayTestOptions, type GatewayUnderTest, startGatewayUnderTest } from './harness.ts'
import { answer, delta, event, type Script, ScriptedEngine, sendJson, startStream } from './scripted-engine.ts'

const engines: ScriptedEngine[] = []
let gateway: GatewayUnderTest

async function start(scripts: readonly Script[], options: Partial<GatewayTestOptions> = {}): Promise<void> {
  for (const script of scripts) engines.push(await ScriptedEngine.start(script))
  gateway = await startGatewayUnderTest({ urls: engines.map((engine) => engine.url), ...options })
}

afterEach(async () => {
  await gateway.stop()
  for (const engine of engines.splice(0)) await engine.stop()
})

const chat = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
const post = (path: string, body: unknown) =>
  fetch(`${gateway.url}${path}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })

const busy: Script = (response) => sendJson(response, 503, { error: { message: 'busy' } })

describe('an endpoint that fails before the first byte', () => {
  it('is replaced by another when it refuses, at no cost to the budget', async () => {
    const engine = await ScriptedEngine.start(answer)
    engines.push(engine)
    const probe = await ScriptedEngine.start(answer)
    const refused = probe.url
    await probe.stop()
    gateway = await startGatewayUnderTest({ urls: [refused, engine.url], retriesPerSecond: 0 })
    const response = await post('/v1/chat/completions', chat)
    expect(response.status).toBe(200)
    expect(gateway.ledger.retries).toEqual(['refused'])
    expect(gateway.scheduler.heldOut).toEqual(['e0'])
    expect(gateway.scheduler.outcomes.map(({ kind }) => kind)).toEqual(['failed', 'finished'])
  })

  it.each([429, 502, 503, 504])('is replaced by another when it answers %i', async (status) => {
    await start([(response) => sendJson(response, status, {}), answer])
    expect((await post('/v1/chat/completions', { ...chat, stream: true })).status).toBe(200)
    expect(gateway.ledger.retries).toEqual([String(status)])
  })

  it('is replaced by another when it dies with the head sent and no byte of the body', async () => {
    await start([
      (response) => {
        startStream(response)
        response.flushHeaders()
        setImmediate(() => response.destroy())
      },
      answer,
    ])
    const response = await post('/v1/chat/completions', { ...chat, stream: true })
    expect(await response.text()).toContain('hello')
    expect(gateway.ledger.retries).toEqual(['reset'])
  })

  it('ends in 502 that names what was tried when all fail', async () => {
    await start([busy, (response) => response.destroy()])
    const response = await post('/v1/chat/completions', chat)
    expect(response.status).toBe(502)
    const { error } = (await response.json()) as { error: { message: string; code: string } }
    expect(error.code).toBe('upstream_failed')
    expect(error.message).toMatch(/e0: answered 503; e1: connection closed/)
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'error', errorCode: 'ModelServerError' }])
  })

  it('ends in 504 when it was time', async () => {
    await start([() => {}], { headTimeoutMs: 300 })
    const response = await post('/v1/chat/completions', chat)
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'upstream_timeout' } })
  })

  it('is tried at most three times', async () => {
    await start([busy, busy, busy, answer])
    expect((await post('/v1/chat/completions', chat)).status).toBe(502)
    expect(gateway.scheduler.assigned).toBe(3)
  })

  it('is not replaced once the budget is spent', async () => {
    await start([busy, answer], { retriesPerSecond: 0.1 })
    expect((await post('/v1/chat/completions', chat)).status).toBe(200)
    expect((await post('/v1/chat/completions', chat)).status).toBe(502)
  })

  it('is never replaced after content has passed', async () => {
    await start([
      (response) => {
        startStream(response)
        response.write(event(delta('a')), () => setImmediate(() => response.destroy()))
      },
      answer,
    ])
    const text = await (await post('/v1/chat/completions', { ...chat, stream: true })).text()
    expect(text).toContain('upstream_cut')
    expect(engines[1]?.requests).toEqual([])
  })
})

describe('a request that is refused', () => {
  it.each([
    ['malformed JSON', '/v1/chat/completions', '{"model":"m"', 400, { code: 'invalid_json', param: null }],
    ['trailing bytes', '/v1/chat/completions', '{"model":"m"}}', 400, { code: 'invalid_json', param: null }],
    ['no model', '/v1/completions', '{"prompt":"x"}', 400, { code: 'missing_field', param: 'model' }],
    ['a wrong type', '/v1/completions', '{"model":"m","stream":1}', 400, { code: 'invalid_field', param: 'stream' }],
    ['a model nobody serves', '/v1/completions', '{"model":"zzz","prompt":"x"}', 404, { code: 'model_not_found', param: 'model' }],
    ['an administrative path', '/v1/load_lora_adapter', '{}', 403, { code: 'administrative_path' }],
    ['an administrative path at the root', '/sleep', '', 403, { code: 'administrative_path' }],
    ['an unknown path', '/v1/nothing', '{}', 404, { code: 'unknown_path' }],
    ['a path that climbs', '/v1/responses/%2e%2e/cancel', '{}', 404, { code: 'unknown_path' }],
  ])('for %s says so', async (_, path, body, status, error) => {
    await start([answer])
    const response = await post(path, body)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error })
    expect(gateway.ledger.observations).toMatchObject([{ outcome: 'rejected' }])
    expect(gateway.ledger.decisions.length + gateway.ledger.rejections.length).toBe(1)
    expect(engines[0]?.requests).toEqual([])
  })

  it('for its model lists the models served', async () => {
    await start([answer])
    expect(await (await post('/v1/completions', { model: 'zzz', prompt: 'x' })).text()).toContain('m, other')
  })

  it('for its method names those allowed', async () => {
    await start([answer])
    const response = await fetch(`${gateway.url}/v1/chat/completions`)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('for an empty pool may come again', async () => {
    await start([])
    const response = await post('/v1/chat/completions', chat)
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('for its length is refused by its head, and when chunked as soon as it is too long', async () => {
    await start([answer], { limits: { bodyBytesMax: 1000 } })
    const head = 'POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
    // The declared body is never sent: the answer must not wait for it.
    expect(await exchangeBytes(gateway.port, `${head}Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /)
    const chunk = `${'x'.repeat(600)}`
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n258\r\n${chunk}\r\n258\r\n${chunk}\r\n0\r\n\r\n`
    expect(await exchangeBytes(gateway.port, chunked)).toMatch(/^HTTP\/1\.1 413 /)
    expect(gateway.ledger.observations).toMatchObject([{ errorCode: 'BadRequest' }, { errorCode: 'BadRequest' }])
  })

  it('hears 100 Continue only when its body will be read', async () => {
    await start([answer])
    const body = JSON.stringify(chat)
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`
    expect(await exchangeBytes(gateway.port, head + body)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  })

  it.each([
    ['two hosts', 'GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n'],
    ['another transfer coding', 'POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n'],
    ['an absolute target', 'GET http://a/v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
  ])('for %s is malformed', async (_, bytes) => {
    await start([answer])
    expect(await exchangeBytes(gateway.port, bytes)).toMatch(/^HTTP\/1\.1 400 /)
    expect(gateway.ledger.observations.length + gateway.ledger.clientErrors).toBe(1)
  })

  it('for bytes that are no HTTP is counted', async () => {
    await start([answer])
    expect(await exchangeBytes(gateway.port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(gateway.ledger.clientErrors).toBe(1)
  })
})

describe('what the gateway answers itself', () => {
  it('lists models, its health and its version', async () => {
    await start([answer])
    const models = await gateway.client.models.list()
    expect(models.data.map(({ id }) => id)).toEqual(['m', 'other'])
    expect((await gateway.client.models.retrieve('other')).id).toBe('other')
    expect((await fetch(`${gateway.url}/v1/models/none`)).status).toBe(404)
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200)
    expect(await (await fetch(`${gateway.url}/version`)).json()).toEqual({ version: '0.0.0-test' })
    expect(gateway.ledger.observations).toEqual([])
  })
})

describe('what is passed through', () => {
  it('goes to an endpoint of the model that it names, as JSON or as a form', async () => {
    await start([(response) => sendJson(response, 200, { text: 'ok' })])
    await post('/v1/embeddings', { model: 'other', input: ['a'] })
    const form = new FormData()
    form.append('file', new Blob(['RIFF']), 'a.wav')
    form.append('model', 'other')
    await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', body: form })
    await fetch(`${gateway.url}/v1/responses/resp_1`)
    expect(gateway.scheduler.summaries.map(({ model }) => model)).toEqual(['other', 'other', 'm'])
    expect(gateway.ledger.observations.map(({ labels }) => labels.model)).toEqual(['other', 'other', 'unknown'])
    expect(engines[0]?.requests[1]?.body).toContain('RIFF')
    expect(engines[0]?.requests[2]).toMatchObject({ method: 'GET', url: '/v1/responses/resp_1' })
  })
})

describe('a drain', () => {
  it('lets a running answer finish and refuses new ones', async () => {
    let finish = (): void => {}
    await start([
      (response) => {
        startStream(response)
        response.write(event(delta('a')))
        finish = () => response.end(event(delta('b', 'stop')))
      },
    ])
    const response = await post('/v1/chat/completions', { ...chat, stream: true })
    const drained = gateway.plane.drain(60_000)
    await expect(post('/v1/chat/completions', chat)).rejects.toThrow()
    finish()
    expect(await response.text()).toContain('"b"')
    await drained
    expect(gateway.ledger.observations.map(({ outcome }) => outcome)).toEqual(['ok'])
  })

  it('ends what still runs after the grace: streams with an error event, others with 503', async () => {
    await start([
      (response, request) => {
        if (!request.body.includes('"stream":true')) return
        startStream(response)
        response.write(event(delta('a')))
      },
    ])
    const stream = await post('/v1/chat/completions', { ...chat, stream: true })
    const arrived = engines[0]?.next()
    const whole = post('/v1/chat/completions', chat)
    await arrived
    await gateway.plane.drain(50)
    expect(await stream.text()).toContain('"code":"draining"')
    expect((await whole).status).toBe(503)
    expect(gateway.ledger.observations.map(({ errorCode }) => errorCode)).toEqual(['ServiceUnavailable', 'ServiceUnavailable'])
  })
})

it('two hundred mixed requests add up', async () => {
  const scripts: Script[] = [
    answer,
    busy,
    (response) => response.destroy(),
    (response) => {
      startStream(response)
      response.write(event(delta('a')), () => setImmediate(() => response.destroy()))
    },
  ]
  let turn = 0
  const mixed: Script = (response, request) => scripts[turn++ % scripts.length]?.(response, request)
  await start([mixed, mixed])
  const bodies = [chat, { ...chat, stream: true }, { model: 'zzz' }, '{', { ...chat, stream: true, stream_options: { include_usage: true } }]
  const counts = new Map<number, number>()
  let left = 0
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const controller = new AbortController()
      const request = { method: 'POST', body: JSON.stringify(bodies[i % 5]), signal: controller.signal }
      if (i % 5 === 3) request.body = '{'
      if (i % 7 === 0) setImmediate(() => controller.abort())
      try {
        const response = await fetch(`${gateway.url}/v1/chat/completions`, request)
        counts.set(response.status, (counts.get(response.status) ?? 0) + 1)
        await response.text()
      } catch {
        left += 1
      }
    }),
  )
  const { ledger, scheduler, plane } = gateway
  await plane.drain(10_000)
  // A client that left before its head arrived never was a request.
  expect(ledger.observations.length).toBeGreaterThan(200 - left - 1)
  expect(ledger.observations.length).toBeLessThanOrEqual(200)
  expect(ledger.observations.length).toBe(ledger.began_)
  expect(ledger.decisions.length + ledger.rejections.length).toBe(ledger.observations.length)
  expect(scheduler.outcomes.length).toBe(scheduler.assigned)
  expect(ledger.observations.filter(({ outcome }) => outcome === 'rejected').length).toBeGreaterThanOrEqual(counts.get(404) ?? 0)
})
