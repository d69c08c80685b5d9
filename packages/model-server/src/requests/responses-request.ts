import type { ChatMessage, Tokenizer } from '@signalbox/tokenizers'
import { isObject, type JsonObject } from '../body.ts'
import type { BodyFields } from '../body-fields.ts'
import { readTextFormat, readTools, responsesTools } from './answer-format.ts'
import { chatPrompt, readParts, textPart } from './chat-request.ts'
import { type GenerationRequest, LOGPROBS_MAX, readShared } from './generation-request.ts'

/** Reads the body of `/v1/responses`. Nothing is stored, so that what builds on earlier responses is refused. */
export function readResponsesRequest(fields: BodyFields, tokenizer: Tokenizer): GenerationRequest {
  if (fields.value('previous_response_id') !== undefined) {
    fields.refuse('previous_response_id', 'needs a store of responses, which this server does not have; send the whole conversation in input')
  }
  if (fields.boolean('background')) fields.refuse('background', 'must be false: this server stores no responses')
  const instructions = fields.string('instructions')
  const system: readonly ChatMessage[] = instructions === undefined ? [] : [{ role: 'system', parts: [textPart(instructions)] }]
  const messages = [...system, ...readInput(fields)]
  const { form, tools } = readTools(fields, responsesTools, readTextFormat(fields))
  return readShared(fields, {
    prompts: [chatPrompt(fields, tokenizer, { messages, tools })],
    promptField: 'input',
    limitField: 'max_output_tokens',
    outputTokensMax: fields.integer('max_output_tokens', { min: 1 }),
    form,
    logprobs: wantsLogprobs(fields) ? (fields.integer('top_logprobs', { min: 0, max: LOGPROBS_MAX }) ?? 0) : undefined,
  })
}

function wantsLogprobs(fields: BodyFields): boolean {
  const include = fields.value('include')
  return Array.isArray(include) && include.includes('message.output_text.logprobs')
}

function readInput(fields: BodyFields): readonly ChatMessage[] {
  const input = fields.value('input')
  if (typeof input === 'string' && input !== '') return [{ role: 'user', parts: [textPart(input)] }]
  if (!Array.isArray(input) || input.length === 0) {
    fields.refuse('input', 'must be a text or an array of at least one item')
    return []
  }
  const messages: ChatMessage[] = []
  for (const [index, item] of (input as readonly unknown[]).entries()) {
    const message = isObject(item) ? readItem(item) : undefined
    if (message === undefined) fields.refuse(`input[${index}]`, 'must be a message, a function_call, a function_call_output or reasoning')
    else if (message !== 'nothing') messages.push(message)
  }
  return messages
}

function readItem(item: JsonObject): ChatMessage | 'nothing' | undefined {
  const { type = 'message', role, content, output } = item
  if (type === 'reasoning') return 'nothing'
  if (type === 'function_call')
    return { role: 'assistant', parts: [textPart(JSON.stringify([{ name: item['name'], arguments: item['arguments'] }]))] }
  const parts = readParts(type === 'function_call_output' ? output : content)
  if (parts === undefined) return undefined
  if (type === 'function_call_output') return { role: 'tool', parts }
  return type === 'message' && typeof role === 'string' ? { role, parts } : undefined
}
