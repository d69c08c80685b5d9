import { failure, ok } from '@signalbox/base'
import { type ParameterResult, parseDuration, parseLimit, parseTime } from './api-parameters.ts'
import type { StoreQuery, StoreStats } from './ports.ts'

/** Points of one series in a range query. SOURCE: Prometheus web/api/v1/api.go (queryRange). */
const POINTS_MAX = 11_000

/** What `query` asks. Without a time it is about `nowMs`. */
export function instantQuery(form: URLSearchParams, nowMs: number): ParameterResult<StoreQuery> {
  const limit = named('limit', parseLimit(form.get('limit')))
  if (!limit.ok) return limit
  const time = form.get('time') ?? ''
  const timeMs = time === '' ? ok(Math.floor(nowMs)) : named('time', parseTime(time))
  if (!timeMs.ok) return timeMs
  const lookback = lookbackOf(form)
  if (!lookback.ok) return lookback
  return ok({ kind: 'instant', query: form.get('query') ?? '', timeMs: timeMs.value, ...lookback.value, ...limitOf(limit.value), ...statsOf(form) })
}

/** What `query_range` asks. */
export function rangeQuery(form: URLSearchParams): ParameterResult<StoreQuery> {
  const limit = named('limit', parseLimit(form.get('limit')))
  if (!limit.ok) return limit
  const startMs = named('start', parseTime(form.get('start') ?? ''))
  if (!startMs.ok) return startMs
  const endMs = named('end', parseTime(form.get('end') ?? ''))
  if (!endMs.ok) return endMs
  if (endMs.value < startMs.value) return failure(invalid('end', 'end timestamp must not be before start time'))
  const step = named('step', parseDuration(form.get('step') ?? ''))
  if (!step.ok) return step
  const stepMs = Math.floor(step.value)
  if (stepMs <= 0) return failure(invalid('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer'))
  if (Math.floor((endMs.value - startMs.value) / stepMs) > POINTS_MAX) {
    return failure('exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)')
  }
  const lookback = lookbackOf(form)
  if (!lookback.ok) return lookback
  const query = form.get('query') ?? ''
  const range = { startMs: startMs.value, endMs: endMs.value, stepMs }
  return ok({ kind: 'range', query, ...range, ...lookback.value, ...limitOf(limit.value), ...statsOf(form) })
}

export type ListKind = { readonly kind: 'series' | 'label-names' } | { readonly kind: 'label-values'; readonly name: string }

/** What `series`, `labels` and `label/<name>/values` ask. Without start and end: of all time. */
export function listQuery(form: URLSearchParams, kind: ListKind): ParameterResult<StoreQuery> {
  const limit = named('limit', parseLimit(form.get('limit')))
  if (!limit.ok) return limit
  const startMs = edge(form, 'start', -Infinity)
  if (!startMs.ok) return startMs
  const endMs = edge(form, 'end', Infinity)
  if (!endMs.ok) return endMs
  return ok({ ...kind, match: form.getAll('match[]'), startMs: startMs.value, endMs: endMs.value, ...limitOf(limit.value) })
}

/** What `query_exemplars` asks, beside the expression. Without start and end: of all time. */
export function exemplarRange(form: URLSearchParams): ParameterResult<{ readonly startMs: number; readonly endMs: number }> {
  const startMs = edge(form, 'start', -Infinity)
  if (!startMs.ok) return startMs
  const endMs = edge(form, 'end', Infinity)
  if (!endMs.ok) return endMs
  if (endMs.value < startMs.value) return failure(invalid('end', 'end timestamp must not be before start timestamp'))
  return ok({ startMs: startMs.value, endMs: endMs.value })
}

/** How many entries the lists of `status/tsdb` have: 1 to 10,000, 10 when not said. SOURCE: Prometheus web/api/v1/api.go (serveTSDBStatus). */
export function statisticsQuery(form: URLSearchParams, { oldestMs, newestMs }: StoreStats): ParameterResult<StoreQuery> {
  const text = form.get('limit') ?? ''
  const limit = text === '' ? 10 : /^\d+$/.test(text) ? Number(text) : 0
  if (limit < 1) return failure('limit must be a positive number')
  if (limit > 10_000) return failure('limit must not exceed 10000')
  return ok({ kind: 'statistics', limit, times: { oldestMs, newestMs } })
}

/** What the client asks for, and never more than `timeoutMsMax`. */
export function timeoutOf(form: URLSearchParams, timeoutMsMax: number): ParameterResult<number> {
  const text = form.get('timeout') ?? ''
  if (text === '') return ok(timeoutMsMax)
  const asked = named('timeout', parseDuration(text))
  return asked.ok ? ok(Math.max(0, Math.min(asked.value, timeoutMsMax))) : asked
}

export function invalid(name: string, why: string): string {
  return `invalid parameter "${name}": ${why}`
}

function edge(form: URLSearchParams, name: 'start' | 'end', missing: number): ParameterResult<number> {
  const text = form.get(name) ?? ''
  if (text === '') return ok(missing)
  const time = parseTime(text)
  return time.ok ? time : failure(invalid(name, `Invalid time value for '${name}': ${time.error}`))
}

function lookbackOf(form: URLSearchParams): ParameterResult<{ lookbackMs?: number }> {
  const text = form.get('lookback_delta') ?? ''
  if (text === '') return ok({})
  const lookback = parseDuration(text)
  if (!lookback.ok) return failure(`error parsing lookback delta duration: ${lookback.error}`)
  return ok(lookback.value > 0 ? { lookbackMs: lookback.value } : {})
}

function limitOf(limit: number | undefined): { limit?: number } {
  return limit === undefined ? {} : { limit }
}

/** Any text asks for statistics; `all` asks for more of them elsewhere, here it is the same. */
function statsOf(form: URLSearchParams): { stats?: true } {
  return (form.get('stats') ?? '') === '' ? {} : { stats: true }
}

function named<T>(name: string, parsed: ParameterResult<T>): ParameterResult<T> {
  return parsed.ok ? parsed : failure(invalid(name, parsed.error))
}
