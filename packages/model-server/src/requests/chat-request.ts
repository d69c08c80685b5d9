import type { ChatMessage, MessagePart, Tokenizer } from '@signalbox/tokenizers'
import { isObject } from '../body.ts'
import type { BodyFields } from '../body-fields.ts'
import { chatTools, readFormat, readTools } from './answer-format.ts'
import { type GenerationRequest, LOGPROBS_MAX, type Prompt, readN, readShared, truncated } from './generation-request.ts'

/** Reads the body of `/v1/chat/completions`. */
export function readChatRequest(fields: BodyFields, tokenizer: Tokenizer): GenerationRequest {
  const messages = readMessages(fields)
  const { form, tools } = readTools(fields, chatTools, readFormat(fields))
  checkTemplate(fields)
  const limitField = fields.value('max_completion_tokens') === undefined ? 'max_tokens' : 'max_completion_tokens'
  const alternatives = fields.integer('top_logprobs', { min: 0, max: LOGPROBS_MAX })
  const hasLogprobs = fields.boolean('logprobs')
  if (alternatives !== undefined && !hasLogprobs) fields.refuse('top_logprobs', 'is only allowed with logprobs: true')
  return readShared(fields, {
    prompts: [chatPrompt(fields, tokenizer, { messages, tools })],
    promptField: 'messages',
    limitField,
    outputTokensMax: fields.integer(limitField, { min: 1 }),
    form,
    logprobs: hasLogprobs ? (alternatives ?? 0) : undefined,
    n: readN(fields, 1),
  })
}

/** A conversation as a prompt; its question is what the user said last. */
export function chatPrompt(
  fields: BodyFields,
  tokenizer: Tokenizer,
  { messages, tools }: { messages: readonly ChatMessage[]; tools: string | undefined },
): Prompt {
  const tokens = tokenizer.encodeChat(tools === undefined ? { messages } : { messages, tools })
  const asked = messages.findLast(({ role }) => role === 'user')?.parts ?? []
  return { tokens: truncated(fields, tokens), question: asked.map((part) => (part.type === 'text' ? part.text : '')).join('') }
}

/** Refuses what would end the prompt elsewhere than at the start of the assistant's turn. */
export function checkTemplate(fields: BodyFields): void {
  if (fields.value('add_generation_prompt') === false)
    fields.refuse('add_generation_prompt', 'must be true: other ends of a prompt are not supported')
  if (fields.boolean('continue_final_message')) fields.refuse('continue_final_message', 'must be false: it is not supported')
}

/** Reads `messages` as OpenAI writes them. */
export function readMessages(fields: BodyFields): readonly ChatMessage[] {
  const value = fields.value('messages')
  if (!Array.isArray(value) || value.length === 0) {
    fields.refuse('messages', 'must be an array of at least one message')
    return []
  }
  const messages: ChatMessage[] = []
  for (const [index, message] of (value as readonly unknown[]).entries()) {
    const read = readMessage(message)
    if (read === undefined) fields.refuse(`messages[${index}]`, 'needs a role and a content of text or parts')
    else messages.push(read)
  }
  return messages
}

function readMessage(message: unknown): ChatMessage | undefined {
  if (!isObject(message) || typeof message['role'] !== 'string') return undefined
  const { role, content, tool_calls: toolCalls } = message
  const parts = readParts(content)
  if (parts === undefined) return undefined
  return { role, parts: Array.isArray(toolCalls) && toolCalls.length > 0 ? [...parts, textPart(JSON.stringify(toolCalls))] : parts }
}

/** Reads content that is text, a list of parts, or absent. Anything that is not text counts as an image, known by its JSON. */
export function readParts(content: unknown): readonly MessagePart[] | undefined {
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return [textPart(content)]
  if (!Array.isArray(content)) return undefined
  const parts: MessagePart[] = []
  for (const part of content as readonly unknown[]) {
    if (typeof part === 'string') parts.push(textPart(part))
    else if (!isObject(part)) return undefined
    else parts.push(typeof part['text'] === 'string' ? textPart(part['text']) : { type: 'image', url: JSON.stringify(part) })
  }
  return parts
}

export function textPart(text: string): MessagePart {
  return { type: 'text', text }
}
