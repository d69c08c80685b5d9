import { type Clock, failure, ok, type Result } from '@signalbox/base'
import { type ParameterResult, parseDuration, parseLimit, parseTime } from './api-parameters.ts'
import type { QueryOptions, Store, StoreAnswer, StoreError, StoreQuery } from './ports.ts'
import type { Reply } from './reply.ts'
import type { TargetView } from './target.ts'
import type { TargetSet } from './target-set.ts'

export interface PrometheusApiDeps {
  readonly store: Store
  readonly targets: TargetSet
  readonly clock: Clock
  readonly queryTimeoutMs: number
  /** Of Signalbox. */
  readonly version: string
  /** From a query's arrival to its result, well or not. */
  readonly queried: (seconds: number) => void
}

export const QUERY_TIMEOUT_MS_DEFAULT = 30_000

/** SOURCE: Prometheus web/api/v1/api.go (statusClientClosedConnection and errorType). */
const STATUS = { bad_data: 400, execution: 422, canceled: 499, timeout: 503, unavailable: 503, not_found: 404 } as const

type ErrorType = keyof typeof STATUS

interface ApiError {
  readonly type: ErrorType
  readonly message: string
}

interface ApiAnswer {
  /** JSON. */
  readonly data: Uint8Array | string
  readonly warnings: readonly string[]
  readonly infos: readonly string[]
}

type ApiResult = Result<ApiAnswer, ApiError>

/** Points of one series in a range query. SOURCE: Prometheus web/api/v1/api.go (queryRange). */
const POINTS_MAX = 11_000

/** The release of Prometheus whose API this is: clients choose features by it. */
const API_VERSION = '3.4.0'

/**
 * Prometheus's HTTP API, version 1, without its `/api/v1/` prefix: what dashboards, command line tools and client libraries ask
 * a Prometheus that they only read. SOURCE: reference/promql.md §7.
 */
export class PrometheusApi {
  readonly #deps: PrometheusApiDeps

  constructor(deps: PrometheusApiDeps) {
    this.#deps = deps
  }

  /** Undefined when there is nothing under `path` (`query`, `label/job/values`). `signal` aborts when the client leaves. */
  async handle(path: string, form: URLSearchParams, signal: AbortSignal): Promise<Reply | undefined> {
    const answer = this.#route(path, form, signal)
    return answer === undefined ? undefined : envelope(await answer)
  }

  #route(path: string, form: URLSearchParams, signal: AbortSignal): Promise<ApiResult> | ApiResult | undefined {
    switch (path) {
      case 'query':
        return this.#ask('query', this.#instant(form), form, signal)
      case 'query_range':
        return this.#ask('query', this.#range(form), form, signal)
      case 'series':
        if (!form.has('match[]')) return badData('no match[] parameter provided')
        return this.#ask('match[]', listing(form, { kind: 'series' }), form, signal)
      case 'labels':
        return this.#ask('match[]', listing(form, { kind: 'label-names' }), form, signal)
      case 'targets':
        return json(this.#targets(form.get('state') ?? 'any'))
      case 'metadata':
        return this.#metadata(form)
      case 'status/buildinfo':
        return json({ version: API_VERSION, revision: `signalbox-${this.#deps.version}`, branch: '', buildUser: '', buildDate: '', goVersion: '' })
      default:
        return this.#labelValues(path, form, signal)
    }
  }

  #labelValues(path: string, form: URLSearchParams, signal: AbortSignal): Promise<ApiResult> | ApiResult | undefined {
    const written = /^label\/([^/]+)\/values$/.exec(path)?.[1]
    if (written === undefined) return undefined
    const name = decoded(written)
    if (name === undefined) return badData(`invalid label name: ${JSON.stringify(written)}`)
    return this.#ask('match[]', listing(form, { kind: 'label-values', name }), form, signal)
  }

  async #ask(source: 'query' | 'match[]', query: ParameterResult<StoreQuery>, form: URLSearchParams, signal: AbortSignal): Promise<ApiResult> {
    if (!query.ok) return badData(query.error)
    const timeoutMs = this.#timeoutMs(form.get('timeout'))
    if (!timeoutMs.ok) return badData(timeoutMs.error)
    const { clock, store, queried } = this.#deps
    const beganMs = clock.nowMs()
    const options: QueryOptions = { timeoutMs: timeoutMs.value, signal }
    const answer: Result<StoreAnswer, StoreError> = await store.query(query.value, options)
    queried((clock.nowMs() - beganMs) / 1000)
    if (answer.ok) return answer
    const { code, message } = answer.error
    return code === 'parse' ? badData(invalid(source, message)) : failure({ type: code, message })
  }

  #instant(form: URLSearchParams): ParameterResult<StoreQuery> {
    const limit = named('limit', parseLimit(form.get('limit')))
    if (!limit.ok) return limit
    const time = form.get('time') ?? ''
    const timeMs = time === '' ? ok(Math.floor(this.#deps.clock.nowMs())) : named('time', parseTime(time))
    if (!timeMs.ok) return timeMs
    const lookback = lookbackOf(form)
    if (!lookback.ok) return lookback
    return ok({ kind: 'instant', query: form.get('query') ?? '', timeMs: timeMs.value, ...lookback.value, ...limitOf(limit.value) })
  }

  #range(form: URLSearchParams): ParameterResult<StoreQuery> {
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
    return ok({ kind: 'range', query, startMs: startMs.value, endMs: endMs.value, stepMs, ...lookback.value, ...limitOf(limit.value) })
  }

  /** What the client asks for, and never more than ours. */
  #timeoutMs(text: string | null): ParameterResult<number> {
    const { queryTimeoutMs } = this.#deps
    if (text === null || text === '') return ok(queryTimeoutMs)
    const asked = named('timeout', parseDuration(text))
    return asked.ok ? ok(Math.max(0, Math.min(asked.value, queryTimeoutMs))) : asked
  }

  #targets(state: string): unknown {
    const wanted = state.toLowerCase()
    const { intervalMs, timeoutMs } = this.#deps.targets.limits
    const active = wanted === 'dropped' ? [] : this.#deps.targets.views().map((view) => targetJson(view, intervalMs, timeoutMs))
    return { activeTargets: active, droppedTargets: [], droppedTargetCounts: {} }
  }

  #metadata(form: URLSearchParams): ApiResult {
    const limit = parseLimit(form.get('limit'))
    if (!limit.ok) return badData('limit must be a number')
    const perMetric = parseLimit(form.get('limit_per_metric'))
    if (!perMetric.ok) return badData('limit_per_metric must be a number')
    const metric = form.get('metric') ?? ''
    const found: [string, unknown][] = []
    for (const [name, said] of this.#deps.targets.metadata()) {
      if (metric !== '' && name !== metric) continue
      if (limit.value !== undefined && found.length >= limit.value) break
      found.push([name, said.slice(0, perMetric.value).map(({ type, help }) => ({ type, help, unit: '' }))])
    }
    return json(Object.fromEntries(found))
  }
}

type ListKind = { readonly kind: 'series' | 'label-names' } | { readonly kind: 'label-values'; readonly name: string }

function listing(form: URLSearchParams, kind: ListKind): ParameterResult<StoreQuery> {
  const limit = named('limit', parseLimit(form.get('limit')))
  if (!limit.ok) return limit
  const startMs = edge(form, 'start', -Infinity)
  if (!startMs.ok) return startMs
  const endMs = edge(form, 'end', Infinity)
  if (!endMs.ok) return endMs
  return ok({ ...kind, match: form.getAll('match[]'), startMs: startMs.value, endMs: endMs.value, ...limitOf(limit.value) })
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

function named<T>(name: string, parsed: ParameterResult<T>): ParameterResult<T> {
  return parsed.ok ? parsed : failure(invalid(name, parsed.error))
}

function invalid(name: string, why: string): string {
  return `invalid parameter "${name}": ${why}`
}

function badData(message: string): ApiResult {
  return failure({ type: 'bad_data', message })
}

function json(data: unknown): ApiResult {
  return ok({ data: JSON.stringify(data), warnings: [], infos: [] })
}

function envelope(result: ApiResult): Reply {
  const headers = { 'cache-control': 'no-store' }
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

function targetJson(view: TargetView, intervalMs: number, timeoutMs: number): unknown {
  const address = new URL(view.url)
  return {
    discoveredLabels: {
      __address__: address.host,
      __metrics_path__: address.pathname,
      __scheme__: address.protocol.slice(0, -1),
      __scrape_interval__: `${intervalMs / 1000}s`,
      __scrape_timeout__: `${timeoutMs / 1000}s`,
      job: view.job,
    },
    labels: view.labels,
    scrapePool: view.job,
    scrapeUrl: view.url,
    globalUrl: view.url,
    lastError: view.lastError,
    lastScrape: view.lastScrapeMs === null ? '0001-01-01T00:00:00Z' : new Date(view.lastScrapeMs).toISOString(),
    lastScrapeDuration: (view.durationMs ?? 0) / 1000,
    health: view.health,
    scrapeInterval: `${intervalMs / 1000}s`,
    scrapeTimeout: `${timeoutMs / 1000}s`,
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // Percent signs that encode nothing.
    return undefined
  }
}
