import { type Clock, failure, ok, type Result } from '@signalbox/base'
import { decodePage, parseSeries } from '@signalbox/exposition'
import type { HttpGetError, HttpGetRequest, HttpPage } from './http-get.ts'

/** One condition on a label; an absent label counts as ''. Patterns match the whole value. */
export interface ServedMatcher {
  readonly name: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

export interface ServedSelector {
  /** The metric's name, as samples carry it. */
  readonly name: string
  readonly matchers: readonly ServedMatcher[]
}

/** What an address really serves. */
export interface ServedMetrics {
  /** The HTTP API of a Prometheus, or one exposition page. */
  readonly kind: 'prometheus' | 'page'
  /** Names of samples (`x_bucket`, not `x`): those on the page, or those of the last hour. */
  names(): ReadonlySet<string>
  /** Whether a series matches: on the page as it was read, or in the last hour. Rejects where a Prometheus no longer answers. */
  has(selector: ServedSelector): Promise<boolean>
}

export interface ServedMetricsOptions {
  get(request: HttpGetRequest): Promise<Result<HttpPage, HttpGetError>>
  readonly clock: Clock
  /** For each request. */
  readonly timeoutMs: number
  /** Sent with every request, where given. */
  readonly bearerToken?: string
}

/** A list of a million names, or a page of 500,000 series. */
const BODY_BYTES_MAX = 64 * 1024 * 1024

/** How far back a series of a Prometheus counts as served. */
const RECENT_SECONDS = 3_600

type Asked = Result<HttpPage, string>

/**
 * Finds out what `url` is and reads the names that it serves: a Prometheus (or anything with its HTTP API) by its base address,
 * otherwise a page of metrics, at the address itself or at its `/metrics`. The error, for people, names the address and the cause.
 */
export async function openServedMetrics(url: string, options: ServedMetricsOptions): Promise<Result<ServedMetrics, string>> {
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) return failure(`${url}: expected an address such as http://prometheus:9090`)
  const base = url.replace(/[?#].*$/, '').replace(/\/+$/, '')
  const ask = (path: string): Promise<Asked> => asked(`${base}${path}`, options)

  const start = (options.clock.nowMs() / 1_000 - RECENT_SECONDS).toFixed(3)
  const api = await ask(`/api/v1/label/__name__/values?start=${start}`)
  if (!api.ok) return api
  const names = api.value.status === 200 ? namesIn(api.value.body) : undefined
  if (names !== undefined) return ok(new ServedPrometheus(names, ask))
  if (isRefusal(api.value)) return failure(refused(base, api.value))

  for (const path of base.endsWith('/metrics') ? [''] : ['/metrics', '']) {
    const page = await ask(path)
    if (!page.ok) return page
    if (isRefusal(page.value)) return failure(refused(`${base}${path}`, page.value))
    const series = page.value.status === 200 ? seriesOn(page.value.body) : undefined
    if (series !== undefined && series.size > 0) return ok(new ServedPage(series))
  }
  return failure(`${url}: neither the HTTP API of a Prometheus nor a page of metrics`)
}

async function asked(url: string, { get, timeoutMs, bearerToken }: ServedMetricsOptions): Promise<Asked> {
  const headers = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` }
  const answer = await get({ url, headers, timeoutMs, bodyBytesMax: BODY_BYTES_MAX })
  return answer.ok ? answer : failure(`${url}: ${answer.error.message}`)
}

function isRefusal({ status }: HttpPage): boolean {
  return status === 401 || status === 403
}

function refused(url: string, { status }: HttpPage): string {
  return status === 401 ? `${url}: HTTP 401, it asks for a bearer token` : `${url}: HTTP 403, the token is not allowed to read it`
}

/** A Prometheus: asked for each selector. */
class ServedPrometheus implements ServedMetrics {
  readonly kind = 'prometheus'
  readonly #names: ReadonlySet<string>
  readonly #ask: (path: string) => Promise<Asked>

  constructor(names: ReadonlySet<string>, ask: (path: string) => Promise<Asked>) {
    this.#names = names
    this.#ask = ask
  }

  names(): ReadonlySet<string> {
    return this.#names
  }

  async has(selector: ServedSelector): Promise<boolean> {
    if (!this.#names.has(selector.name)) return false
    if (selector.matchers.length === 0) return true
    // A count, because its answer stays small where a list of series need not.
    const query = `count(last_over_time(${selectorText(selector)}[${RECENT_SECONDS}s]))`
    const answer = await this.#ask(`/api/v1/query?${new URLSearchParams({ query }).toString()}`)
    if (!answer.ok) throw new Error(answer.error)
    const data = dataIn(answer.value.body) as { result?: unknown } | undefined
    if (!Array.isArray(data?.result)) throw new Error(`${query}: HTTP ${answer.value.status}, no result`)
    return data.result.length > 0
  }
}

/** A page as it was read once. */
class ServedPage implements ServedMetrics {
  readonly kind = 'page'
  readonly #series: ReadonlyMap<string, readonly string[]>
  readonly #names: ReadonlySet<string>

  constructor(series: ReadonlyMap<string, readonly string[]>) {
    this.#series = series
    this.#names = new Set(series.keys())
  }

  names(): ReadonlySet<string> {
    return this.#names
  }

  has({ name, matchers }: ServedSelector): Promise<boolean> {
    const tests = matchers.map(testOf)
    const matches = (series: string): boolean => {
      const parsed = parseSeries(series)
      return parsed.ok && tests.every(({ label, test }) => test(parsed.value.labels.get(label)))
    }
    return Promise.resolve((this.#series.get(name) ?? []).some(matches))
  }
}

/** A pattern that is none matches nothing, nor does its negation. */
function testOf({ name, operator, value }: ServedMatcher): { readonly label: string; test(actual: string): boolean } {
  if (operator === '=' || operator === '!=') return { label: name, test: (actual) => (actual === value) === (operator === '=') }
  const pattern = patternOf(value)
  return { label: name, test: (actual) => pattern !== undefined && pattern.test(actual) === (operator === '=~') }
}

function patternOf(value: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${value})$`, 's')
  } catch {
    return undefined
  }
}

function selectorText({ name, matchers }: ServedSelector): string {
  return `${name}{${matchers.map((matcher) => `${matcher.name}${matcher.operator}${JSON.stringify(matcher.value)}`).join(',')}}`
}

/** The series' texts of a page by name; undefined for what is no page of metrics. */
function seriesOn(body: Uint8Array): ReadonlyMap<string, readonly string[]> | undefined {
  const byName = new Map<string, string[]>()
  const decoded = decodePage(body, {
    sample: (series) => {
      const name = /^[^{\s]+/.exec(series)?.[0] ?? ''
      const known = byName.get(name)
      if (known === undefined) byName.set(name, [series])
      else known.push(series)
    },
  })
  return decoded.ok ? byName : undefined
}

function namesIn(body: Uint8Array): ReadonlySet<string> | undefined {
  const data = dataIn(body)
  return Array.isArray(data) && data.every((name) => typeof name === 'string') ? new Set(data) : undefined
}

/** What a successful answer of the HTTP API carries. */
function dataIn(body: Uint8Array): unknown {
  try {
    const answer = JSON.parse(new TextDecoder().decode(body)) as { status?: unknown; data?: unknown } | null
    return answer?.status === 'success' ? answer.data : undefined
  } catch {
    return undefined
  }
}
