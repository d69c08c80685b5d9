import type { IncomingMessage, ServerResponse } from 'node:http'
import { badRequest, httpError, send, sendError, sendJson } from './api-error.ts'
import type { Exchange, Route } from './routes.ts'
import { serverInfo } from './server-info.ts'
import type { ServerState } from './server-state.ts'

/**
 * The paths that vLLM has in its development mode: sleep, caches, what the server is. They are always on. Answers are empty with
 * status 200 unless said otherwise. SOURCE: `reference/vllm.md` §3.1.
 */
export function lifecycleRoutes(state: ServerState): readonly Route[] {
  // An answer of vLLM's says nothing of whether the cache could be emptied: it could not while blocks are held.
  const reset = ({ response }: Exchange): void => {
    state.life.engine.resetPrefixCache()
    sendEmpty(response)
  }
  const nothingToReset = ({ response }: Exchange): void => sendEmpty(response)
  return [
    ['/sleep', { POST: (exchange) => sleep(state, exchange) }],
    ['/wake_up', { POST: (exchange) => wake(state, exchange) }],
    ['/is_sleeping', { GET: ({ response }) => sendJson(response, 200, JSON.stringify({ is_sleeping: state.life.isAsleep })) }],
    ['/reset_prefix_cache', { POST: reset }],
    ['/reset_mm_cache', { POST: nothingToReset }],
    ['/reset_encoder_cache', { POST: nothingToReset }],
    ['/server_info', { GET: (exchange) => answerServerInfo(state, exchange) }],
  ]
}

const WAKE_TAGS = ['weights', 'kv_cache'] as const

function sleep(state: ServerState, { request, response }: Exchange): void {
  const level = queryOf(request).get('level') ?? '1'
  if (level !== '1' && level !== '2') {
    sendError(response, badRequest(`level must be 1 or 2, not ${JSON.stringify(level)}`, 'level'))
  } else if (state.life.sleep(level === '1' ? 1 : 2)) sendEmpty(response)
  else sendError(response, httpError(409, 'requests or blocks that another engine is to fetch are here; sleep needs an engine without work'))
}

function wake(state: ServerState, { request, response }: Exchange): void {
  const tags = queryOf(request).getAll('tags')
  const known = WAKE_TAGS.filter((tag) => tags.includes(tag))
  const unknown = tags.find((tag) => !WAKE_TAGS.some((each) => each === tag))
  if (unknown !== undefined) {
    sendError(response, badRequest(`tags must be weights or kv_cache, not ${JSON.stringify(unknown)}`, 'tags'))
    return
  }
  state.life.wake(known.length === 0 ? WAKE_TAGS : known)
  sendEmpty(response)
}

function answerServerInfo(state: ServerState, { request, response }: Exchange): void {
  const format = queryOf(request).get('config_format') ?? 'text'
  const info = serverInfo(state)
  if (format === 'json') sendJson(response, 200, JSON.stringify({ vllm_config: info, simulated: true }))
  else if (format === 'text') sendJson(response, 200, JSON.stringify({ vllm_config: asText(info), simulated: true }))
  else sendError(response, badRequest(`config_format must be text or json, not ${JSON.stringify(format)}`, 'config_format'))
}

/** `name=value` of each part, in vLLM's manner. */
function asText(info: object): string {
  return Object.entries(info)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? '', 'http://engine').searchParams
}

function sendEmpty(response: ServerResponse): void {
  send(response, { status: 200, contentType: 'text/plain', body: '' })
}
