import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock } from '@signalbox/base'
import { contentTypeOf, type ExpositionFormat, negotiateFormat } from '@signalbox/exposition'
import type { DecisionFilter, DecisionSummary, DecisionView, EndpointView } from '@signalbox/scheduler'
import { parseDecisionQuery } from './decision-query.ts'

export interface AdminServerOptions {
  readonly metrics: { render(format: ExpositionFormat): string }
  readonly scheduler: { endpoints(): readonly EndpointView[]; modelsServed(): readonly string[] }
  readonly log: {
    readonly bytes: number
    readonly bytesMax: number
    list(filter: DecisionFilter): readonly DecisionSummary[]
    get(id: string): DecisionView | undefined
  }
  readonly clock: Clock
  /** Wanted as `Authorization: Bearer ...` for everything but `/healthz`. */
  readonly token?: string | undefined
  /** The pool's name. */
  readonly pool: string
  /** The policy's name. */
  readonly policy: string
}

const PATHS = ['/metrics', '/healthz', '/debug/endpoints', '/debug/decisions', '/debug/decisions/<request id>']

/** Longer than the usual scrape interval, so that scrapers find their connection open. */
const KEEP_ALIVE_MS = 75_000
const REQUEST_TIMEOUT_MS = 30_000
/** Below this a packed body saves less than its header costs. */
const GZIP_BYTES_MIN = 1400

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The gateway's second listener: metrics, health and the debug API, for people and for the monitor. Reads only; not yet listening. */
export function createAdminServer(options: AdminServerOptions): Server {
  const isAllowed = tokenCheck(options.token)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    send(request, response, answerTo(request, options, isAllowed)).catch(() => response.destroy())
  })
  return server
}

function answerTo(request: IncomingMessage, options: AdminServerOptions, isAllowed: (request: IncomingMessage) => boolean): Answer {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  const isKnown = PATHS.includes(path) || path.startsWith('/debug/decisions/')
  if (!isKnown) return errorAnswer(404, `no such path; there are ${PATHS.join(', ')}`)
  if (request.method !== 'GET' && request.method !== 'HEAD') return { ...errorAnswer(405, 'only GET and HEAD'), headers: { allow: 'GET, HEAD' } }
  if (path === '/healthz') return { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok' }
  if (!isAllowed(request)) {
    return { ...errorAnswer(401, 'a bearer token is wanted'), headers: { 'www-authenticate': 'Bearer realm="signalbox"' } }
  }
  try {
    return route(request, options, { path, query })
  } catch (error) {
    // A broken page must not take the data plane down with it.
    return errorAnswer(500, `internal error: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function route(request: IncomingMessage, options: AdminServerOptions, target: { path: string; query: string }): Answer {
  if (target.path === '/metrics') {
    const format = negotiateFormat(request.headers.accept)
    return { status: 200, contentType: contentTypeOf(format), body: options.metrics.render(format), headers: { vary: 'accept, accept-encoding' } }
  }
  if (target.path === '/debug/endpoints') return endpoints(options)
  if (target.path === '/debug/decisions') return decisions(options, target.query)
  return decision(options, target.path.slice('/debug/decisions/'.length))
}

function endpoints({ scheduler, clock, pool, policy }: AdminServerOptions): Answer {
  return jsonAnswer({ nowMs: clock.nowMs(), pool, policy, models: scheduler.modelsServed(), endpoints: scheduler.endpoints() })
}

function decisions({ log, clock }: AdminServerOptions, query: string): Answer {
  const parsed = parseDecisionQuery(new URLSearchParams(query))
  if (!parsed.ok) return errorAnswer(400, parsed.error)
  return jsonAnswer({ nowMs: clock.nowMs(), bytes: log.bytes, bytesMax: log.bytesMax, decisions: log.list(parsed.value) })
}

function decision({ log }: AdminServerOptions, encodedId: string): Answer {
  let id: string
  try {
    id = decodeURIComponent(encodedId)
  } catch {
    return errorAnswer(400, 'the request id is not well encoded')
  }
  const view = log.get(id)
  return view === undefined ? errorAnswer(404, `no decision ${JSON.stringify(id)}; it may have been overwritten by newer ones`) : jsonAnswer(view)
}

function jsonAnswer(value: unknown): Answer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) }
}

function errorAnswer(status: number, message: string): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify({ error: { message } }) }
}

const pack = promisify(gzip)

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const plain = Buffer.from(answer.body)
  const isPacked = plain.length >= GZIP_BYTES_MIN && acceptsGzip(request.headers['accept-encoding'])
  const body = isPacked ? await pack(plain, { level: 1 }) : plain
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    ...answer.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((coding) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding))
}

/** Compares digests, so that neither the token's length nor its first bytes show in the time it takes. */
function tokenCheck(token: string | undefined): (request: IncomingMessage) => boolean {
  if (token === undefined) return () => true
  const wanted = digest(token)
  return (request) => {
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    return given !== undefined && timingSafeEqual(digest(given), wanted)
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
