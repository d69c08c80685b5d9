import type { ChatMessage, MessagePart, Tokenizer } from '@signalbox/tokenizers'
import { isObject, type JsonObject } from '../body.ts'
import type { BodyFields } from '../body-fields.ts'
import { messagesTools, readTools } from './answer-format.ts'
import { chatPrompt, readParts, textPart } from './chat-request.ts'
import { type GenerationRequest, type Prompt, readShared } from './generation-request.ts'

/** Reads the body of `/v1/messages`. SOURCE: `reference/vllm.md` §3.9. */
export function readMessagesRequest(fields: BodyFields, tokenizer: Tokenizer): GenerationRequest {
  const { form } = readTools(fields, messagesTools, { kind: 'text' })
  const limit = fields.integer('max_tokens', { min: 1 })
  if (limit === undefined) fields.refuse('max_tokens', 'is required: an integer of at least 1')
  return readShared(fields, {
    prompts: [readConversation(fields, tokenizer)],
    promptField: 'messages',
    limitField: 'max_tokens',
    outputTokensMax: limit,
    form,
    stopField: 'stop_sequences',
  })
}

/** Reads `system`, `messages` and `tools`: what `/v1/messages/count_tokens` counts. */
export function readConversation(fields: BodyFields, tokenizer: Tokenizer): Prompt {
  const { tools } = readTools(fields, messagesTools, { kind: 'text' })
  const messages: ChatMessage[] = []
  const system = readParts(fields.value('system'))
  if (system === undefined) fields.refuse('system', 'must be a text or an array of text blocks')
  else if (system.length > 0) messages.push({ role: 'system', parts: system })
  const value = fields.value('messages')
  if (!Array.isArray(value) || value.length === 0) fields.refuse('messages', 'must be an array of at least one message')
  else for (const [index, message] of (value as readonly unknown[]).entries()) readMessage(fields, { message, at: `messages[${index}]` }, messages)
  return chatPrompt(fields, tokenizer, { messages, tools })
}

/** A result of a tool becomes a message of its own, before what the user says in the same breath. */
function readMessage(fields: BodyFields, { message, at }: { message: unknown; at: string }, into: ChatMessage[]): void {
  if (!isObject(message) || !['user', 'assistant', 'system'].includes(message['role'] as string)) {
    fields.refuse(at, 'needs the role user, assistant or system')
    return
  }
  const { content } = message
  if (typeof content !== 'string' && !Array.isArray(content)) {
    fields.refuse(at, 'needs a content of text or blocks')
    return
  }
  const role = message['role'] as string
  const parts: MessagePart[] = []
  for (const block of typeof content === 'string' ? [{ type: 'text', text: content }] : (content as readonly unknown[])) {
    if (isObject(block) && block['type'] === 'tool_result') into.push({ role: 'tool', parts: readParts(block['content']) ?? [] })
    else if (isObject(block)) parts.push(partOf(block))
    else fields.refuse(at, 'has a block that is no object')
  }
  if (parts.length > 0) into.push({ role, parts })
}

function partOf(block: JsonObject): MessagePart {
  const { type, text, thinking } = block
  if (type === 'image' || type === 'document') return { type: 'image', url: JSON.stringify(block) }
  if (typeof text === 'string') return textPart(text)
  return textPart(typeof thinking === 'string' ? thinking : JSON.stringify(block))
}
