import { type Clock, failure, ok, type Result } from '@signalbox/base'
import { type Expr, type ParseOptions, parse, pretty } from '@signalbox/promql'
import { type ApiResult, badData, envelope, json } from './api-answer.ts'
import type { ParameterResult } from './api-parameters.ts'
import { exemplarAnswer } from './exemplar-query.ts'
import type { ExemplarStore } from './exemplar-store.ts'
import { expressionJson } from './expression-json.ts'
import type { QueryOptions, QueryWork, Store, StoreAnswer, StoreError, StoreQuery } from './ports.ts'
import { instantQuery, invalid, listQuery, rangeQuery, statisticsQuery, timeoutOf } from './query-parameters.ts'
import type { Reply } from './reply.ts'
import type { TargetSet } from './target-set.ts'
import { metadataJson, targetsJson } from './targets-json.ts'

export interface PrometheusApiDeps {
  readonly store: Store
  readonly targets: TargetSet
  readonly exemplars: ExemplarStore
  readonly clock: Clock
  readonly queryTimeoutMs: number
  /** Of expressions that are answered without the store; as the store's. */
  readonly parsing: ParseOptions
  readonly retentionMs: number
  /** Of Signalbox. */
  readonly version: string
  /** From a query's arrival to its result, well or not. */
  readonly queried: (seconds: number) => void
}

export const QUERY_TIMEOUT_MS_DEFAULT = 30_000

/** One path of the API. */
export interface ApiRoute {
  readonly methods: readonly ('GET' | 'HEAD' | 'POST')[]
  /** `signal` aborts when the client leaves. */
  answer(form: URLSearchParams, signal: AbortSignal): Promise<Reply>
}

type Answer = (form: URLSearchParams, signal: AbortSignal) => Promise<ApiResult> | ApiResult

const READ = ['GET', 'HEAD'] as const
const READ_OR_FORM = ['GET', 'HEAD', 'POST'] as const

/** The release of Prometheus whose API this is: clients choose features by it. */
const API_VERSION = '3.4.0'

/**
 * Prometheus's HTTP API, version 1, without its `/api/v1/` prefix: what dashboards, command line tools and client libraries ask
 * a Prometheus that they only read. SOURCE: reference/promql.md §7.
 */
export class PrometheusApi {
  readonly #deps: PrometheusApiDeps
  readonly #startedMs: number

  constructor(deps: PrometheusApiDeps) {
    this.#deps = deps
    this.#startedMs = deps.clock.nowMs()
  }

  /** Undefined when there is nothing under `path` (`query`, `label/job/values`). */
  route(path: string): ApiRoute | undefined {
    switch (path) {
      case 'query':
        return route(READ_OR_FORM, (form, signal) => this.#ask('query', instantQuery(form, this.#deps.clock.nowMs()), form, signal))
      case 'query_range':
        return route(READ_OR_FORM, (form, signal) => this.#ask('query', rangeQuery(form), form, signal))
      case 'series':
        return route(READ_OR_FORM, (form, signal) =>
          form.has('match[]') ? this.#ask('match[]', listQuery(form, { kind: 'series' }), form, signal) : badData('no match[] parameter provided'),
        )
      case 'labels':
        return route(READ_OR_FORM, (form, signal) => this.#ask('match[]', listQuery(form, { kind: 'label-names' }), form, signal))
      case 'parse_query':
        return route(READ_OR_FORM, (form) => this.#withExpression(form, expressionJson))
      case 'format_query':
        return route(READ_OR_FORM, (form) => this.#withExpression(form, pretty))
      case 'query_exemplars':
        return route(READ_OR_FORM, (form) => exemplarAnswer(form, this.#deps.exemplars, this.#deps.parsing))
      case 'targets':
        return route(READ, (form) => this.#targets(form))
      case 'metadata':
        return route(READ, (form) => this.#metadata(form))
      case 'status/buildinfo':
        return route(READ, () => this.#buildInfo())
      case 'status/runtimeinfo':
        return route(READ, () => this.#runtimeInfo())
      case 'status/tsdb':
        return route(READ, (form, signal) => this.#ask('query', statisticsQuery(form, this.#deps.store.stats()), form, signal))
      default:
        return this.#labelValues(path)
    }
  }

  #labelValues(path: string): ApiRoute | undefined {
    const written = /^label\/([^/]+)\/values$/.exec(path)?.[1]
    if (written === undefined) return undefined
    const name = decoded(written)
    return route(READ, (form, signal) =>
      name === undefined
        ? badData(`invalid label name: ${JSON.stringify(written)}`)
        : this.#ask('match[]', listQuery(form, { kind: 'label-values', name }), form, signal),
    )
  }

  async #ask(source: 'query' | 'match[]', query: ParameterResult<StoreQuery>, form: URLSearchParams, signal: AbortSignal): Promise<ApiResult> {
    if (!query.ok) return badData(query.error)
    const timeoutMs = timeoutOf(form, this.#deps.queryTimeoutMs)
    if (!timeoutMs.ok) return badData(timeoutMs.error)
    const { clock, store, queried } = this.#deps
    const beganMs = clock.nowMs()
    const options: QueryOptions = { timeoutMs: timeoutMs.value, signal }
    const answer: Result<StoreAnswer, StoreError> = await store.query(query.value, options)
    const tookMs = clock.nowMs() - beganMs
    queried(tookMs / 1000)
    if (answer.ok)
      return answer.value.work === undefined ? answer : ok({ ...answer.value, data: withStats(answer.value.data, answer.value.work, tookMs) })
    const { code, message } = answer.error
    return code === 'parse' ? badData(invalid(source, message)) : failure({ type: code, message })
  }

  #withExpression(form: URLSearchParams, answer: (expr: Expr) => unknown): ApiResult {
    const parsed = parse(form.get('query') ?? '', this.#deps.parsing)
    return parsed.ok ? json(answer(parsed.value)) : badData(invalid('query', parsed.error.message))
  }

  #targets(form: URLSearchParams): ApiResult {
    const { targets } = this.#deps
    return json(targetsJson(targets.views(), targets.limits, { state: form.get('state') ?? '', pool: form.get('scrapePool') ?? '' }))
  }

  #metadata(form: URLSearchParams): ApiResult {
    const families = wholeNumber(form.get('limit'))
    if (families === undefined) return badData('limit must be a number')
    const perFamily = wholeNumber(form.get('limit_per_metric'))
    if (perFamily === undefined) return badData('limit_per_metric must be a number')
    return json(metadataJson(this.#deps.targets.metadata(), form.get('metric') ?? '', { families, perFamily }))
  }

  /** Grafana reads `version`, and takes the absence of `application` and `features` for a plain Prometheus. */
  #buildInfo(): ApiResult {
    return json({ version: API_VERSION, revision: `signalbox-${this.#deps.version}`, branch: '', buildUser: '', buildDate: '', goVersion: '' })
  }

  /** Of Prometheus's fields those that have a meaning here; nothing about the machine, since any page may ask. */
  #runtimeInfo(): ApiResult {
    const { clock, retentionMs } = this.#deps
    return json({
      startTime: new Date(this.#startedMs).toISOString(),
      serverTime: new Date(clock.nowMs()).toISOString(),
      storageRetention: `${retentionMs / 3_600_000}h`,
    })
  }
}

function route(methods: ApiRoute['methods'], answer: Answer): ApiRoute {
  return { methods, answer: async (form, signal) => envelope(await answer(form, signal)) }
}

/**
 * A result with Prometheus's statistics as its last member. Only what is measured: sorting is a part of evaluation here, and samples are
 * counted as they are loaded, not once for each step that looks at them. SOURCE: Prometheus util/stats/query_stats.go (field names).
 */
function withStats(data: Uint8Array, work: QueryWork, tookMs: number): Uint8Array {
  const workMs = work.preparationMs + work.evaluationMs
  const timings = {
    evalTotalTime: workMs / 1000,
    queryPreparationTime: work.preparationMs / 1000,
    innerEvalTime: work.evaluationMs / 1000,
    execQueueTime: Math.max(0, tookMs - workMs) / 1000,
    execTotalTime: Math.max(tookMs, workMs) / 1000,
  }
  const stats = { timings, samples: { peakSamples: work.samples } }
  return Buffer.concat([data.subarray(0, -1), Buffer.from(`,"stats":${JSON.stringify(stats)}}`)])
}

/** -1 when not said; undefined for what is no number. */
function wholeNumber(text: string | null): number | undefined {
  if (text === null || text === '') return -1
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // Percent signs that encode nothing.
    return undefined
  }
}
