import { randomUUID } from 'node:crypto'

/** A chat request as tests send it: always exactly `tokens` long, so that what a test expects is what the engine does. */
export interface Chat {
  readonly model?: string
  readonly prompt: string
  readonly tokens: number
  readonly stream?: boolean
  readonly usage?: boolean
}

/** What a client holds when an answer has ended, however it ended. */
export interface Answer {
  readonly id: string
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export function bodyOf(chat: Chat): string {
  return JSON.stringify({
    model: chat.model ?? 'demo-8b',
    messages: [{ role: 'user', content: chat.prompt }],
    max_tokens: chat.tokens,
    ignore_eos: true,
    ...(chat.stream === true ? { stream: true } : {}),
    ...(chat.usage === true ? { stream_options: { include_usage: true } } : {}),
  })
}

/** Sends one request under an id of its own and reads the answer to its end. Rejects when the connection breaks. */
export async function ask(api: string, body: string, path = '/v1/chat/completions'): Promise<Answer> {
  const id = randomUUID()
  const response = await send(api, { id, body, path })
  return { id, status: response.status, headers: response.headers, body: await response.text() }
}

export interface Sent {
  readonly id: string
  readonly body: string
  readonly path?: string
  readonly signal?: AbortSignal
}

export function send(api: string, { id, body, path = '/v1/chat/completions', signal }: Sent): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-request-id': id }
  return fetch(`${api}${path}`, { method: 'POST', headers, body, ...(signal === undefined ? {} : { signal }) })
}

interface StreamEvent {
  readonly choices?: readonly { readonly delta?: { readonly content?: string }; readonly finish_reason?: string | null }[]
  readonly usage?: Usage | null
  readonly error?: { readonly message: string; readonly code: string }
}

export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly prompt_tokens_details: { readonly cached_tokens: number } | null
}

/** What an event stream amounts to, for a client that has read it to its end. */
export interface StreamEnd {
  readonly contentEvents: number
  readonly finished: boolean
  readonly done: boolean
  readonly error: { readonly message: string; readonly code: string } | undefined
  readonly usage: Usage | undefined
}

export function readStream(body: string): StreamEnd {
  const data = body
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '))
    .map((frame) => frame.slice('data: '.length))
  const events = data.filter((text) => text !== '[DONE]').map((text) => JSON.parse(text) as StreamEvent)
  return {
    contentEvents: events.filter((event) => (event.choices?.[0]?.delta?.content ?? '') !== '').length,
    finished: events.some((event) => event.choices?.some((choice) => choice.finish_reason != null) === true),
    done: data.includes('[DONE]'),
    error: events.find((event) => event.error !== undefined)?.error,
    usage: events.find((event) => event.usage != null)?.usage ?? undefined,
  }
}

/** Works on all items, `width` at a time. */
export async function inParallel<Item>(items: readonly Item[], width: number, work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as Item
      next += 1
      await work(item)
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/** Replaces what a simulated engine does wrong on purpose; `{}`: nothing. */
export async function setFaults(engine: string, faults: object): Promise<void> {
  const answer = await fetch(`${engine}/simulator/faults`, { method: 'POST', body: JSON.stringify(faults) })
  if (!answer.ok) throw new Error(`faults were refused: ${await answer.text()}`)
}
