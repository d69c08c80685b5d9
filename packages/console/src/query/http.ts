import type { MatrixSeries, VectorSample } from '../api-types.ts'
import { errorMessage, type Fetched, fetched, notFetched, promData } from './fetched.ts'
import { Limiter } from './limiter.ts'

/** Requests under way at once: what a browser opens to one HTTP/1.1 host. */
const CONCURRENCY_MAX = 6
const TIMEOUT_MS = 20_000

/** The monitor's HTTP API. Failures are values; a cancelled request is one of them. */
export class Api {
  readonly #limiter = new Limiter(CONCURRENCY_MAX)

  /** GETs JSON of the monitor. The caller says what shape it has. */
  async get<T>(path: string, signal: AbortSignal): Promise<Fetched<T>> {
    const answer = await this.#limiter.run(signal, () => getJson<T>(path, signal))
    return answer ?? notFetched('cancelled', 0, 'the request was cancelled')
  }

  /** Instant vector of a PromQL expression at a server time. */
  async instant(expr: string, timeMs: number, signal: AbortSignal): Promise<Fetched<readonly VectorSample[]>> {
    return await this.#prom<VectorSample>(`/api/v1/query?${new URLSearchParams({ query: expr, time: String(timeMs / 1000) })}`, 'vector', signal)
  }

  /** Matrix of a PromQL expression. */
  async range(
    expr: string,
    range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
    signal: AbortSignal,
  ): Promise<Fetched<readonly MatrixSeries[]>> {
    const query = new URLSearchParams({
      query: expr,
      start: String(range.startMs / 1000),
      end: String(range.endMs / 1000),
      step: String(range.stepMs / 1000),
    })
    return await this.#prom<MatrixSeries>(`/api/v1/query_range?${query}`, 'matrix', signal)
  }

  async #prom<T>(path: string, resultType: string, signal: AbortSignal): Promise<Fetched<readonly T[]>> {
    const body = await this.get<unknown>(path, signal)
    if (!body.ok) return body
    const data = promData(body.value)
    if (!data.ok) return data
    const value = data.value as { resultType?: string; result?: unknown } | null | undefined
    if (value?.resultType !== resultType || !Array.isArray(value.result)) return notFetched('malformed', 200, `the answer is not a ${resultType}`)
    return fetched(value.result as T[])
  }
}

async function getJson<T>(path: string, signal: AbortSignal): Promise<Fetched<T>> {
  let response: Response
  let text: string
  try {
    response = await fetch(path, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]), headers: { accept: 'application/json' } })
    text = await response.text()
  } catch (cause) {
    if (signal.aborted) return notFetched('cancelled', 0, 'the request was cancelled')
    const late = cause instanceof DOMException && cause.name === 'TimeoutError'
    return notFetched('unreachable', 0, late ? `no answer from ${location.host} within ${TIMEOUT_MS / 1000} s` : `no connection to ${location.host}`)
  }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return response.ok
      ? notFetched('malformed', response.status, 'the answer is not JSON')
      : notFetched('refused', response.status, errorMessage(undefined, response.status))
  }
  return response.ok ? fetched(body as T) : notFetched('refused', response.status, errorMessage(body, response.status))
}
