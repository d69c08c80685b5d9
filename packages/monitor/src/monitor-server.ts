import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { contentTypeOf, negotiateFormat } from '@signalbox/exposition'
import type { ConsoleApi } from './console-api.ts'
import { readForm } from './form.ts'
import type { MonitorMetrics } from './monitor-metrics.ts'
import type { Log } from './ports.ts'
import type { PrometheusApi } from './prometheus-api.ts'
import type { RemoteWriteReceiver } from './remote-write/remote-write-receiver.ts'
import { jsonReply, type Reply, send, textReply } from './reply.ts'
import type { StaticFiles } from './static-files.ts'

export interface MonitorRoutes {
  readonly prometheus: PrometheusApi
  readonly remoteWrite: RemoteWriteReceiver
  readonly console: ConsoleApi
  readonly files: StaticFiles
  readonly metrics: MonitorMetrics
  /** Why the monitor is not ready, undefined when it is. */
  readonly notReady: () => string | undefined
  readonly log: Log
}

const API = '/api/v1/'
const WRITE = '/api/v1/write'
const CONSOLE = '/api/console/'

/** Browsers, dashboards and scrapers together; further connections are closed. */
const CONNECTIONS_MAX = 1_000

/** For a request to arrive whole; its answer may take longer. */
const REQUEST_TIMEOUT_MS = 30_000

/** Most stores are open again by then. */
const RETRY_AFTER_SECONDS = '2'

/** The monitor's one listener: queries, the console and its data, health, own metrics. */
export function createMonitorServer(routes: MonitorRoutes): Server {
  const server = createServer((request, response) => {
    serve(routes, request, response).catch((error: unknown) => {
      routes.log('error', 'request broke', { path: request.url, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    })
  })
  server.maxConnections = CONNECTIONS_MAX
  server.requestTimeout = REQUEST_TIMEOUT_MS
  return server
}

async function serve(routes: MonitorRoutes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const base = 'http://monitor'
  const target = request.url ?? '/'
  if (!URL.canParse(target, base)) return send(request, response, textReply(400, 'bad request target'))
  const address = new URL(target, base)
  await send(request, response, await route(routes, { request, response, address }))
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly address: URL
}

async function route(routes: MonitorRoutes, exchange: Exchange): Promise<Reply> {
  const { request, address } = exchange
  const { pathname } = address
  if (pathname === WRITE) return request.method === 'POST' ? routes.remoteWrite.handle(request) : notAllowed(['POST'])
  if (pathname.startsWith(API)) return prometheus(routes, exchange)
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed(['GET', 'HEAD'])
  if (pathname.startsWith(CONSOLE)) {
    return (
      (await routes.console.handle(pathname.slice(CONSOLE.length), address.searchParams)) ?? jsonReply(404, { error: { message: 'no such view' } })
    )
  }
  switch (pathname) {
    case '/-/healthy':
      return textReply(200, 'Signalbox monitor is healthy.')
    case '/-/ready': {
      const reason = routes.notReady()
      return reason === undefined ? textReply(200, 'Signalbox monitor is ready.') : textReply(503, `Signalbox monitor is not ready: ${reason}.`)
    }
    case '/metrics': {
      const format = negotiateFormat(request.headers.accept)
      return { status: 200, contentType: contentTypeOf(format), body: routes.metrics.render(format) }
    }
    default:
      return (pathname.startsWith('/api/') ? undefined : await routes.files.handle(pathname)) ?? textReply(404, '404 page not found')
  }
}

async function prometheus(routes: MonitorRoutes, { request, response, address }: Exchange): Promise<Reply> {
  const route = routes.prometheus.route(address.pathname.slice(API.length))
  if (route === undefined) return textReply(404, '404 page not found')
  const { method } = request
  if (method === 'OPTIONS') return preflight(route.methods)
  if (!route.methods.some((allowed) => allowed === method)) return notAllowed(route.methods)
  const form = await readForm(request, address)
  if (!form.ok) return jsonReply(form.error.status, { status: 'error', errorType: 'bad_data', error: form.error.message })
  const left = new AbortController()
  response.on('close', () => left.abort())
  const reply = await route.answer(form.value, left.signal)
  // The store starts, or too much is asked of it at once.
  return reply.status === 503 ? { ...reply, headers: { ...reply.headers, 'retry-after': RETRY_AFTER_SECONDS } } : reply
}

function notAllowed(methods: readonly string[]): Reply {
  return { ...textReply(405, 'method not allowed'), headers: { allow: methods.join(', ') } }
}

/** What a browser asks before a page of another site may ask. SOURCE: Prometheus util/httputil/cors.go. */
function preflight(methods: readonly string[]): Reply {
  const headers = {
    allow: methods.join(', '),
    'access-control-allow-origin': '*',
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
  }
  return { status: 204, contentType: 'text/plain', headers, body: '' }
}
