import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** A whole answer, before it is known how it travels. */
export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
}

const gzipped = promisify(gzip)

/** Smaller bodies do not gain from compression. */
const GZIP_BYTES_MIN = 1024

const COMPRESSIBLE = /^(text\/|application\/(json|javascript|openmetrics-text)|image\/svg)/

export function jsonReply(status: number, value: unknown): Reply {
  return { status, contentType: 'application/json', headers: { 'cache-control': 'no-store' }, body: JSON.stringify(value) }
}

export function textReply(status: number, text: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` }
}

/** Sends the reply: compressed where the client takes gzip and it pays, without a body to HEAD. */
export async function send(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  let body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body
  const headers: Record<string, string> = { ...reply.headers, 'content-type': reply.contentType, 'x-content-type-options': 'nosniff' }
  if (COMPRESSIBLE.test(reply.contentType)) {
    headers['vary'] = 'accept-encoding'
    if (body.length >= GZIP_BYTES_MIN && takesGzip(request.headers['accept-encoding'])) {
      body = await gzipped(body, { level: 1 })
      headers['content-encoding'] = 'gzip'
    }
  }
  if (response.destroyed) return
  if (reply.status !== 204) headers['content-length'] = String(body.length)
  response.writeHead(reply.status, headers)
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Whether an Accept-Encoding header allows gzip: named, or by `*`, and not with a quality of 0. SOURCE: RFC 9110 section 12.5.3. */
export function takesGzip(accepted: string | string[] | undefined): boolean {
  let any = false
  for (const part of String(accepted ?? '').split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const refused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    if (coding === 'gzip' || coding === 'x-gzip') return !refused
    if (coding === '*') any = !refused
  }
  return any
}
