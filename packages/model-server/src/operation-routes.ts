import type { ServerResponse } from 'node:http'
import type { Result } from '@signalbox/base'
import { contentTypeOf, negotiateFormat } from '@signalbox/exposition'
import { type ApiError, badRequest, httpError, send, sendError, sendJson } from './api-error.ts'
import type { JsonObject } from './body.ts'
import { type Faults, parseFaults } from './faults.ts'
import { type Exchange, type Route, withBody } from './routes.ts'
import { type ServerState, unixSeconds } from './server-state.ts'

/** Where faults are read and set; it answers even where every other path is refused on purpose. */
export const FAULTS_PATH = '/simulator/faults'

/** The paths by which a server is operated. */
export function operationRoutes(state: ServerState, setFaults: (faults: Faults) => void): readonly Route[] {
  const post = (handler: (body: JsonObject, exchange: Exchange) => void) => ({ POST: withBody(state.bodyBytesMax, handler) })
  return [
    ['/v1/models', { GET: ({ response }) => sendValue(response, state.models.list()) }],
    ['/v1/load_lora_adapter', post((body, { response }) => sendText(response, state.models.load(body, unixSeconds(state.clock))))],
    ['/v1/unload_lora_adapter', post((body, { response }) => sendText(response, state.models.unload(body)))],
    ['/health', { GET: ({ response }) => answerHealth(state, response) }],
    ['/version', { GET: ({ response }) => sendValue(response, { version: state.version }) }],
    ['/metrics', { GET: (exchange) => answerMetrics(state, exchange) }],
    ['/simulator/events', { GET: ({ response }) => answerEvents(state, response) }],
    [
      FAULTS_PATH,
      {
        GET: ({ response }) => sendValue(response, state.faults.faults),
        ...post((body, { response }) => {
          const faults = parseFaults(body)
          if (faults.ok) setFaults(faults.value)
          if (faults.ok) sendValue(response, state.faults.faults)
          else sendError(response, badRequest(faults.error))
        }),
      },
    ],
  ]
}

function answerHealth(state: ServerState, response: ServerResponse): void {
  if (state.faults.faults.unhealthy === true) sendError(response, httpError(503, 'unhealthy on purpose'))
  else send(response, { status: 200, contentType: 'text/plain', body: '' })
}

function answerEvents({ events }: ServerState, response: ServerResponse): void {
  if (events === undefined) sendError(response, httpError(404, 'this server publishes no KV-cache events'))
  else sendValue(response, events.state)
}

function answerMetrics(state: ServerState, { request, response }: Exchange): void {
  const format = negotiateFormat(request.headers.accept)
  const body = state.faults.faults.metricsBody ?? state.registry.render(format)
  send(response, { status: 200, contentType: contentTypeOf(format), body })
}

function sendValue(response: ServerResponse, value: object): void {
  sendJson(response, 200, JSON.stringify(value))
}

function sendText(response: ServerResponse, answer: Result<string, ApiError>): void {
  if (answer.ok) send(response, { status: 200, contentType: 'text/plain; charset=utf-8', body: answer.value })
  else sendError(response, answer.error)
}
