import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Exchange, type ExchangeServices } from './exchange.ts'
import { headFault, isSaneRequestId } from './request-head.ts'
import { modelPathPrefix, type Route, routeOf } from './routes.ts'

interface ServerLimits {
  readonly headBytesMax: number
  /** For a request's head to arrive. */
  readonly headTimeoutMs: number
  /** For a whole request to arrive. */
  readonly requestTimeoutMs: number
  /** How long a connection may stay idle between requests. */
  readonly keepAliveMs: number
  readonly connectionsMax: number
  /** After the grace of a drain: for the last errors to reach their clients. */
  readonly closeMs: number
}

export interface ServerOptions {
  readonly services: ExchangeServices
  readonly limits: ServerLimits
  readonly newRequestId: () => string
  /** Answered by /version. */
  readonly version: string
}

/** The data plane's HTTP server: guards, routes and the way out. */
export class DataPlane {
  readonly server: Server
  readonly #options: ServerOptions
  readonly #startedS: number
  #draining = false

  constructor(options: ServerOptions) {
    const { limits, services } = options
    this.#options = options
    this.#startedS = Math.floor(services.clock.nowMs() / 1000)
    this.server = createServer({
      maxHeaderSize: limits.headBytesMax,
      headersTimeout: limits.headTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      noDelay: true,
    })
    this.server.maxConnections = limits.connectionsMax
    this.server.on('request', (request, response) => this.#serve(request, response, false))
    this.server.on('checkContinue', (request, response) => this.#serve(request, response, true))
    // An expectation nobody knows may be ignored (RFC 9110 §10.1.1).
    this.server.on('checkExpectation', (request, response) => this.#serve(request, response, false))
    this.server.on('clientError', (error, socket) => this.#clientFailed(error, socket as Socket))
  }

  /**
   * Stops accepting, lets running answers finish for `graceMs`, then ends them: streams with an error event, others with
   * 503. Resolves when every connection is closed.
   */
  async drain(graceMs: number): Promise<void> {
    if (this.#draining) return
    this.#draining = true
    const { live } = this.#options.services
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    // A kept connection turns idle when its answer ends, and the server would wait for it.
    const sweep = setInterval(() => this.server.closeIdleConnections(), sweepMs)
    const expiry = setTimeout(() => {
      for (const exchange of live.list()) exchange.expire()
    }, graceMs)
    const closure = setTimeout(() => this.server.closeAllConnections(), graceMs + this.#options.limits.closeMs)
    await closed
    clearInterval(sweep)
    clearTimeout(expiry)
    clearTimeout(closure)
  }

  #serve(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const target = request.url ?? ''
    const query = target.indexOf('?')
    const path = query < 0 ? target : target.slice(0, query)
    const fault = headFault(target, request.rawHeaders)
    const route = fault === undefined ? routeOf(path) : undefined
    if (this.#draining) response.shouldKeepAlive = false
    if (route !== undefined && this.#answersItself(route, request, response, path)) return
    const given = request.headers['x-request-id']
    const id = typeof given === 'string' && isSaneRequestId(given) ? given : this.#options.newRequestId()
    const exchange = new Exchange(this.#options.services, { request, response, id, path })
    if (fault !== undefined) {
      response.shouldKeepAlive = false
      exchange.refuse({ code: 'malformed_request', message: fault, param: null })
    } else if (this.#draining) {
      exchange.refuse({ code: 'draining', message: 'the gateway is shutting down', param: null })
    } else if (route === undefined) {
      exchange.refuse({ code: 'unknown_path', message: `no such path: ${request.method} ${path}`, param: null })
    } else if (route.kind === 'administrative') {
      const message = `${path} administers a model server; call the model server itself`
      exchange.refuse({ code: 'administrative_path', message, param: null })
    } else if (!route.methods.includes(request.method ?? '')) {
      const message = `${path} does not take ${request.method}`
      exchange.refuse({ code: 'method_not_allowed', message, param: null }, ['allow', route.methods.join(', ')])
    } else exchange.begin(route, awaitsContinue)
  }

  /** True when the route is one of the gateway's own: such a request is no inference and enters no books. */
  #answersItself(route: Route, request: IncomingMessage, response: ServerResponse, path: string): boolean {
    if (!route.methods.includes(request.method ?? '')) return false
    switch (route.kind) {
      case 'health':
        send(response, this.#draining ? 503 : 200, undefined)
        return true
      case 'version':
        send(response, 200, { version: this.#options.version })
        return true
      case 'models':
        send(response, 200, { object: 'list', data: this.#options.services.scheduler.modelsServed().map((model) => this.#modelCard(model)) })
        return true
      case 'model':
        return this.#sendModel(response, path.slice(modelPathPrefix.length))
      case 'generate':
      case 'forward':
      case 'administrative':
        return false
    }
  }

  #sendModel(response: ServerResponse, encoded: string): boolean {
    const served = this.#options.services.scheduler.modelsServed()
    const model = served.find((candidate) => candidate === encoded || encodeURIComponent(candidate) === encoded)
    if (model === undefined) {
      const message = `the model '${encoded}' does not exist; models served: ${served.join(', ') || 'none'}`
      send(response, 404, { error: { message, type: 'not_found_error', param: 'model', code: 'model_not_found' } })
    } else send(response, 200, this.#modelCard(model))
    return true
  }

  #modelCard(id: string): object {
    return { id, object: 'model', created: this.#startedS, owned_by: 'signalbox' }
  }

  /** Bytes that are no HTTP, or too slow. Counted, so that totals add up; a connection that just ended is nobody's error. */
  #clientFailed(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    this.#options.services.metrics.clientError()
    // On a connection that has carried answers one may be under way: nothing can be written between its bytes.
    if (socket.bytesWritten === 0)
      socket.end(`HTTP/1.1 ${statusLines.get(error.code ?? '') ?? '400 Bad Request'}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    else socket.destroy()
  }
}

const sweepMs = 20

const statusLines: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

function send(response: ServerResponse, status: number, value: object | undefined): void {
  const body = value === undefined ? '' : JSON.stringify(value)
  response.writeHead(status, ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))])
  response.end(body)
}
