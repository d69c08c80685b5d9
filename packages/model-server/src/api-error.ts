import type { ServerResponse } from 'node:http'

/** An answer that is an error, in vLLM's shape. SOURCE: `reference/vllm.md` §3.5. */
export interface ApiError {
  readonly status: number
  readonly type: string
  readonly message: string
  /** The field of the request that is at fault. */
  readonly param: string | null
}

export function badRequest(message: string, param: string | null = null): ApiError {
  return { status: 400, type: 'BadRequestError', message, param }
}

export function notFound(message: string, param: string | null = null): ApiError {
  return { status: 404, type: 'NotFoundError', message, param }
}

/** An error named after its HTTP status alone. */
export function httpError(status: number, message: string): ApiError {
  return { status, type: TYPES.get(status) ?? (status < 500 ? 'BadRequestError' : 'InternalServerError'), message, param: null }
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [401, 'Unauthorized'],
  [404, 'NotFoundError'],
  [405, 'Method Not Allowed'],
  [409, 'Conflict'],
  [413, 'Content Too Large'],
  [429, 'Too Many Requests'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
])

/** The JSON of an error; `code` is the HTTP status. */
export function errorBody(error: ApiError): string {
  const { message, type, param, status } = error
  return JSON.stringify({ error: { message, type, param, code: status } })
}

/** The same for Anthropic's endpoints; the type is vLLM's. SOURCE: `reference/vllm.md` §3.9. */
export function anthropicErrorBody({ type, message }: ApiError): string {
  return JSON.stringify({ type: 'error', error: { type, message } })
}

export function sendError(response: ServerResponse, error: ApiError, bodyOf: (error: ApiError) => string = errorBody): void {
  sendJson(response, error.status, bodyOf(error))
}

export function sendJson(response: ServerResponse, status: number, body: string): void {
  send(response, { status, contentType: 'application/json', body })
}

export function send(response: ServerResponse, answer: { status: number; contentType: string; body: string }): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(answer.status, { 'content-type': answer.contentType, 'content-length': Buffer.byteLength(answer.body) })
  response.end(answer.body)
}
