import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '@signalbox/base'
import { type ApiError, httpError, notFound, sendError, sendJson } from './api-error.ts'
import type { JsonObject } from './body.ts'
import { BodyFields } from './body-fields.ts'
import { embed } from './embeddings.ts'
import { Generation } from './generation.ts'
import { type Exchange, type Route, withBody } from './routes.ts'
import { type ServerState, unixSeconds } from './server-state.ts'
import type { AnswerShape } from './shapes/answer-shape.ts'
import { chatShape } from './shapes/chat-shape.ts'
import { messagesShape } from './shapes/messages-shape.ts'
import { responsesShape } from './shapes/responses-shape.ts'
import { textShape } from './shapes/text-shape.ts'

/** The paths that answer prompts. SOURCE: `reference/vllm.md` §3.1. */
export function generationRoutes(state: ServerState): readonly Route[] {
  const answering = (shape: AnswerShape) => ({
    POST: withBody(state.bodyBytesMax, (body, exchange) => generate(state, exchange, { shape, body }), shape.errorBody),
  })
  const noStore = ({ request, response }: Exchange): void => {
    const id = request.url?.split(/[/?]/)[3] ?? ''
    sendError(response, notFound(`there is no response ${id}: this server stores none`, 'response_id'))
  }
  return [
    ['/v1/chat/completions', answering(chatShape)],
    ['/v1/completions', answering(textShape)],
    ['/v1/responses', answering(responsesShape)],
    ['/v1/responses/{id}', { GET: noStore }],
    ['/v1/responses/{id}/cancel', { POST: noStore }],
    ['/v1/messages', answering(messagesShape)],
    ['/v1/embeddings', { POST: withBody(state.bodyBytesMax, (body, exchange) => answerEmbeddings(state, exchange, body)) }],
  ]
}

function generate(state: ServerState, { request, response }: Exchange, { shape, body }: { shape: AnswerShape; body: JsonObject }): void {
  const refuse = (error: ApiError): void => sendError(response, error, shape.errorBody)
  const status = state.faults.takeFailure()
  if (status !== undefined) {
    refuse(httpError(status, 'failed on purpose'))
    return
  }
  const fields = new BodyFields(body)
  const wanted = shape.read(fields, state.generation.tokenizer)
  if (fields.error !== undefined) {
    refuse(fields.error)
    return
  }
  const model = state.models.resolve(wanted.model)
  if (!model.ok) {
    refuse(model.error)
    return
  }
  const head = { id: idOf(request, shape.idPrefix, wanted.requestId), created: unixSeconds(state.clock), model: model.value.name }
  const { adapter } = model.value
  const answers = wanted.prompts.length * wanted.n
  const pair = state.pairs.part(wanted.kvTransferParams, { socket: request.socket, answers })
  if (!pair.ok) {
    refuse(pair.error)
    return
  }
  const generation = new Generation(state.generation, { request: wanted, body, adapter, pair: pair.value, shape, head, response })
  generation.start(() => state.nextEngineId(), JSON.stringify([model.value.name, wanted.cacheSalt]))
}

/** The header wins over the body's name; otherwise one is made up. SOURCE: `reference/vllm.md` §3.1. */
function idOf(request: IncomingMessage, prefix: string, requestId: string | undefined): string {
  const asked = request.headers['x-request-id']
  return prefix + ((typeof asked === 'string' && asked !== '' ? asked : requestId) ?? randomUUID().replaceAll('-', ''))
}

function answerEmbeddings(state: ServerState, { response }: Exchange, body: JsonObject): void {
  const status = state.faults.takeFailure()
  const answer = status === undefined ? embedded(state, body) : failure(httpError(status, 'failed on purpose'))
  if (answer.ok) sendJson(response, 200, JSON.stringify(answer.value))
  else sendError(response, answer.error)
}

function embedded(state: ServerState, body: JsonObject): Result<object, ApiError> {
  const fields = new BodyFields(body)
  const name = fields.string('model')
  const model = fields.error === undefined ? state.models.resolve(name) : failure(fields.error)
  if (!model.ok) return model
  const head = { id: `embd-${randomUUID().replaceAll('-', '')}`, created: unixSeconds(state.clock), model: model.value.name }
  const answer = embed(body, head, state.generation)
  return answer.ok ? ok(answer.value) : answer
}
