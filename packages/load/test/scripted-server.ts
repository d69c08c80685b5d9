import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that reached the server. */
export interface Received {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: Record<string, unknown>
}

/** A server whose every answer the test writes. */
export interface ScriptedServer {
  readonly url: string
  readonly received: readonly Received[]
  /** Connections accepted so far. */
  readonly connections: () => number
  close(): Promise<void>
}

export async function startScripted(answer: (received: Received, response: ServerResponse) => void): Promise<ScriptedServer> {
  const received: Received[] = []
  let connections = 0
  const server: Server = createServer((request, response) => {
    void read(request).then((body) => {
      const one = { path: request.url ?? '', authorization: request.headers.authorization, body }
      received.push(one)
      answer(one, response)
    })
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function read(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>)
}

/** A chat completion as a stream: so many tokens, then the usage and the end, or only a part of that. */
export function streamed(
  response: ServerResponse,
  { words, cachedTokens, until = 'done' }: { words: string[]; cachedTokens?: number; until?: 'done' | 'content' },
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  const event = (value: unknown): void => void response.write(`data: ${JSON.stringify(value)}\n\n`)
  event({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })
  for (const word of words) event({ choices: [{ index: 0, delta: { content: word }, finish_reason: null }] })
  if (until === 'content') {
    response.end()
    return
  }
  event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
  const details = cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } }
  event({ choices: [], usage: { prompt_tokens: 40, completion_tokens: words.length, ...details } })
  response.end('data: [DONE]\n\n')
}

/** A chat completion in one piece. */
export function whole(response: ServerResponse, content: string): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }] }))
}
