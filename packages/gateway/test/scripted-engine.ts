import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface ReceivedRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Settles when the connection closes before the answer has ended. */
  readonly aborted: Promise<void>
}

export type Script = (response: ServerResponse, request: ReceivedRequest) => void

/** An engine that answers each request as the test's script says. */
export class ScriptedEngine {
  readonly requests: ReceivedRequest[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #waiting: ((request: ReceivedRequest) => void)[] = []
  script: Script

  private constructor(script: Script) {
    this.script = script
    this.#server = createServer((request, response) => this.#serve(request, response))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(script: Script): Promise<ScriptedEngine> {
    const engine = new ScriptedEngine(script)
    await new Promise<void>((resolve) => engine.#server.listen(0, '127.0.0.1', resolve))
    return engine
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next request to arrive. */
  next(): Promise<ReceivedRequest> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    const aborted = new Promise<void>((resolve) => {
      response.on('close', () => {
        if (!response.writableFinished) resolve()
      })
    })
    request.on('end', () => {
      const received: ReceivedRequest = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        aborted,
      }
      this.requests.push(received)
      for (const resolve of this.#waiting.splice(0)) resolve(received)
      this.script(response, received)
    })
  }
}

const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15, prompt_tokens_details: { cached_tokens: 8 } }

export const event = (value: object | string): string => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
export const delta = (content: string, finish: string | null = null): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
})
export const usageChunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage }

export function startStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', connection: 'keep-alive', 'x-engine': 'yes' })
}

/** Answers as vLLM does: as a stream or whole, with a usage event when asked. */
export const answer: Script = (response, request) => {
  const body = JSON.parse(request.body) as { stream?: boolean; stream_options?: { include_usage?: boolean | string } }
  if (body.stream !== true) {
    const message = { role: 'assistant', content: 'hello there' }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    sendJson(response, 200, { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices, usage })
    return
  }
  startStream(response)
  response.write(event(delta('')))
  response.write(event(delta('hello')))
  response.write(event(delta(' there', 'stop')))
  if (body.stream_options?.include_usage === true || body.stream_options?.include_usage === 'true') response.write(event(usageChunk))
  response.end(event('[DONE]'))
}

export function sendJson(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
