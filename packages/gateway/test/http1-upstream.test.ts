import { Buffer } from 'node:buffer'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Http1Upstream, type Http1UpstreamOptions } from '../src/http1-upstream.ts'
import type { UpstreamCall, UpstreamFailure, UpstreamHandler } from '../src/ports.ts'

/** An engine of bare sockets: what it answers is written by the test, byte for byte. */
class RawEngine {
  readonly sockets: Socket[] = []
  readonly #server: Server
  readonly #arrived: { socket: Socket; text: string }[] = []
  #wanted: ((arrival: { socket: Socket; text: string }) => void)[] = []

  constructor() {
    this.#server = createServer((socket) => {
      this.sockets.push(socket)
      socket.setEncoding('latin1')
      let text = ''
      socket.on('error', () => undefined)
      socket.on('data', (data) => {
        text += String(data)
        const end = text.indexOf('\r\n\r\n')
        if (end < 0 || text.length < end + 4 + Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0)) return
        const arrival = { socket, text }
        text = ''
        const waiter = this.#wanted.shift()
        if (waiter === undefined) this.#arrived.push(arrival)
        else waiter(arrival)
      })
    })
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next whole request. */
  next(): Promise<{ socket: Socket; text: string }> {
    const arrival = this.#arrived.shift()
    return arrival === undefined ? new Promise((resolve) => this.#wanted.push(resolve)) : Promise.resolve(arrival)
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.sockets) socket.destroy()
    await closed
  }
}

/** Keeps what it hears, in order. */
class Listener implements UpstreamHandler {
  readonly heard: string[] = []
  status = 0
  headers: readonly string[] = []
  body = ''
  failure: UpstreamFailure | undefined
  onDataHook: (() => void) | undefined
  readonly ended: Promise<void>
  #end: () => void = () => undefined

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  onHead(status: number, headers: readonly string[]): void {
    this.heard.push('head')
    this.status = status
    this.headers = headers
  }

  onData(chunk: Buffer): void {
    this.heard.push('data')
    this.body += chunk.toString('latin1')
    this.onDataHook?.()
  }

  onEnd(): void {
    this.heard.push('end')
    this.#end()
  }

  onFailure(failure: UpstreamFailure): void {
    this.heard.push('failure')
    this.failure = failure
    this.#end()
  }
}

const limits: Http1UpstreamOptions = {
  connectTimeoutMs: 5_000,
  headTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  connectionsMax: 8,
  waitingMax: 8,
  keepAliveMs: 30_000,
  headBytesMax: 4096,
}
const okBytes = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const chunkedHead = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

let engine: RawEngine
let url: string
let upstream: Http1Upstream

function use(options: Partial<Http1UpstreamOptions>): void {
  upstream = new Http1Upstream({ ...limits, ...options })
}

function send(request: { target?: string; method?: string; headers?: string[]; body?: string; url?: string } = {}): {
  listener: Listener
  call: UpstreamCall
} {
  const listener = new Listener()
  const endpoint = { id: 'e', url: request.url ?? url, simulated: false }
  const body = request.body === undefined ? undefined : Buffer.from(request.body)
  const call = upstream.send(
    { endpoint, method: request.method ?? 'POST', target: request.target ?? '/v1/x', headers: request.headers ?? ['a', 'b'], body },
    listener,
  )
  expect(listener.heard).toEqual([])
  return { listener, call }
}

/** A request answered in full; answers the socket that carried it. */
async function exchanged(answer = okBytes): Promise<Socket> {
  const { listener } = send()
  const { socket } = await engine.next()
  socket.write(answer)
  await listener.ended
  expect(listener.heard.at(-1)).toBe('end')
  return socket
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())))

beforeEach(async () => {
  engine = new RawEngine()
  url = await engine.start()
  use({})
})

afterEach(async () => {
  await upstream.close()
  await engine.stop()
})

describe('a request', () => {
  it('is written as it was given, with host and length', async () => {
    const { listener } = send({ target: '/v1/x?q=1', headers: ['X-One', 'é', 'x-one', 'two'], body: '{"a":1}' })
    const { socket, text } = await engine.next()
    expect(text).toBe(`POST /v1/x?q=1 HTTP/1.1\r\nhost: ${url.slice(7)}\r\nX-One: é\r\nx-one: two\r\ncontent-length: 7\r\n\r\n{"a":1}`)
    socket.write(okBytes)
    await listener.ended
    expect(listener).toMatchObject({ status: 200, body: 'ok', heard: ['head', 'data', 'end'] })
  })

  it('arrives whole when it is too large for one write', async () => {
    const body = 'é'.repeat(200_000)
    const { listener } = send({ body })
    const { socket, text } = await engine.next()
    expect(Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1').toString()).toBe(body)
    socket.write(okBytes)
    await listener.ended
  })

  it('without a body says so where its method leads to expect one', async () => {
    send()
    expect((await engine.next()).text).toContain('content-length: 0\r\n')
    send({ method: 'GET' })
    expect((await engine.next()).text).not.toContain('content-length')
  })

  it.each([
    ['target', { target: '/v1/x HTTP/1.1\r\nevil: 1' }],
    ['target', { target: '/v1/\u0100' }],
    ['field', { headers: ['a', 'b\r\nevil: 1'] }],
    ['name', { headers: ['a:', 'b'] }],
    ['method', { method: 'GET /' }],
  ])('whose %s would be another message is not sent', async (_, request) => {
    const { listener } = send(request)
    await listener.ended
    expect(listener.failure?.code).toBe('invalid-request')
    expect(engine.sockets).toEqual([])
  })
})

describe('a connection', () => {
  it('carries one request after the other, the one used last first', async () => {
    const first = send()
    const second = send()
    const arrivals = [await engine.next(), await engine.next()]
    for (const { socket } of arrivals) socket.write(okBytes)
    await Promise.all([first.listener.ended, second.listener.ended])
    const last = await exchanged()
    expect(await exchanged()).toBe(last)
    expect(engine.sockets.length).toBe(2)
  })

  it.each(['connection: close\r\n', 'keep-alive: timeout=1\r\n'])('is not used again after %j', async (field) => {
    const socket = await exchanged(`HTTP/1.1 200 OK\r\n${field}content-length: 0\r\n\r\n`)
    await closed(socket)
    expect(await exchanged()).not.toBe(socket)
  })

  it('that was closed before any byte of the answer is replaced by a fresh one, once', async () => {
    const reused = await exchanged()
    const { listener } = send()
    expect((await engine.next()).socket).toBe(reused)
    reused.destroy()
    const again = await engine.next()
    expect(again.socket).not.toBe(reused)
    again.socket.destroy()
    await listener.ended
    expect(listener.failure?.code).toBe('reset')
    expect(engine.sockets.length).toBe(2)
  })

  it('that breaks after a byte of the answer fails its request', async () => {
    const reused = await exchanged()
    const { listener } = send()
    await engine.next()
    reused.end('HTTP/1.1 200 OK\r\n')
    await listener.ended
    expect(listener.failure?.code).toBe('reset')
    expect(engine.sockets.length).toBe(1)
  })

  it('that speaks unasked is closed', async () => {
    const socket = await exchanged()
    socket.write(okBytes)
    await closed(socket)
    expect(await exchanged()).not.toBe(socket)
  })

  it('is closed when it was idle for its time', async () => {
    await upstream.close()
    use({ keepAliveMs: 40 })
    await closed(await exchanged())
  })

  it('is shared by those who wait when there are no more, in order, without those who have left', async () => {
    use({ connectionsMax: 1, waitingMax: 3 })
    const first = send({ target: '/1' })
    const left = send({ target: '/2' })
    const third = send({ target: '/3' })
    const fourth = send({ target: '/4' })
    const refused = send({ target: '/5' })
    left.call.abort()
    await refused.listener.ended
    expect(refused.listener.failure?.code).toBe('refused')
    for (const { path, listener } of [
      { path: '/1', listener: first.listener },
      { path: '/3', listener: third.listener },
      { path: '/4', listener: fourth.listener },
    ]) {
      const { socket, text } = await engine.next()
      expect(text).toContain(`POST ${path} `)
      socket.write(okBytes)
      await listener.ended
    }
    expect(left.listener.heard).toEqual([])
    expect(engine.sockets.length).toBe(1)
  })

  it('of an endpoint that has gone finishes what it carries', async () => {
    const idle = await exchanged()
    const { listener } = send()
    const { socket } = await engine.next()
    const other = send()
    const second = await engine.next()
    second.socket.write(okBytes)
    await other.listener.ended
    upstream.retain([])
    await closed(second.socket)
    expect(socket).toBe(idle)
    socket.write(okBytes)
    await listener.ended
    expect(listener.body).toBe('ok')
    await closed(socket)
  })
})

describe('an answer', () => {
  it('that comes in several chunks of one read is heard as one piece', async () => {
    const { listener } = send()
    const { socket } = await engine.next()
    socket.write(`${chunkedHead}1\r\na\r\n2\r\nbc\r\n0\r\n\r\n`)
    await listener.ended
    expect(listener).toMatchObject({ body: 'abc', heard: ['head', 'data', 'end'] })
  })

  it('without a length ends with its connection', async () => {
    const { listener } = send()
    const { socket } = await engine.next()
    socket.end('HTTP/1.1 200 OK\r\n\r\nabc')
    await listener.ended
    expect(listener).toMatchObject({ body: 'abc', failure: undefined })
  })

  it.each([
    ['cut short', 'reset', `${chunkedHead}5\r\nab`],
    ['malformed', 'protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['with a head that is too long', 'protocol', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(5000)}\r\n\r\n`],
  ])('%s is a failure (%s)', async (_, code, bytes) => {
    const { listener } = send()
    const { socket } = await engine.next()
    socket.end(bytes)
    await listener.ended
    expect(listener.failure?.code).toBe(code)
    expect(listener.heard.filter((each) => each === 'failure' || each === 'end')).toEqual(['failure'])
  })

  it('that is paused waits with its data and its end until it is resumed', async () => {
    const { call, listener } = send()
    const { socket } = await engine.next()
    const paused = new Promise<void>((resolve) => {
      listener.onDataHook = () => {
        call.pause()
        listener.onDataHook = undefined
        resolve()
      }
    })
    socket.write(`${chunkedHead}1\r\na\r\n0\r\n\r\n`)
    await paused
    // Time for an end that would come too early.
    await exchanged()
    expect(listener.heard).toEqual(['head', 'data'])
    call.resume()
    await listener.ended
    expect(listener).toMatchObject({ body: 'a', heard: ['head', 'data', 'end'] })
    call.abort()
    expect(await exchanged()).toBe(socket)
  })

  it('that is cancelled closes its connection without another word', async () => {
    const { call, listener } = send()
    const { socket } = await engine.next()
    listener.onDataHook = () => call.abort()
    socket.write(`${chunkedHead}1\r\na\r\n0\r\n\r\n`)
    await closed(socket)
    expect(listener.heard).toEqual(['head', 'data'])
  })
})

describe('in vain', () => {
  it('is a connection to where nobody listens', async () => {
    const gone = new RawEngine()
    const nowhere = await gone.start()
    await gone.stop()
    const { listener } = send({ url: nowhere })
    await listener.ended
    expect(listener.failure).toMatchObject({ code: 'refused', message: expect.stringContaining('connection refused') })
  })

  it('is TLS with an engine that does not speak it', async () => {
    const { listener } = send({ url: url.replace('http', 'https') })
    await new Promise((resolve) => setImmediate(resolve))
    while (engine.sockets.length === 0) await new Promise((resolve) => setImmediate(resolve))
    engine.sockets[0]?.end(okBytes)
    await listener.ended
    expect(listener.failure?.code).toBe('protocol')
  })

  it.each([
    ['the head', { headTimeoutMs: 40 }, ''],
    ['the rest', { idleTimeoutMs: 40 }, `${chunkedHead}1\r\na\r\n`],
  ])('is waiting for %s longer than its time', async (_, options, bytes) => {
    await upstream.close()
    use(options)
    const { listener } = send()
    const { socket } = await engine.next()
    socket.write(bytes)
    await listener.ended
    expect(listener.failure).toMatchObject({ code: 'timeout', message: expect.stringContaining('timed out') })
    await closed(socket)
  })

  it('is what still runs when the upstream closes', async () => {
    use({ connectionsMax: 1 })
    const running = send()
    const waiting = send()
    await engine.next()
    await upstream.close()
    await Promise.all([running.listener.ended, waiting.listener.ended])
    expect([running, waiting].map(({ listener }) => listener.failure?.code)).toEqual(['reset', 'reset'])
  })
})
