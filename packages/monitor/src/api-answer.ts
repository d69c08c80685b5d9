import { failure, ok, type Result } from '@signalbox/base'
import type { Reply } from './reply.ts'

/** SOURCE: Prometheus web/api/v1/api.go (statusClientClosedConnection and errorType). */
const STATUS = { bad_data: 400, execution: 422, canceled: 499, timeout: 503, unavailable: 503 } as const

interface ApiError {
  readonly type: keyof typeof STATUS
  readonly message: string
}

interface ApiAnswer {
  /** JSON. */
  readonly data: Uint8Array | string
  readonly warnings: readonly string[]
  readonly infos: readonly string[]
}

export type ApiResult = Result<ApiAnswer, ApiError>

/** A request that is wrong, in the words of Prometheus. */
export function badData(message: string): ApiResult {
  return failure({ type: 'bad_data', message })
}

export function json(data: unknown): ApiResult {
  return ok({ data: JSON.stringify(data), warnings: [], infos: [] })
}

/** The answer in Prometheus's envelope. Any page may read it, as it may read a Prometheus: nothing here depends on who asks. */
export function envelope(result: ApiResult): Reply {
  const headers = { 'cache-control': 'no-store', 'access-control-allow-origin': '*' }
  const contentType = 'application/json'
  if (!result.ok) {
    const { type, message } = result.error
    return { status: STATUS[type], contentType, headers, body: JSON.stringify({ status: 'error', errorType: type, error: message }) }
  }
  const { data, warnings, infos } = result.value
  const notes = `${warnings.length === 0 ? '' : `,"warnings":${JSON.stringify(warnings)}`}${infos.length === 0 ? '' : `,"infos":${JSON.stringify(infos)}`}`
  // The data may be large and is JSON already: it is joined as bytes, not parsed and written again.
  const body = Buffer.concat([
    Buffer.from('{"status":"success","data":'),
    typeof data === 'string' ? Buffer.from(data) : data,
    Buffer.from(`${notes}}`),
  ])
  return { status: 200, contentType, headers, body }
}
