import { failure, ok, type Result } from '@signalbox/base'
import { type ChatMessage, type MessagePart, tokenizeChat, tokenizeText } from '@signalbox/engine'
import { type ApiError, badRequest } from './api-error.ts'
import { isObject, type JsonObject } from './body.ts'

/** Prompts that one completion request may hold. */
const PROMPTS_MAX = 64

/** What a completion or chat request asks for. */
export interface GenerationRequest {
  /** Undefined: not named, the served model is meant. */
  readonly model: string | undefined
  readonly prompts: readonly Uint32Array[]
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly outputTokensMin: number
  readonly outputTokensMax: number | undefined
  readonly ignoreEos: boolean
  readonly cacheSalt: string
  readonly kvTransferParams: JsonObject | undefined
}

/** Reads the body of `/v1/chat/completions`. Fields it does not know are accepted and ignored, as vLLM does. */
export function parseChatRequest(body: JsonObject): Result<GenerationRequest, ApiError> {
  const messages = parseMessages(body['messages'])
  if (!messages.ok) return messages
  const tools = Array.isArray(body['tools']) && body['tools'].length > 0 ? [textMessage('tools', JSON.stringify(body['tools']))] : []
  return parseCommon(body, [tokenizeChat([...tools, ...messages.value])], undefined)
}

/** Reads the body of `/v1/completions`; without `max_tokens` an answer has at most 16 tokens. */
export function parseTextRequest(body: JsonObject): Result<GenerationRequest, ApiError> {
  const prompts = parsePrompts(body['prompt'], 'prompt')
  return prompts.ok ? parseCommon(body, prompts.value, 16) : prompts
}

/** Reads `string`, `[string]`, `[int]` or `[[int]]`: one token array for each prompt. */
export function parsePrompts(value: unknown, param: string): Result<readonly Uint32Array[], ApiError> {
  const list = typeof value === 'string' || isTokens(value) ? [value] : value
  if (!Array.isArray(list) || list.length === 0 || list.length > PROMPTS_MAX) {
    return failure(badRequest(`${param} must be a string, an array of token numbers, or 1 to ${PROMPTS_MAX} of these`, param))
  }
  const prompts: Uint32Array[] = []
  for (const prompt of list as readonly unknown[]) {
    if (typeof prompt !== 'string' && !isTokens(prompt)) return failure(badRequest(`${param} holds neither text nor token numbers`, param))
    const tokens = typeof prompt === 'string' ? tokenizeText(prompt) : Uint32Array.from(prompt)
    if (tokens.length === 0) return failure(badRequest(`${param} is empty`, param))
    prompts.push(tokens)
  }
  return ok(prompts)
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((token) => Number.isInteger(token) && token >= 0 && token < 2 ** 32)
}

function parseCommon(
  body: JsonObject,
  prompts: readonly Uint32Array[],
  outputTokensDefault: number | undefined,
): Result<GenerationRequest, ApiError> {
  const { model, n, stream, ignore_eos: ignoreEos, cache_salt: cacheSalt } = body
  if (!isAbsent(model) && typeof model !== 'string') return failure(badRequest('model must be a string', 'model'))
  if (!isAbsent(n) && n !== 1) return failure(badRequest('n must be 1: the simulated engine gives one answer', 'n'))
  for (const [name, value] of Object.entries({ stream, ignore_eos: ignoreEos })) {
    if (!isAbsent(value) && typeof value !== 'boolean') return failure(badRequest(`${name} must be a boolean`, name))
  }
  for (const name of ['max_tokens', 'max_completion_tokens', 'min_tokens']) {
    const least = name === 'min_tokens' ? 0 : 1
    const value = body[name]
    if (!isAbsent(value) && !(Number.isInteger(value) && (value as number) >= least)) {
      return failure(badRequest(`${name} must be an integer of at least ${least}`, name))
    }
  }
  const options = body['stream_options']
  const includeUsage = isObject(options) ? options['include_usage'] : undefined
  return ok({
    model: typeof model === 'string' ? model : undefined,
    prompts,
    stream: stream === true,
    includeUsage: includeUsage === true || includeUsage === 'true',
    outputTokensMin: (body['min_tokens'] ?? 0) as number,
    outputTokensMax: (body['max_completion_tokens'] ?? body['max_tokens'] ?? outputTokensDefault) as number | undefined,
    ignoreEos: ignoreEos === true,
    cacheSalt: typeof cacheSalt === 'string' ? cacheSalt : '',
    kvTransferParams: isObject(body['kv_transfer_params']) ? body['kv_transfer_params'] : undefined,
  })
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function parseMessages(value: unknown): Result<readonly ChatMessage[], ApiError> {
  if (!Array.isArray(value) || value.length === 0) return failure(badRequest('messages must be a non-empty array', 'messages'))
  const messages: ChatMessage[] = []
  for (const [index, message] of (value as readonly unknown[]).entries()) {
    const parsed = parseMessage(message)
    if (parsed === undefined) return failure(badRequest(`messages[${index}] needs a role and a content of text or parts`, 'messages'))
    messages.push(parsed)
  }
  return ok(messages)
}

function parseMessage(message: unknown): ChatMessage | undefined {
  if (!isObject(message) || typeof message['role'] !== 'string') return undefined
  const { role, content, tool_calls: toolCalls } = message
  const parts: MessagePart[] = []
  if (typeof content === 'string') parts.push({ type: 'text', text: content })
  else if (Array.isArray(content)) {
    for (const part of content as readonly unknown[]) {
      const parsed = parsePart(part)
      if (parsed === undefined) return undefined
      parts.push(parsed)
    }
  } else if (!isAbsent(content)) return undefined
  if (Array.isArray(toolCalls)) parts.push({ type: 'text', text: JSON.stringify(toolCalls) })
  return { role, parts }
}

/** Anything that is not text counts as an image, known by its JSON. */
function parsePart(part: unknown): MessagePart | undefined {
  if (!isObject(part)) return undefined
  if (typeof part['text'] === 'string') return { type: 'text', text: part['text'] }
  return { type: 'image', url: JSON.stringify(part) }
}

function textMessage(role: string, text: string): ChatMessage {
  return { role, parts: [{ type: 'text', text }] }
}
