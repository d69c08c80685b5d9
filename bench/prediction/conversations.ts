import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChatMessage, Tokenizer } from '@signalbox/tokenizers'

/** A request as both sides see it: bytes to the gateway, tokens to the engine. */
export interface Arrival {
  readonly atMs: number
  readonly body: Buffer
  readonly promptTokens: Uint32Array
  readonly answerTokens: Uint32Array
}

/** One recorded request of an agent: what it sent and what it was answered. */
export interface RecordedRequest {
  readonly session: string
  /** Milliseconds from the first request of all. */
  readonly atMs: number
  readonly messages: readonly RecordedMessage[]
  readonly output: string
  /** Declared beside the conversation; the recordings have none. */
  readonly tools?: readonly object[]
}

interface RecordedMessage {
  readonly role: string
  readonly content: string
}

/** How a client writes a conversation as JSON: each is what some client sends. */
export type BodyStyle = 'compact' | 'spaced' | 'content-first' | 'parts' | 'ascii'
export const bodyStyles: readonly BodyStyle[] = ['compact', 'spaced', 'content-first', 'parts', 'ascii']

export const model = 'openai/gpt-oss-20b'

/**
 * Every request of the recordings in `folder` (one object a line: `timestamp` in µs, `input`, `output`, `session_id`), in order of time.
 * In files named `*.openai_chat.jsonl` the messages are joined as `role: content`; in the others the roles are lost and the whole input is
 * one message of the user.
 */
export function readConversations(folder: string): RecordedRequest[] {
  const requests: RecordedRequest[] = []
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.jsonl')) continue
    const isChat = name.endsWith('.openai_chat.jsonl')
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (line.trim() === '') continue
      const said = JSON.parse(line) as { timestamp: number; input: string; output: string; session_id: string }
      const messages = isChat ? messagesOf(said.input) : [{ role: 'user', content: said.input }]
      requests.push({ session: said.session_id, atMs: said.timestamp / 1000, messages, output: said.output })
    }
  }
  requests.sort((a, b) => a.atMs - b.atMs)
  const first = requests[0]?.atMs ?? 0
  return requests.map((request) => ({ ...request, atMs: request.atMs - first }))
}

/** `role: content` paragraphs as messages; a paragraph without a role belongs to the message before it. */
function messagesOf(input: string): RecordedMessage[] {
  const starts = [...input.matchAll(/(?:^|\n\n)(system|developer|user|assistant|tool): /g)]
  if (starts.length === 0 || starts[0]?.index !== 0) return [{ role: 'user', content: input }]
  return starts.map((start, index) => ({
    role: start[1] as string,
    content: input.slice(start.index + start[0].length, starts[index + 1]?.index ?? input.length),
  }))
}

/** Both sides of a request: the bytes that a gateway gets, the tokens that an engine gets. */
export function arrivalOf(request: RecordedRequest, style: BodyStyle, tokenizer: Tokenizer): Arrival {
  const { atMs, tools } = request
  const prompt = { messages: chatMessages(request), ...(tools === undefined ? {} : { tools: JSON.stringify(tools) }) }
  return { atMs, body: bodyOf(request, style), promptTokens: tokenizer.encodeChat(prompt), answerTokens: answerTokens(request, tokenizer) }
}

/** The sessions all at once: each begins when the first does and keeps its own pace. */
export function together(requests: readonly RecordedRequest[]): RecordedRequest[] {
  const begins = new Map<string, number>()
  for (const { session, atMs } of requests) if (!begins.has(session)) begins.set(session, atMs)
  return requests.map((request) => ({ ...request, atMs: request.atMs - (begins.get(request.session) ?? 0) })).sort((a, b) => a.atMs - b.atMs)
}

/** The same conversations as agents send them: each session declares one of three sets of twelve functions, 4 kB of JSON. */
export function withTools(requests: readonly RecordedRequest[]): RecordedRequest[] {
  const sets = Array.from({ length: 3 }, (_, set) =>
    Array.from({ length: 12 }, (_, at) => ({
      type: 'function',
      function: {
        name: `tool_${set}_${at}`,
        description: `Reads or changes one part of the order, the reservation or the account that the customer asks about (${set}, ${at}).`,
        parameters: {
          type: 'object',
          properties: { id: { type: 'string', description: 'What it is known by' }, note: { type: 'string' } },
          required: ['id'],
        },
      },
    })),
  )
  return requests.map((request) => ({ ...request, tools: sets[sessionNumber(request) % sets.length] ?? [] }))
}

/** A small number that stands for a session, evenly spread. */
export function sessionNumber({ session }: RecordedRequest): number {
  return Number.parseInt(session.slice(0, 6), 16)
}

export function chatMessages({ messages }: RecordedRequest): ChatMessage[] {
  return messages.map(({ role, content }) => ({ role, parts: [{ type: 'text', text: content }] }))
}

/** The body of the request as a client sends it. `compact` is what the `openai` packages write. */
function bodyOf({ messages, tools }: RecordedRequest, style: BodyStyle): Buffer {
  const turns = messages.map(({ role, content }) => {
    if (style === 'content-first') return { content, role }
    return { role, content: style === 'parts' ? [{ type: 'text', text: content }] : content }
  })
  const body = { model, messages: turns, ...(tools === undefined ? {} : { tools }), stream: true, stream_options: { include_usage: true } }
  const text = style === 'spaced' || style === 'ascii' ? spaced(body) : JSON.stringify(body)
  return Buffer.from(style === 'ascii' ? text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`) : text)
}

/** JSON with a space after each comma and colon, as Python's `json.dumps` writes it. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}: ${spaced(member)}`)
    .join(', ')}}`
}

/** The tokens of an answer; the one that ends a turn where nothing else was recorded (a call of a tool). */
function answerTokens({ output }: RecordedRequest, tokenizer: Tokenizer): Uint32Array {
  const RETURN = 200_002
  const tokens = tokenizer.encode(output)
  return tokens.length > 0 ? tokens : Uint32Array.of(RETURN)
}
