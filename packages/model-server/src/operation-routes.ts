import type { ServerResponse } from 'node:http'
import { failure, type Result } from '@signalbox/base'
import { contentTypeOf, negotiateFormat } from '@signalbox/exposition'
import { type ApiError, badRequest, httpError, send, sendError, sendJson } from './api-error.ts'
import type { JsonObject } from './body.ts'
import { type Exchange, type Route, withBody } from './routes.ts'
import { type ServerState, unixSeconds } from './server-state.ts'

/** The paths by which a server is operated. */
export function operationRoutes(state: ServerState): readonly Route[] {
  const post = (handler: (body: JsonObject, exchange: Exchange) => void) => ({ POST: withBody(state.bodyBytesMax, handler) })
  return [
    ['/v1/models', { GET: ({ response }) => sendValue(response, state.models.list()) }],
    ['/v1/load_lora_adapter', post((body, { response }) => sendText(response, loadAdapter(state, body)))],
    ['/v1/unload_lora_adapter', post((body, { response }) => sendText(response, state.models.unload(body)))],
    ['/health', { GET: ({ response }) => answerHealth(state, response) }],
    ['/ping', { GET: ({ response }) => answerHealth(state, response), POST: ({ response }) => answerHealth(state, response) }],
    ['/load', { GET: ({ response }) => sendValue(response, { server_load: state.generation.load.requests }) }],
    ['/version', { GET: ({ response }) => sendValue(response, { version: state.version }) }],
    ['/metrics', { GET: (exchange) => answerMetrics(state, exchange) }],
  ]
}

function loadAdapter(state: ServerState, body: JsonObject): Result<string, ApiError> {
  if (state.faults.meet('adapterLoadFails') !== undefined) return failure(badRequest('the adapter cannot be loaded: failed on purpose'))
  return state.models.load(body, unixSeconds(state.clock))
}

function answerHealth(state: ServerState, response: ServerResponse): void {
  if (state.faults.meet('unhealthy') !== undefined) sendError(response, httpError(503, 'unhealthy on purpose'))
  else send(response, { status: 200, contentType: 'text/plain', body: '' })
}

function answerMetrics(state: ServerState, exchange: Exchange): void {
  const delayMs = state.faults.meet('metricsDelayMs')
  if (delayMs === undefined) sendMetrics(state, exchange)
  else
    exchange.response.on(
      'close',
      state.timers.after(delayMs, () => sendMetrics(state, exchange)),
    )
}

function sendMetrics(state: ServerState, { request, response }: Exchange): void {
  const status = state.faults.meet('metricsStatus')
  if (status !== undefined) {
    sendError(response, httpError(status, 'failed on purpose'))
    return
  }
  const format = negotiateFormat(request.headers.accept)
  const body = state.faults.meet('metricsBody') ?? state.registry.render(format)
  send(response, { status: 200, contentType: contentTypeOf(format), body })
}

function sendValue(response: ServerResponse, value: object): void {
  sendJson(response, 200, JSON.stringify(value))
}

function sendText(response: ServerResponse, answer: Result<string, ApiError>): void {
  if (answer.ok) send(response, { status: 200, contentType: 'text/plain; charset=utf-8', body: answer.value })
  else sendError(response, answer.error)
}
