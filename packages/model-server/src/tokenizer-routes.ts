import { randomUUID } from 'node:crypto'
import { failure, ok, type Result } from '@signalbox/base'
import type { Tokenizer } from '@signalbox/tokenizers'
import { type ApiError, anthropicErrorBody, sendError, sendJson } from './api-error.ts'
import type { JsonObject } from './body.ts'
import { BodyFields } from './body-fields.ts'
import { chatTools, readTools } from './requests/answer-format.ts'
import { chatPrompt, checkTemplate, readChatRequest, readMessages } from './requests/chat-request.ts'
import type { GenerationRequest, Prompt } from './requests/generation-request.ts'
import { readConversation } from './requests/messages-request.ts'
import { isTokens, readTextRequest } from './requests/text-request.ts'
import { type Route, withBody } from './routes.ts'
import type { ServerState } from './server-state.ts'

/** The paths that turn prompts into tokens and back without generating. SOURCE: `reference/vllm.md` §3.1, §3.7, §3.9. */
export function tokenizerRoutes(state: ServerState): readonly Route[] {
  const answering = (answer: (fields: BodyFields) => object, errorBodyOf?: (error: ApiError) => string) => ({
    POST: withBody(
      state.bodyBytesMax,
      (body, { response }) => {
        const answered = checked(state, body, answer)
        if (answered.ok) sendJson(response, 200, JSON.stringify(answered.value))
        else sendError(response, answered.error, errorBodyOf)
      },
      errorBodyOf,
    ),
  })
  const { tokenizer } = state.generation
  return [
    ['/tokenize', answering((fields) => tokenized(state, fields))],
    ['/detokenize', answering((fields) => ({ prompt: tokenizer.decode(readTokens(fields)) }))],
    ['/tokenizer_info', { GET: ({ response }) => sendJson(response, 200, JSON.stringify(tokenizerInfo(state))) }],
    ['/v1/messages/count_tokens', answering((fields) => counted(readConversation(fields, tokenizer)), anthropicErrorBody)],
    ['/v1/completions/render', answering((fields) => rendered(fields, readTextRequest(fields, tokenizer), 'cmpl-'))],
    ['/v1/chat/completions/render', answering((fields) => rendered(fields, readChatRequest(fields, tokenizer), 'chatcmpl-')[0] ?? {})],
  ]
}

function checked(state: ServerState, body: JsonObject, answer: (fields: BodyFields) => object): Result<object, ApiError> {
  const fields = new BodyFields(body)
  const name = fields.string('model')
  const value = answer(fields)
  if (fields.error !== undefined) return failure(fields.error)
  const model = state.models.resolve(name)
  return model.ok ? ok(value) : model
}

function tokenized({ generation: { tokenizer, contextTokensMax } }: ServerState, fields: BodyFields): object {
  const tokens = readPrompt(fields, tokenizer)
  return {
    count: tokens.length,
    max_model_len: contextTokensMax,
    tokens: [...tokens],
    token_strs: fields.boolean('return_token_strs') ? Array.from(tokens, (token) => tokenizer.decode([token])) : null,
  }
}

/** A conversation where there are messages, a text otherwise. */
function readPrompt(fields: BodyFields, tokenizer: Tokenizer): Uint32Array {
  if (fields.value('messages') !== undefined) {
    checkTemplate(fields)
    const { tools } = readTools(fields, chatTools, { kind: 'text' })
    return chatPrompt(fields, tokenizer, { messages: readMessages(fields), tools }).tokens
  }
  const prompt = fields.string('prompt')
  if (prompt === undefined) fields.refuse('prompt', 'must be a text; or give messages')
  return tokenizer.encode(prompt ?? '')
}

function readTokens(fields: BodyFields): readonly number[] {
  const tokens = fields.value('tokens')
  if (isTokens(tokens)) return tokens
  if (!Array.isArray(tokens) || tokens.length > 0) fields.refuse('tokens', 'must be an array of token numbers')
  return []
}

function counted({ tokens }: Prompt): object {
  return { input_tokens: tokens.length, context_management: null }
}

/** What vLLM passes on to the engine: one object for each prompt. */
function rendered(fields: BodyFields, request: GenerationRequest, idPrefix: string): object[] {
  const { outputTokensMax, outputTokensMin, n, ignoreEos, stop, cacheSalt, priority, streaming } = request
  return request.prompts.map(({ tokens }) => ({
    request_id: `${idPrefix}${randomUUID().replaceAll('-', '')}`,
    token_ids: [...tokens],
    features: null,
    sampling_params: {
      n,
      max_tokens: outputTokensMax ?? null,
      min_tokens: outputTokensMin,
      ignore_eos: ignoreEos,
      stop: stop.strings,
      stop_token_ids: [...stop.tokenIds],
    },
    model: fields.body['model'] ?? null,
    stream: streaming !== undefined,
    stream_options: fields.body['stream_options'] ?? null,
    cache_salt: cacheSalt === '' ? null : cacheSalt,
    priority,
  }))
}

function tokenizerInfo({ generation: { tokenizer, contextTokensMax } }: ServerState): object {
  return { tokenizer_class: tokenizer.id, model_max_length: contextTokensMax, simulated: true }
}
