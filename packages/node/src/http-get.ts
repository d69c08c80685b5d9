import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { failure, ok, type Result } from '@signalbox/base'

export interface HttpGetRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole exchange: connect, headers and body. */
  readonly timeoutMs: number
  /** Of the body, after decompression. */
  readonly bodyBytesMax: number
}

export interface HttpPage {
  readonly status: number
  /** '' without one. */
  readonly contentType: string
  readonly body: Uint8Array
}

export interface HttpGetError {
  readonly code: 'timeout' | 'unreachable' | 'too-large' | 'protocol'
  /** For people, without the address: `connection refused`. */
  readonly message: string
}

const SOCKETS_PER_HOST_MAX = 4

/** Connections idle for longer are closed by us rather than found closed by the other side. */
const IDLE_SOCKET_MS = 30_000

/**
 * Asks pages of other processes over kept connections. Whatever the other side does is a value: any status is an answer,
 * redirects are not followed, a gzip body is unpacked. A kept connection that turns out closed is replaced once.
 */
export class HttpClient {
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_PER_HOST_MAX, timeout: IDLE_SOCKET_MS })
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_PER_HOST_MAX, timeout: IDLE_SOCKET_MS })

  /** Bound, so that it can be handed over as a port. */
  readonly get = async (request: HttpGetRequest): Promise<Result<HttpPage, HttpGetError>> => {
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return failed('protocol', 'not an http address')
    const deadline = AbortSignal.timeout(request.timeoutMs)
    const first = await this.#exchange(url, request, deadline)
    if (first !== 'stale-connection') return first
    const second = await this.#exchange(url, request, deadline)
    return second === 'stale-connection' ? failed('unreachable', 'connection reset') : second
  }

  /** Closes all connections; exchanges under way fail. */
  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  #exchange(url: URL, request: HttpGetRequest, deadline: AbortSignal): Promise<Result<HttpPage, HttpGetError> | 'stale-connection'> {
    return new Promise((resolve) => {
      const secure = url.protocol === 'https:'
      const options = { agent: secure ? this.#https : this.#http, headers: request.headers ?? {}, signal: deadline }
      const outgoing = (secure ? httpsRequest : httpRequest)(url, options)
      const onError = (error: NodeJS.ErrnoException): void => {
        if (deadline.aborted) resolve(failed('timeout', `timed out after ${request.timeoutMs} ms`))
        else if (outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) resolve('stale-connection')
        else resolve(failure(explain(error)))
      }
      outgoing.on('error', onError)
      outgoing.on('response', (response) => {
        collect(response, request.bodyBytesMax).then((body) => {
          if (body.ok) resolve(ok({ status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', body: body.value }))
          else if (deadline.aborted) resolve(failed('timeout', `timed out after ${request.timeoutMs} ms`))
          else resolve(body)
        }, onError)
      })
      outgoing.end()
    })
  }
}

/** The whole body, unpacked. Never rejects for what arrives. */
function collect(response: IncomingMessage, bytesMax: number): Promise<Result<Uint8Array, HttpGetError>> {
  return new Promise((resolve) => {
    const source = unpacked(response)
    const chunks: Uint8Array[] = []
    let bytes = 0
    const give = (result: Result<Uint8Array, HttpGetError>): void => {
      if (!result.ok) {
        source.destroy()
        response.destroy()
      }
      resolve(result)
    }
    source.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > bytesMax) give(failed('too-large', `the body has more than ${bytesMax} bytes`))
      else chunks.push(chunk)
    })
    source.on('end', () => give(ok(Buffer.concat(chunks))))
    source.on('error', () => give(failed('protocol', source === response ? CUT_SHORT : 'the body is not valid gzip')))
    response.on('error', () => give(failed('protocol', CUT_SHORT)))
  })
}

const CUT_SHORT = 'the connection closed before the body was complete'

function unpacked(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.toLowerCase()
  return encoding === 'gzip' || encoding === 'x-gzip' ? response.pipe(createGunzip()) : response
}

function failed(code: HttpGetError['code'], message: string): { readonly ok: false; readonly error: HttpGetError } {
  return failure({ code, message })
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'connection timed out',
  ENOTFOUND: 'unknown host name',
  EAI_AGAIN: 'the host name cannot be resolved now',
}

function explain(error: NodeJS.ErrnoException): HttpGetError {
  const code = error.code ?? ''
  const known = UNREACHABLE[code]
  if (known !== undefined) return { code: 'unreachable', message: known }
  if (code.startsWith('HPE_')) return { code: 'protocol', message: `the answer is not HTTP (${code})` }
  return { code: 'unreachable', message: error.message }
}
