import { type Clock, failure, ok, type Result } from '@signalbox/base'
import { decodePage, type ParsedSeries, parseSeries } from '@signalbox/exposition'
import type { EngineState } from '@signalbox/scheduler'
import { type EngineReading, engineMetricNames, readEngineState } from '@signalbox/signals'
import type { HttpGet, PollFailure } from './poller-ports.ts'

/** A page of a large engine is about 1 MB. */
const pageBytesMax = 8 * 1024 * 1024
const MODELS_INTERVAL_MS = 10_000
const MODELS_MAX = 1000

/** An engine that tells nothing of its load; its models may be known all the same. */
const SILENT: EngineReading = {
  runningRequests: Number.NaN,
  waitingRequests: Number.NaN,
  kvUsageRatio: Number.NaN,
  kvCapacityTokens: Number.NaN,
  adaptersLoaded: [],
}

interface ProbeOptions {
  /** The engine's base address. */
  readonly url: string
  /** For one poll, both of its requests. */
  readonly timeoutMs: number
  readonly get: HttpGet
  readonly clock: Clock
}

/**
 * Polls one engine: `/metrics` each time; `/v1/models` at first, after each failure and every 10 s. An engine without metrics
 * (404, or a page that names nothing of an engine's state) is usable as long as `/v1/models` answers.
 */
export class EndpointProbe {
  readonly #options: ProbeOptions
  #models: readonly string[] = []
  #modelsDueMs = Number.NEGATIVE_INFINITY

  constructor(options: ProbeOptions) {
    this.#options = options
  }

  /** The engine's state, or why it is not known, for people. One at a time. */
  async poll(): Promise<Result<EngineState, PollFailure>> {
    const { clock } = this.#options
    const areModelsDue = clock.nowMs() >= this.#modelsDueMs
    const [reading, early] = await Promise.all([this.#reading(), areModelsDue ? this.#askModels() : undefined])
    if (!reading.ok) return this.#failed(reading.error)
    if (reading.value === undefined) {
      const models = early ?? (await this.#askModels())
      if (!models.ok) return this.#failed({ ...models.error, reason: `no metrics, and no models: ${models.error.reason}` })
    }
    return ok({ ...(reading.value ?? SILENT), models: this.#models })
  }

  #failed(poll: PollFailure): Result<never, PollFailure> {
    this.#modelsDueMs = Number.NEGATIVE_INFINITY
    return failure(poll)
  }

  /** Undefined: the engine answers, but tells nothing of its state. */
  async #reading(): Promise<Result<EngineReading | undefined, PollFailure>> {
    const answer = await this.#get('/metrics')
    if (!answer.ok) return answer
    const { status, body } = answer.value
    if (status === 404) return ok(undefined)
    return status === 200 ? readPage(body) : answered(`HTTP ${status}`)
  }

  /** Keeps the last known names when this request fails: they are a filter, not a sign of life. */
  async #askModels(): Promise<Result<void, PollFailure>> {
    const answer = await this.#get('/v1/models')
    if (!answer.ok) return answer
    if (answer.value.status !== 200) return answered(`HTTP ${answer.value.status}`)
    const models = readModels(answer.value.body)
    if (models === undefined) return answered('not a list of models')
    this.#models = models
    this.#modelsDueMs = this.#options.clock.nowMs() + MODELS_INTERVAL_MS
    return ok(undefined)
  }

  async #get(path: string): Promise<Result<{ readonly status: number; readonly body: Uint8Array }, PollFailure>> {
    const { url, timeoutMs, get } = this.#options
    const answer = await get({ url: `${url}${path}`, timeoutMs, bodyBytesMax: pageBytesMax })
    return answer.ok ? answer : failure({ reason: answer.error.message, unreachable: answer.error.code === 'unreachable' })
  }
}

/** Something listens there, but not what was hoped for. */
function answered(reason: string): Result<never, PollFailure> {
  return failure({ reason, unreachable: false })
}

function readPage(page: Uint8Array): Result<EngineReading | undefined, PollFailure> {
  const samples: (ParsedSeries & { readonly value: number })[] = []
  const decoded = decodePage(
    page,
    {
      wants: (name) => engineMetricNames.has(name),
      sample: (series, value) => {
        const parsed = parseSeries(series)
        if (parsed.ok) samples.push({ ...parsed.value, value })
      },
    },
    { pageBytesMax },
  )
  if (!decoded.ok) {
    const reason = `not a metrics page: ${decoded.error.message} at line ${decoded.error.line}`
    return failure({ reason, unreachable: false, notUnderstood: true })
  }
  return ok(readEngineState(samples))
}

/** The ids of an OpenAI model list, undefined when the body is none. */
function readModels(body: Uint8Array): readonly string[] | undefined {
  let list: unknown
  try {
    list = JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
  if (typeof list !== 'object' || list === null || !('data' in list) || !Array.isArray(list.data)) return undefined
  const ids: string[] = []
  for (const model of list.data as readonly unknown[]) {
    if (typeof model === 'object' && model !== null && 'id' in model && typeof model.id === 'string' && ids.length < MODELS_MAX) ids.push(model.id)
  }
  return ids
}
