import type { Buffer } from 'node:buffer'
import type { EndpointSpec } from '@signalbox/scheduler'
import { type Dispatcher, Pool } from 'undici'
import type { Upstream, UpstreamCall, UpstreamFailure, UpstreamFailureCode, UpstreamHandler, UpstreamRequest } from './ports.ts'

export interface UndiciUpstreamOptions {
  readonly connectTimeoutMs: number
  /** From the request sent to the head of the answer: an engine that does not stream answers only when it is done. */
  readonly headTimeoutMs: number
  /** Between two reads of an answer's body. */
  readonly idleTimeoutMs: number
  /** Connections to one endpoint; requests beyond them wait for one. */
  readonly connectionsMax: number
  /** How long an idle connection is kept: shorter than the engine keeps it (uvicorn: 5 s), or requests meet closed sockets. */
  readonly keepAliveMs: number
}

/** The `Upstream` over undici's dispatcher: one pool an endpoint, one request a connection at a time. */
export class UndiciUpstream implements Upstream {
  readonly #options: UndiciUpstreamOptions
  /** By endpoint URL. */
  readonly #pools = new Map<string, Pool>()

  constructor(options: UndiciUpstreamOptions) {
    this.#options = options
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const call = new UndiciCall(handler)
    const options: Dispatcher.DispatchOptions = {
      method: request.method,
      path: request.target,
      headers: request.headers,
      body: request.body ?? null,
    }
    // undici reports a request it refuses to send from inside dispatch; callers rely on hearing nothing inside send.
    queueMicrotask(() => {
      if (!call.aborted) this.#poolOf(request.endpoint).dispatch(options, call)
    })
    return call
  }

  retain(endpoints: readonly EndpointSpec[]): void {
    const kept = new Set(endpoints.map((endpoint) => endpoint.url))
    for (const [url, pool] of this.#pools) {
      if (kept.has(url)) continue
      this.#pools.delete(url)
      // Running requests end in their own time; their outcome is their handlers'.
      void pool.close()
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }

  #poolOf(endpoint: EndpointSpec): Pool {
    const existing = this.#pools.get(endpoint.url)
    if (existing !== undefined) return existing
    const options = this.#options
    const pool = new Pool(endpoint.url, {
      connections: options.connectionsMax,
      connectTimeout: options.connectTimeoutMs,
      headersTimeout: options.headTimeoutMs,
      bodyTimeout: options.idleTimeoutMs,
      keepAliveTimeout: options.keepAliveMs,
      pipelining: 1,
    })
    this.#pools.set(endpoint.url, pool)
    return pool
  }
}

/** One request as undici sees it. */
class UndiciCall implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly #handler: UpstreamHandler
  #controller: Dispatcher.DispatchController | undefined
  aborted = false

  constructor(handler: UpstreamHandler) {
    this.#handler = handler
  }

  abort(): void {
    if (this.aborted) return
    this.aborted = true
    this.#controller?.abort(new Error('cancelled by the gateway'))
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // It was cancelled while the connection was being made.
    if (this.aborted) controller.abort(new Error('cancelled by the gateway'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.aborted || status < 200) return
    this.#handler.onHead(status, textOf(controller.rawHeaders))
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.aborted) this.#handler.onData(chunk)
  }

  onResponseEnd(): void {
    if (!this.aborted) this.#handler.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.aborted) this.#handler.onFailure(failureOf(error))
  }
}

function textOf(rawHeaders: Dispatcher.DispatchController['rawHeaders']): string[] {
  // Over HTTP/1.1 undici hands out names and values as buffers in turn.
  return Array.isArray(rawHeaders) ? rawHeaders.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))) : []
}

const failureCodes: ReadonlyMap<string, UpstreamFailureCode> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ENOTFOUND', 'unreachable'],
  ['EAI_AGAIN', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_SOCKET', 'reset'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'reset'],
  ['UND_ERR_DESTROYED', 'reset'],
  ['UND_ERR_CLOSED', 'reset'],
  ['UND_ERR_INVALID_ARG', 'invalid-request'],
  ['UND_ERR_NOT_SUPPORTED', 'invalid-request'],
])

const failureWords: Readonly<Record<UpstreamFailureCode, string>> = {
  refused: 'connection refused',
  unreachable: 'unreachable',
  reset: 'connection closed',
  timeout: 'timed out',
  protocol: 'malformed answer',
  'invalid-request': 'request cannot be sent',
}

function failureOf(error: Error & { code?: string }): UpstreamFailure {
  const code = failureCodes.get(error.code ?? '') ?? 'protocol'
  const detail = error.message === '' ? (error.code ?? error.name) : error.message
  return { code, message: `${failureWords[code]} (${detail})` }
}
