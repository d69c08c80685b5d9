import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { HttpClient } from '../src/index.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

async function urlOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/page`
}

function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  cleanups.push(() => server.closeAllConnections())
  return urlOf(server)
}

function client(): HttpClient {
  const created = new HttpClient()
  cleanups.push(() => created.close())
  return created
}

const limits = { timeoutMs: 30_000, bodyBytesMax: 1000 }

async function get(url: string, more: { timeoutMs?: number; headers?: Record<string, string> } = {}): Promise<unknown> {
  const answer = await client().get({ url, ...limits, ...more })
  return answer.ok ? { ...answer.value, body: new TextDecoder().decode(answer.value.body) } : answer.error
}

it('answers status, content type and body, whatever the status', async () => {
  const url = await serve((request, response) => {
    response.writeHead(503, { 'content-type': 'text/plain' }).end(`${request.method} ${String(request.headers['x-who'])}`)
  })
  expect(await get(url, { headers: { 'x-who': 'me' } })).toEqual({ status: 503, contentType: 'text/plain', body: 'GET me' })
})

it('unpacks gzip', async () => {
  const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello')))
  expect(await get(url)).toMatchObject({ status: 200, body: 'hello' })
})

it('keeps the connection for the next page', async () => {
  const ports = new Set<number | undefined>()
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort)
    response.end('x')
  })
  const kept = client()
  for (let i = 0; i < 3; i++) expect((await kept.get({ url, ...limits })).ok).toBe(true)
  expect(ports.size).toBe(1)
})

it('replaces a kept connection that was closed meanwhile', async () => {
  let requests = 0
  const url = await urlOf(
    createTcpServer((socket) => {
      let answered = false
      socket.on('error', () => {})
      socket.on('data', () => {
        requests += 1
        // The second request on the same connection finds it reset.
        if (answered) socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx')
        answered = true
      })
    }),
  )
  const kept = client()
  expect((await kept.get({ url, ...limits })).ok).toBe(true)
  expect((await kept.get({ url, ...limits })).ok).toBe(true)
  expect(requests).toBe(3)
})

it('says that nobody listens', async () => {
  const server = createTcpServer()
  const url = await urlOf(server)
  await new Promise((resolve) => server.close(resolve))
  expect(await get(url)).toEqual({ code: 'unreachable', message: 'connection refused' })
})

it('ends at the deadline, before the headers and within the body', async () => {
  const silent = await serve(() => {})
  expect(await get(silent, { timeoutMs: 50 })).toEqual({ code: 'timeout', message: 'timed out after 50 ms' })
  const slow = await serve((_, response) => response.write('half'))
  expect(await get(slow, { timeoutMs: 200 })).toEqual({ code: 'timeout', message: 'timed out after 200 ms' })
})

it('refuses a body over the limit, also one that is small while packed', async () => {
  const error = { code: 'too-large', message: 'the body has more than 1000 bytes' }
  expect(await get(await serve((_, response) => response.end('x'.repeat(1001))))).toEqual(error)
  const bomb = gzipSync('x'.repeat(100_000))
  expect(await get(await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)))).toEqual(error)
  expect(await get(await serve((_, response) => response.end('x'.repeat(1000))))).toMatchObject({ status: 200 })
})

it('tells a body cut short, a body that is no gzip and an answer that is no HTTP', async () => {
  const raw = (answer: string): Promise<string> =>
    urlOf(createTcpServer((socket: Socket) => void socket.on('error', () => {}).once('data', () => socket.end(answer))))
  expect(await get(await raw('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'))).toMatchObject({
    code: 'protocol',
    message: expect.stringContaining('before the body'),
  })
  expect(await get(await raw('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc'))).toMatchObject({
    code: 'protocol',
    message: 'the body is not valid gzip',
  })
  expect(await get(await raw('SSH-2.0-OpenSSH\r\n'))).toMatchObject({ code: 'protocol', message: expect.stringContaining('not HTTP') })
  expect(await get('ftp://host/page')).toEqual({ code: 'protocol', message: 'not an http address' })
})
