import { randomUUID } from 'node:crypto'
import type { Result } from '@signalbox/base'
import { type AnswerShape, chatShape, textShape } from './answer-shape.ts'
import { type ApiError, badRequest, httpError, sendError, sendJson } from './api-error.ts'
import type { JsonObject } from './body.ts'
import { embed } from './embeddings.ts'
import { Generation } from './generation.ts'
import { type GenerationRequest, parseChatRequest, parseTextRequest } from './generation-request.ts'
import { type Exchange, type Route, withBody } from './routes.ts'
import { type ServerState, unixSeconds } from './server-state.ts'

/** The paths that work with prompts. */
export function generationRoutes(state: ServerState): readonly Route[] {
  const post = (handler: (body: JsonObject, exchange: Exchange) => void) => ({ POST: withBody(state.bodyBytesMax, handler) })
  const generating = (shape: AnswerShape, parse: (body: JsonObject) => Result<GenerationRequest, ApiError>) =>
    post((body, exchange) => generate(state, exchange, { shape, parsed: parse(body) }))
  return [
    ['/v1/chat/completions', generating(chatShape, parseChatRequest)],
    ['/v1/completions', generating(textShape, parseTextRequest)],
    ['/v1/embeddings', post((body, exchange) => answerEmbeddings(state, exchange, body))],
  ]
}

function generate(
  state: ServerState,
  { request, response }: Exchange,
  { shape, parsed }: { shape: AnswerShape; parsed: Result<GenerationRequest, ApiError> },
): void {
  const failure = state.faults.takeFailure()
  if (failure !== undefined) {
    sendError(response, httpError(failure, 'failed on purpose'))
    return
  }
  const model = parsed.ok ? state.models.resolve(parsed.value.model) : parsed
  if (!model.ok || !parsed.ok) {
    sendError(response, model.ok ? badRequest('not a request') : model.error)
    return
  }
  const asked = request.headers['x-request-id']
  const id = shape.idPrefix + (typeof asked === 'string' && asked !== '' ? asked : randomUUID().replaceAll('-', ''))
  const head = { id, created: unixSeconds(state.clock), model: model.value.name }
  const { adapter } = model.value
  const pair = state.pairs.part(parsed.value.kvTransferParams, { socket: request.socket, answers: parsed.value.prompts.length })
  if (!pair.ok) {
    sendError(response, pair.error)
    return
  }
  const generation = new Generation(state.generation, { request: parsed.value, adapter, pair: pair.value, shape, head, response })
  generation.start(() => state.nextEngineId(), JSON.stringify([model.value.name, parsed.value.cacheSalt]))
}

function answerEmbeddings(state: ServerState, { response }: Exchange, body: JsonObject): void {
  const failure = state.faults.takeFailure()
  const model = state.models.resolve(typeof body['model'] === 'string' ? body['model'] : undefined)
  if (failure !== undefined) sendError(response, httpError(failure, 'failed on purpose'))
  else if (!model.ok) sendError(response, model.error)
  else {
    const answer = embed(body, { id: `embd-${randomUUID().replaceAll('-', '')}`, created: unixSeconds(state.clock), model: model.value.name })
    if (answer.ok) sendJson(response, 200, JSON.stringify(answer.value))
    else sendError(response, answer.error)
  }
}
