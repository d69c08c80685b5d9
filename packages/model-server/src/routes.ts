import type { IncomingMessage, ServerResponse } from 'node:http'
import { assert, failure, ok, type Result } from '@signalbox/base'
import { type ApiError, httpError, notFound, sendError } from './api-error.ts'
import { type JsonObject, readJsonObject } from './body.ts'

/** A request and the answer to it. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export type Handler = (exchange: Exchange) => void | Promise<void>

/** One path with its handlers by method. A segment in braces (`{id}`) stands for any one segment. */
export type Route = readonly [path: string, methods: Readonly<Record<string, Handler>>]

/** The paths of a server. */
export class Router {
  readonly #exact = new Map<string, Readonly<Record<string, Handler>>>()
  readonly #patterns: { readonly pattern: RegExp; readonly methods: Readonly<Record<string, Handler>> }[] = []

  /** Asserts that no path is there twice. */
  constructor(routes: readonly Route[]) {
    for (const [path, methods] of routes) {
      assert(!this.#exact.has(path), `two routes for ${path}`)
      this.#exact.set(path, methods)
      if (path.includes('{')) this.#patterns.push({ pattern: new RegExp(`^${path.replace(/\{[^}]*\}/g, '[^/]+')}$`), methods })
    }
  }

  /** The handler of a path without its query: 404 when there is no such path, 405 when it does not take the method. HEAD counts as GET. */
  find(method: string, path: string): Result<Handler, ApiError> {
    const methods = this.#exact.get(path) ?? this.#patterns.find(({ pattern }) => pattern.test(path))?.methods
    if (methods === undefined) return failure(notFound(`there is no ${path} here`))
    const handler = methods[method === 'HEAD' ? 'GET' : method]
    return handler === undefined ? failure(httpError(405, `${path} does not take ${method}`)) : ok(handler)
  }
}

/** What is done with a body that is a JSON object. */
export type BodyHandler = (body: JsonObject, exchange: Exchange) => void | Promise<void>

/**
 * A handler of requests whose body is a JSON object of at most `bytesMax` bytes; other bodies are refused before it is called,
 * with an error that `errorBodyOf` writes (default: OpenAI's).
 */
export function withBody(bytesMax: number, handler: BodyHandler, errorBodyOf?: (error: ApiError) => string): Handler {
  return async (exchange) => {
    const { request, response } = exchange
    const body = await readJsonObject(request, bytesMax)
    if (body === undefined || response.destroyed) return
    if (body.ok) return handler(body.value, exchange)
    // What is left of a refused body is not worth reading, so the connection cannot be used again.
    if (body.error.status === 413) response.setHeader('connection', 'close')
    sendError(response, body.error, errorBodyOf)
  }
}
