import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { HttpClient, openServedMetrics, type ServedMetrics, systemClock } from '../src/index.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server that answers by path, with 404 for others. */
async function serve(pages: Readonly<Record<string, string | Answer>>): Promise<string> {
  const server = createServer((request, response) => {
    const page = pages[(request.url ?? '').replace(/\?.*/, '')]
    if (page === undefined) response.writeHead(404).end('not here')
    else if (typeof page === 'string') response.end(page)
    else page(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function open(url: string, bearerToken?: string): ReturnType<typeof openServedMetrics> {
  const client = new HttpClient()
  cleanups.push(() => client.close())
  return openServedMetrics(url, { get: client.get, clock: systemClock, timeoutMs: 30_000, ...(bearerToken === undefined ? {} : { bearerToken }) })
}

async function opened(url: string, bearerToken?: string): Promise<ServedMetrics> {
  const served = await open(url, bearerToken)
  if (!served.ok) throw new Error(served.error)
  return served.value
}

const PAGE = `# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="a",engine="0"} 1
vllm:num_requests_running{model_name="b",engine="0"} 0
up 1
`

const API: Readonly<Record<string, Answer>> = {
  '/api/v1/label/__name__/values': (_, response) => response.end('{"status":"success","data":["up","vllm:num_requests_running"]}'),
  '/api/v1/query': (request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? ''
    const result = query === 'count(last_over_time(up{job="engine"}[3600s]))' ? [{ metric: {}, value: [0, '1'] }] : []
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
  },
}

describe('a page of metrics', () => {
  it.each(['', '/', '/metrics'])('is found by the address of the process with %j behind it', async (path) => {
    const served = await opened(`${await serve({ '/metrics': PAGE })}${path}`)
    expect(served.kind).toBe('page')
    expect([...served.names()]).toEqual(['vllm:num_requests_running', 'up'])
  })

  it('is found at an address of its own', async () => {
    expect([...(await opened(`${await serve({ '/federate': PAGE })}/federate`)).names()]).toContain('up')
  })

  it.each([
    ['=', 'a', true],
    ['=', 'c', false],
    ['!=', 'a', true],
    ['=~', 'b|c', true],
    ['=~', '', false],
    ['=~', 'A', false],
    ['!~', 'a|b', false],
    ['!~', 'a', true],
    ['=~', '(', false],
    ['!~', '(', false],
  ] as const)('has a series with model_name %s %j: %s', async (operator, value, expected) => {
    const served = await opened(await serve({ '/metrics': PAGE }))
    const matchers = [{ name: 'model_name', operator, value }]
    expect(await served.has({ name: 'vllm:num_requests_running', matchers })).toBe(expected)
    expect(await served.has({ name: 'up', matchers: [] })).toBe(true)
    expect(await served.has({ name: 'down', matchers: [] })).toBe(false)
  })
})

describe('a Prometheus', () => {
  it('is known by its HTTP API, below a path too, and tells the names of the last hour', async () => {
    let asked = ''
    const names: Answer = (request, response) => {
      asked = request.url ?? ''
      response.end('{"status":"success","data":["up"]}')
    }
    const url = await serve({ '/prom/api/v1/label/__name__/values': names })
    const served = await opened(`${url}/prom/`)
    expect([served.kind, ...served.names()]).toEqual(['prometheus', 'up'])
    const start = Number(new URL(asked, url).searchParams.get('start'))
    expect(Math.abs(Date.now() / 1_000 - 3_600 - start)).toBeLessThan(600)
  })

  it('is asked for a series with labels, and not for a name that it has none of', async () => {
    const served = await opened(await serve(API))
    const job = (value: string) => [{ name: 'job', operator: '=', value }] as const
    expect(await served.has({ name: 'up', matchers: job('engine') })).toBe(true)
    expect(await served.has({ name: 'up', matchers: job('gateway') })).toBe(false)
    expect(await served.has({ name: 'down', matchers: job('engine') })).toBe(false)
    expect(await served.has({ name: 'up', matchers: [] })).toBe(true)
  })

  it('that answers no more is an exception that names the cause', async () => {
    const served = await opened(await serve({ ...API, '/api/v1/query': (_, response) => response.writeHead(503).end('{}') }))
    await expect(served.has({ name: 'up', matchers: [{ name: 'a', operator: '=', value: 'b' }] })).rejects.toThrow('HTTP 503')
  })
})

describe('an address that serves no metrics', () => {
  it('is refused with the cause', async () => {
    const url = await serve({ '/': '<html></html>' })
    expect(await open(url)).toEqual({ ok: false, error: `${url}: neither the HTTP API of a Prometheus nor a page of metrics` })
    expect(await open('gpu1:8000')).toEqual({ ok: false, error: 'gpu1:8000: expected an address such as http://prometheus:9090' })
    expect(await open('http://127.0.0.1:1')).toMatchObject({ ok: false, error: expect.stringContaining('connection refused') })
  })

  it('is refused when it is one page of nothing', async () => {
    expect(await open(await serve({ '/metrics': '' }))).toMatchObject({ ok: false })
  })
})

it('sends the token, and says when one is asked for', async () => {
  const page: Answer = (request, response) => {
    if (request.headers.authorization === 'Bearer right') response.end(PAGE)
    else response.writeHead(request.headers.authorization === undefined ? 401 : 403).end()
  }
  const url = await serve({ '/metrics': page })
  expect(await open(url)).toEqual({ ok: false, error: `${url}/metrics: HTTP 401, it asks for a bearer token` })
  expect(await open(url, 'wrong')).toEqual({ ok: false, error: `${url}/metrics: HTTP 403, the token is not allowed to read it` })
  expect((await opened(url, 'right')).kind).toBe('page')
})
