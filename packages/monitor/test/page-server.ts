import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server whose behaviour a test sets, and which remembers what it was asked. */
export class PageServer {
  readonly #server: Server
  readonly requests: { readonly url: string; readonly headers: IncomingMessage['headers'] }[] = []
  behave: RequestListener

  private constructor(behave: RequestListener) {
    this.behave = behave
    this.#server = createServer((request, response) => {
      this.requests.push({ url: request.url ?? '', headers: request.headers })
      this.behave(request, response)
    })
  }

  static async start(behave: RequestListener): Promise<PageServer> {
    const pages = new PageServer(behave)
    await new Promise<void>((resolve) => pages.#server.listen(0, '127.0.0.1', resolve))
    return pages
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `http://${this.address}`
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

/** Answers with a metrics page. */
export function page(text: string): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text)
  }
}

export function json(status: number, value: unknown): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
}

/** Takes the request and never answers. */
export function hang(_request: IncomingMessage, _response: ServerResponse): void {}
