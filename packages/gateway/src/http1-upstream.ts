import { Buffer } from 'node:buffer'
import { Ring, Roster } from '@signalbox/base'
import type { EndpointSpec } from '@signalbox/scheduler'
import { type ConnectionPort, EngineConnection, failureWords, type Origin } from './engine-connection.ts'
import type { Upstream, UpstreamCall, UpstreamFailureCode, UpstreamHandler, UpstreamRequest } from './ports.ts'
import { requestHead, UpstreamExchange } from './upstream-exchange.ts'

export interface Http1UpstreamOptions {
  readonly connectTimeoutMs: number
  /** From the request sent to the head of the answer: an engine that does not stream answers only when it is done. */
  readonly headTimeoutMs: number
  /** Between two reads of an answer's body. */
  readonly idleTimeoutMs: number
  /** Connections to one endpoint; requests beyond them wait for one. */
  readonly connectionsMax: number
  /** Requests that may wait for a connection of one endpoint. */
  readonly waitingMax: number
  /** How long an idle connection is kept: shorter than the engine keeps it (uvicorn: 5 s), or requests meet closed sockets. */
  readonly keepAliveMs: number
  /** Longest head of an answer. */
  readonly headBytesMax: number
}

/** What one read takes at most. */
const readBytes = 64 * 1024
/** Timeouts are at most two ticks late, and never early. */
const tickMsMax = 250

/**
 * The `Upstream` over sockets of our own: one pool an endpoint, one request a connection at a time, the connection used last
 * is used next. One timer watches the deadlines of all connections.
 */
export class Http1Upstream implements Upstream {
  readonly #options: Http1UpstreamOptions
  readonly #readBuffer = Buffer.allocUnsafeSlow(readBytes)
  /** By endpoint URL. */
  readonly #pools = new Map<string, EndpointPool>()
  /** Pools of endpoints that have gone, while something runs there. */
  readonly #retired = new Set<EndpointPool>()
  readonly #tickMs: number
  #ticks = 0
  readonly #timer: NodeJS.Timeout

  constructor(options: Http1UpstreamOptions) {
    this.#options = options
    const shortestMs = Math.min(options.connectTimeoutMs, options.headTimeoutMs, options.idleTimeoutMs, options.keepAliveMs)
    this.#tickMs = Math.max(5, Math.min(tickMsMax, Math.floor(shortestMs / 4)))
    this.#timer = setInterval(() => this.#tick(), this.#tickMs)
    this.#timer.unref()
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const pool = this.#poolOf(request.endpoint)
    const head = requestHead(request, pool.host)
    const exchange = new UpstreamExchange(request, handler, head ?? '')
    if (head === undefined) failSoon(exchange, 'invalid-request', 'a character that HTTP does not allow')
    else pool.dispatch(exchange)
    return exchange
  }

  retain(endpoints: readonly EndpointSpec[]): void {
    const kept = new Set(endpoints.map((endpoint) => endpoint.url))
    for (const [url, pool] of this.#pools) {
      if (kept.has(url)) continue
      this.#pools.delete(url)
      pool.retire()
      if (pool.size > 0) this.#retired.add(pool)
    }
  }

  close(): Promise<void> {
    clearInterval(this.#timer)
    for (const pool of [...this.#pools.values(), ...this.#retired]) pool.destroy()
    this.#pools.clear()
    this.#retired.clear()
    return Promise.resolve()
  }

  #poolOf(endpoint: EndpointSpec): EndpointPool {
    const existing = this.#pools.get(endpoint.url)
    if (existing !== undefined) return existing
    const { connectTimeoutMs, headTimeoutMs, idleTimeoutMs, keepAliveMs, headBytesMax } = this.#options
    // A tick may be almost over when a deadline is set: one more, so that nothing is early. Keeping alive must not be late.
    const ticks = (ms: number): number => Math.ceil(ms / this.#tickMs) + 1
    const pool = new EndpointPool(endpoint.url, this.#options, {
      connectTicks: ticks(connectTimeoutMs),
      headTicks: ticks(headTimeoutMs),
      idleTicks: ticks(idleTimeoutMs),
      keepAliveTicks: Math.floor(keepAliveMs / this.#tickMs),
      ticksPerSecond: Math.floor(1000 / this.#tickMs),
      headBytesMax,
      readBuffer: this.#readBuffer,
      now: () => this.#ticks,
    })
    this.#pools.set(endpoint.url, pool)
    return pool
  }

  #tick(): void {
    this.#ticks += 1
    for (const pool of this.#pools.values()) pool.expire(this.#ticks)
    for (const pool of this.#retired) {
      pool.expire(this.#ticks)
      if (pool.size === 0) this.#retired.delete(pool)
    }
  }
}

/** The connections to one endpoint. */
class EndpointPool {
  /** The value of the `host` field. */
  readonly host: string
  readonly #origin: Origin
  readonly #connectionsMax: number
  readonly #port: ConnectionPort
  readonly #connections = new Roster<EngineConnection>()
  /** The one freed last is at the end. */
  readonly #idle: EngineConnection[] = []
  readonly #waitingMax: number
  /** Made when it is first needed: few pools ever have all connections busy. */
  #waiting: Ring<UpstreamExchange> | undefined
  #isRetired = false

  constructor(url: string, limits: Pick<Http1UpstreamOptions, 'connectionsMax' | 'waitingMax'>, port: Omit<ConnectionPort, 'freed' | 'closed'>) {
    const { host, hostname, port: portText, protocol } = new URL(url)
    const isTls = protocol === 'https:'
    this.host = host
    this.#origin = { host: hostname.replace(/^\[|\]$/g, ''), port: portText === '' ? (isTls ? 443 : 80) : Number(portText), isTls }
    this.#connectionsMax = limits.connectionsMax
    this.#waitingMax = limits.waitingMax
    this.#port = { ...port, freed: (connection) => this.#freed(connection), closed: (connection, lost) => this.#closed(connection, lost) }
  }

  /** Connections, idle ones included. */
  get size(): number {
    return this.#connections.size
  }

  dispatch(exchange: UpstreamExchange): void {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) {
        idle.send(exchange)
        return
      }
      idle.destroy()
    }
    if (this.#connections.size < this.#connectionsMax) {
      this.#connect(exchange)
      return
    }
    this.#waiting ??= new Ring(this.#waitingMax)
    if (!this.#waiting.push(exchange)) failSoon(exchange, 'refused', 'too many requests wait for a connection')
  }

  /** No new requests come; running ones end in their own time. */
  retire(): void {
    this.#isRetired = true
    for (const idle of this.#idle.splice(0)) idle.destroy()
  }

  destroy(): void {
    this.#isRetired = true
    for (let next = this.#nextWaiting(); next !== undefined; next = this.#nextWaiting()) failSoon(next, 'reset', 'the gateway closes')
    for (const connection of this.#connections.list()) connection.break('the gateway closes')
  }

  expire(nowTicks: number): void {
    for (const connection of this.#connections.list()) connection.expire(nowTicks)
  }

  #connect(exchange: UpstreamExchange): void {
    this.#connections.add(new EngineConnection(this.#origin, this.#port, exchange))
  }

  #freed(connection: EngineConnection): void {
    const next = this.#nextWaiting()
    if (next !== undefined) connection.send(next)
    else if (this.#isRetired) connection.destroy()
    else this.#idle.push(connection)
  }

  #closed(connection: EngineConnection, lost: UpstreamExchange | undefined): void {
    this.#connections.remove(connection)
    const place = this.#idle.indexOf(connection)
    if (place >= 0) this.#idle.splice(place, 1)
    const next = lost ?? this.#nextWaiting()
    if (next !== undefined) this.#connect(next)
  }

  #nextWaiting(): UpstreamExchange | undefined {
    for (let next = this.#waiting?.shift(); next !== undefined; next = this.#waiting?.shift()) {
      if (!next.aborted) return next
    }
    return undefined
  }
}

/** Callers rely on hearing nothing inside `send`. */
function failSoon(exchange: UpstreamExchange, code: UpstreamFailureCode, detail: string): void {
  queueMicrotask(() => {
    if (!exchange.aborted) exchange.handler.onFailure({ code, message: `${failureWords[code]} (${detail})` })
  })
}
