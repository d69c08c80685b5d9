/** Why a request has no usable answer. */
export interface FetchFailure {
  /** unreachable: no answer at all; refused: an answer with an error status; malformed: not what it should be; cancelled: we stopped it. */
  readonly code: 'unreachable' | 'refused' | 'malformed' | 'cancelled'
  /** HTTP status, 0 without an answer. */
  readonly status: number
  /** For people, without a final stop. */
  readonly message: string
}

export type Fetched<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: FetchFailure }

export const fetched = <T>(value: T): Fetched<T> => ({ ok: true, value })
export const notFetched = (code: FetchFailure['code'], status: number, message: string): Fetched<never> => ({
  ok: false,
  error: { code, status, message },
})

/** The message in an error body: our own `{error: {message}}` or `{error: text}`, or Prometheus' `{status: 'error', error}`. */
export function errorMessage(body: unknown, status: number): string {
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const { error } = body
    if (typeof error === 'string' && error !== '') return error
    if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') return error.message
  }
  return `the answer has status ${status}`
}

/** The data of a Prometheus API answer. */
export function promData(body: unknown): Fetched<unknown> {
  if (typeof body !== 'object' || body === null || !('status' in body))
    return notFetched('malformed', 200, 'the answer is not a Prometheus API answer')
  if (body.status !== 'success') return notFetched('refused', 200, errorMessage(body, 200))
  return fetched('data' in body ? body.data : undefined)
}
