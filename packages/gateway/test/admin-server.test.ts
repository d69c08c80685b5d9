import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { seededRandom, VirtualClock } from '@signalbox/base'
import { listen } from '@signalbox/node'
import {
  type DecisionFilter,
  DecisionLog,
  type DecisionSummary,
  type DecisionView,
  type EndpointView,
  policies,
  Scheduler,
} from '@signalbox/scheduler'
import { afterEach, describe, expect, it } from 'vitest'
import { type AdminServerOptions, createAdminServer } from '../src/admin-server.ts'
import { EndpointProbe } from '../src/endpoint-probe.ts'
import { GatewayMetrics } from '../src/gateway-metrics.ts'
import { gatewayDefaults } from '../src/index.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  raw: Buffer
  body: string
}

const queries: DecisionFilter[] = []
// What the server passes through is opaque to it.
const view = { id: 'req/1 ü' } as DecisionView

async function admin(
  more: Partial<AdminServerOptions> = {},
): Promise<(path: string, headers?: Record<string, string>, method?: string) => Promise<Answer>> {
  const server = createAdminServer({
    metrics: { render: (format) => `${format} page\n` },
    scheduler: { endpoints: () => [{ id: 'e1' } as EndpointView], modelsServed: () => ['llama'] },
    log: {
      bytes: 10,
      bytesMax: 20,
      list: (query) => {
        queries.push(query)
        return [{ id: 'r1' } as DecisionSummary]
      },
      get: (id) => (id === view.id ? view : undefined),
    },
    clock: new VirtualClock(1000),
    pool: 'pool-1',
    policy: 'least-cost',
    ...more,
  })
  const started = await listen(server, { host: '127.0.0.1', port: 0 })
  if (!started.ok) throw new Error(started.error.message)
  cleanups.push(() => server.close().closeAllConnections())
  return (path, headers = {}, method = 'GET') =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest({ port: started.value, path, headers, method, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const raw = Buffer.concat(chunks)
          resolve({ status: response.statusCode ?? 0, headers: response.headers, raw, body: raw.toString() })
        })
      })
      outgoing.on('error', reject).end()
    })
}

describe('/metrics', () => {
  it('speaks both formats', async () => {
    const get = await admin()
    expect(await get('/metrics')).toMatchObject({
      status: 200,
      body: 'text page\n',
      headers: { 'content-type': expect.stringContaining('text/plain; version=0.0.4') },
    })
    expect(await get('/metrics', { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' })).toMatchObject({
      body: 'openmetrics page\n',
      headers: { 'content-type': expect.stringContaining('application/openmetrics-text; version=1.0.0') },
    })
  })

  it('packs a large page for those who can unpack it', async () => {
    const page = 'x 1\n'.repeat(5000)
    const get = await admin({ metrics: { render: () => page } })
    for (const accepted of ['gzip', 'br, gzip;q=0.5', '*']) {
      const packed = await get('/metrics', { 'accept-encoding': accepted })
      expect(packed.headers['content-encoding']).toBe('gzip')
      expect(Number(packed.headers['content-length'])).toBe(packed.raw.length)
      expect(gunzipSync(packed.raw).toString()).toBe(page)
    }
    for (const accepted of ['', 'br', 'gzip;q=0', 'gzip;q=0.000', 'notgzip']) {
      expect(await get('/metrics', { 'accept-encoding': accepted })).toMatchObject({ body: page, headers: { vary: 'accept, accept-encoding' } })
    }
  })

  it('answers 500 when the page breaks, and goes on', async () => {
    const get = await admin({
      metrics: {
        render: () => {
          throw new Error('broken gauge')
        },
      },
    })
    expect(await get('/metrics')).toMatchObject({ status: 500, body: '{"error":{"message":"internal error: broken gauge"}}' })
    expect((await get('/healthz')).status).toBe(200)
  })
})

describe('the token', () => {
  it('is wanted for metrics and debug, not for health', async () => {
    const get = await admin({ token: 'secret' })
    for (const path of ['/metrics', '/debug/endpoints', '/debug/decisions', '/debug/decisions/r1']) {
      expect(await get(path)).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="signalbox"' },
        body: '{"error":{"message":"a bearer token is wanted"}}',
      })
      for (const wrong of ['Bearer secret2', 'Bearer', 'Bearer ', 'Basic secret', 'secret'])
        expect((await get(path, { authorization: wrong })).status).toBe(401)
    }
    expect(await get('/metrics', { authorization: 'Bearer secret' })).toMatchObject({ status: 200 })
    expect(await get('/metrics', { authorization: 'bearer secret' })).toMatchObject({ status: 200 })
    expect(await get('/healthz')).toMatchObject({ status: 200, body: 'ok' })
  })
})

describe('/debug', () => {
  it('shows the endpoints', async () => {
    const get = await admin()
    const answer = await get('/debug/endpoints')
    expect(answer.headers['content-type']).toBe('application/json')
    expect(JSON.parse(answer.body)).toEqual({ nowMs: 1000, pool: 'pool-1', policy: 'least-cost', models: ['llama'], endpoints: [{ id: 'e1' }] })
  })

  it('lists decisions by what is asked', async () => {
    const get = await admin()
    const answer = await get('/debug/decisions?model=llama%203&status=ok&limit=5')
    expect(JSON.parse(answer.body)).toEqual({ nowMs: 1000, bytes: 10, bytesMax: 20, decisions: [{ id: 'r1' }] })
    expect(queries.at(-1)).toEqual({ model: 'llama 3', endpoint: undefined, status: 'ok', minTtftMs: undefined, limit: 5 })
  })

  it('says what is wrong with a query', async () => {
    const get = await admin()
    expect(await get('/debug/decisions?limit=0')).toMatchObject({
      status: 400,
      body: '{"error":{"message":"limit is a whole number from 1 to 1000"}}',
    })
  })

  it('shows one decision, whatever its id is made of', async () => {
    const get = await admin()
    expect(JSON.parse((await get(`/debug/decisions/${encodeURIComponent(view.id)}`)).body)).toEqual(view)
    expect(await get('/debug/decisions/none')).toMatchObject({ status: 404, body: expect.stringContaining('no decision \\"none\\"') })
    expect(await get('/debug/decisions/%zz')).toMatchObject({ status: 400 })
  })
})

it('lists its paths to those who are lost', async () => {
  const get = await admin()
  for (const path of ['/', '/debug', '/metrics/x']) {
    expect(await get(path)).toMatchObject({ status: 404, body: expect.stringContaining('/metrics, /healthz, /debug/endpoints, /debug/decisions') })
  }
})

it('answers HEAD like GET without the body, and other methods with 405', async () => {
  const get = await admin()
  expect(await get('/metrics', {}, 'HEAD')).toMatchObject({ status: 200, body: '', headers: { 'content-length': '10' } })
  expect(await get('/metrics', {}, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
})

it('shows the real scheduler, its log and its metrics', async () => {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const plugin = policies.get('least-cost')
  if (plugin === undefined) throw new Error('no policy')
  const scheduler = new Scheduler({}, { clock, random, policy: plugin.create({}, { random }) })
  const log = new DecisionLog({ bytesMax: 65_536, clock })
  const metrics = new GatewayMetrics({ ...gatewayDefaults, clock, pool: 'pool-1', scheduler, log, commit: 'c', buildRef: 'b' })
  const get = await admin({ metrics, scheduler, log, clock })
  scheduler.setEndpoints([{ id: 'e1', url: 'http://e1:8000', simulated: false }])
  const page = new TextEncoder().encode('vllm:num_requests_waiting{engine="0",model_name="llama"} 6\n')
  const models = new TextEncoder().encode('{"data":[{"id":"llama"}]}')
  const probe = new EndpointProbe({
    url: 'http://e1:8000',
    timeoutMs: 900,
    clock,
    get: async ({ url }) => ({ ok: true, value: { status: 200, body: url.endsWith('/metrics') ? page : models } }),
  })
  const polled = await probe.poll()
  if (!polled.ok) throw new Error(polled.error.reason)
  scheduler.stateObserved('e1', polled.value)
  clock.advance(500)
  log.reject({ id: 'r1', path: '/v1/chat/completions', receivedMs: clock.nowMs(), httpStatus: 400, error: 'no model' })
  expect(JSON.parse((await get('/debug/endpoints')).body)).toMatchObject({
    models: ['llama'],
    endpoints: [{ id: 'e1', state: 'ready', waitingRequests: 6, runningRequests: null, stateAgeMs: 500 }],
  })
  expect(JSON.parse((await get('/debug/decisions?status=rejected')).body)).toMatchObject({
    bytesMax: 65_536,
    decisions: [{ id: 'r1', httpStatus: 400 }],
  })
  expect(JSON.parse((await get('/debug/decisions/r1')).body)).toMatchObject({ id: 'r1', error: 'no model' })
  const text = (await get('/metrics')).body
  expect(text).toContain('\ninference_pool_per_pod_queue_size{name="pool-1",model_server_pod="e1"} 6\n')
  expect(text).toContain('\nsignalbox_endpoint_state_age_seconds{endpoint="e1"} 0.5\n')
  expect(text).toContain('\ninference_pool_ready_pods{name="pool-1"} 1\n')
})
