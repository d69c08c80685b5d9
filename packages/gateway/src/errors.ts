import { Buffer } from 'node:buffer'
import type { ErrorCode } from './ports.ts'

/** Everything the gateway itself refuses or reports, by the `code` a client sees. */
export type GatewayErrorCode =
  | 'malformed_request'
  | 'invalid_json'
  | 'missing_field'
  | 'invalid_field'
  | 'body_too_large'
  | 'model_not_found'
  | 'unknown_path'
  | 'method_not_allowed'
  | 'administrative_path'
  | 'no_endpoint'
  | 'draining'
  | 'upstream_failed'
  | 'upstream_timeout'
  | 'upstream_cut'

interface ErrorRow {
  readonly status: number
  /** The error's `type`, in OpenAI's words. */
  readonly type: string
  readonly metric: ErrorCode
  /** Seconds; only where trying again may help. */
  readonly retryAfterS?: number
}

/** The one table from code to HTTP status, error type, metric label and Retry-After. */
export const errorTable: Readonly<Record<GatewayErrorCode, ErrorRow>> = {
  malformed_request: { status: 400, type: 'invalid_request_error', metric: 'BadRequest' },
  invalid_json: { status: 400, type: 'invalid_request_error', metric: 'BadRequest' },
  missing_field: { status: 400, type: 'invalid_request_error', metric: 'BadRequest' },
  invalid_field: { status: 400, type: 'invalid_request_error', metric: 'BadRequest' },
  body_too_large: { status: 413, type: 'invalid_request_error', metric: 'BadRequest' },
  model_not_found: { status: 404, type: 'not_found_error', metric: 'NotFound' },
  unknown_path: { status: 404, type: 'not_found_error', metric: 'NotFound' },
  method_not_allowed: { status: 405, type: 'invalid_request_error', metric: 'BadRequest' },
  administrative_path: { status: 403, type: 'permission_error', metric: 'Forbidden' },
  no_endpoint: { status: 503, type: 'service_unavailable_error', metric: 'ServiceUnavailable', retryAfterS: 2 },
  draining: { status: 503, type: 'service_unavailable_error', metric: 'ServiceUnavailable', retryAfterS: 1 },
  upstream_failed: { status: 502, type: 'server_error', metric: 'ModelServerError' },
  upstream_timeout: { status: 504, type: 'server_error', metric: 'ModelServerError' },
  upstream_cut: { status: 502, type: 'server_error', metric: 'ModelServerError' },
}

export interface GatewayError {
  readonly code: GatewayErrorCode
  readonly message: string
  /** The request's field at fault. */
  readonly param: string | null
}

/** The OpenAI error object as a whole JSON body. */
export function errorBody(error: GatewayError): Buffer {
  return Buffer.from(errorText(error))
}

/** The error as an event that ends a stream. OpenAI's clients raise on an `error` member; Anthropic's on the event's name. */
export function errorEvent(error: GatewayError, named: boolean): Buffer {
  const text = errorText(error)
  return Buffer.from(named ? `event: error\ndata: {"type":"error",${text.slice(1)}\n\n` : `data: ${text}\n\n`)
}

function errorText(error: GatewayError): string {
  const { type } = errorTable[error.code]
  return JSON.stringify({ error: { message: error.message, type, param: error.param, code: error.code } })
}

/** The metric label of an answer that an engine gave and the gateway passed on; undefined for success. */
export function errorCodeOfStatus(status: number): ErrorCode | undefined {
  if (status < 400) return undefined
  if (status >= 500) return 'ModelServerError'
  return clientErrors.get(status) ?? 'BadRequest'
}

const clientErrors: ReadonlyMap<number, ErrorCode> = new Map([
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [412, 'PreconditionFailed'],
  [429, 'ResourceExhausted'],
])
