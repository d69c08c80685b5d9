import { failure, ok, type Result } from '@signalbox/base'
import type { Objectives, Trace, TraceRequest } from '@signalbox/replay'
import { Answer, recordOf } from './answer.ts'
import { AnswerTexts } from './answer-texts.ts'
import { type Ended, type Exchange, LoadClient } from './exchange.ts'
import type { LoadProgress, LoadResult } from './load-result.ts'
import { bodyOf } from './request-body.ts'
import { ClosedSchedule, type Due, OpenSchedule, type Schedule, type Users } from './schedule.ts'
import { Tally } from './tally.ts'

/** Longest time that a timer of the machine takes. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** Most users, and most connections: a machine has no more ports towards one address. */
const USERS_MAX = 65_535

export interface LoadOptions {
  /** Address of an OpenAI-compatible server, `http` or `https`, with or without `/v1`. */
  readonly url: string
  /** Sent as a bearer token. */
  readonly token?: string | undefined
  /** Default `chat`. */
  readonly api?: 'chat' | 'completions' | undefined
  /** Default: the first that the server lists. */
  readonly model?: string | undefined
  /** The models that the trace names, where it names one, come before `model`. Default false. */
  readonly traceModels?: boolean | undefined
  readonly trace: Trace
  /** Closed loop with these users; undefined: open loop, by the trace's arrival times. */
  readonly users?: Users | undefined
  /** Whether answers are streamed. Default: as the trace says. */
  readonly stream?: boolean | undefined
  /** Ask for answers of exactly the trace's length with vLLM's `ignore_eos`. Default true; servers that refuse unknown fields need false. */
  readonly ignoreEos?: boolean | undefined
  /** Most requests in flight, each with a connection; in open loop further ones are sent late, which is counted. Default 1024. */
  readonly connectionsMax?: number | undefined
  /** For a request and its whole answer. Default 10 minutes. */
  readonly timeoutMs?: number | undefined
  /** After this time nothing more is sent. Default: the trace's end. */
  readonly durationMs?: number | undefined
  /** First part of the trace whose latencies are not counted, 0 to below 1. Default 0.1. */
  readonly warmupRatio?: number | undefined
  readonly objectives: Objectives
  /** Stops the run: nothing more is sent, and what is under way has `graceMs` (default 5 s) to end. */
  readonly signal?: AbortSignal | undefined
  readonly graceMs?: number | undefined
  /** Told about every second, and at the end. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

/**
 * Sends a trace to a server and observes the answers. An address that is none, numbers out of bounds, and a server that does not name its models when none was
 * given, are the error; what goes wrong with requests is counted in the result. Rejects never for what a server does.
 */
export async function runLoad(options: LoadOptions): Promise<Result<LoadResult, string>> {
  const baseUrl = baseUrlOf(options.url)
  if (baseUrl === undefined) return failure(`${options.url}: expected an address like http://127.0.0.1:8080`)
  const problem = problemOf(options)
  if (problem !== undefined) return failure(problem)
  const client = new LoadClient(
    { baseUrl, token: options.token },
    { timeoutMs: options.timeoutMs ?? 600_000, connectionsMax: options.connectionsMax ?? 1024 },
  )
  try {
    const model = options.model === undefined ? await firstModel(client, baseUrl, options.signal) : ok(options.model)
    return model.ok ? ok(await new LoadRun(client, model.value, options).finished) : model
  } finally {
    client.close()
  }
}

/** What is wrong with the numbers of the options. */
function problemOf({ users, connectionsMax = 1, timeoutMs = 1, durationMs = 1, graceMs = 0, warmupRatio = 0 }: LoadOptions): string | undefined {
  const counts = { 'users.count': users?.count ?? 1, connectionsMax }
  for (const [name, count] of Object.entries(counts)) {
    if (!(Number.isInteger(count) && count >= 1 && count <= USERS_MAX))
      return `${name}: expected a whole number from 1 to ${USERS_MAX}, found ${count}`
  }
  const times = { timeoutMs, durationMs, graceMs, 'users.thinkMs': users?.thinkMs ?? 0 }
  for (const [name, ms] of Object.entries(times)) {
    if (!(ms >= 0 && ms <= TIMER_MS_MAX)) return `${name}: expected milliseconds from 0 to ${TIMER_MS_MAX}, found ${ms}`
  }
  return warmupRatio >= 0 && warmupRatio < 1 ? undefined : `warmupRatio: expected a number from 0 to below 1, found ${warmupRatio}`
}

/** The address up to and with `/v1`, without a slash; undefined where it is none. */
function baseUrlOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined
  const { protocol, origin, pathname } = new URL(address)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  const path = pathname.replace(/\/+$/, '')
  return `${origin}${path.endsWith('/v1') ? path : `${path}/v1`}`
}

async function firstModel(client: LoadClient, baseUrl: string, signal: AbortSignal | undefined): Promise<Result<string, string>> {
  let body = ''
  const exchange = client.get('/models', (text) => {
    body = text
  })
  const abort = (): void => exchange.abort()
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted === true) abort()
  const ended = await exchange.ended
  signal?.removeEventListener('abort', abort)
  if (ended.outcome === 'aborted') return failure('stopped before the first request')
  const hint = 'name the model to skip this question'
  if (ended.failure !== undefined) return failure(`${baseUrl}/models: ${ended.failure.kind}: ${ended.failure.message}; ${hint}`)
  const list = recordOf(body)?.['data']
  const first: unknown = Array.isArray(list) ? list[0] : undefined
  const id = typeof first === 'object' && first !== null ? (first as { readonly id?: unknown }).id : undefined
  return typeof id === 'string' ? ok(id) : failure(`${baseUrl}/models: the server lists no model; ${hint}`)
}

/** One run from its first request to its last answer. */
class LoadRun {
  readonly finished: Promise<LoadResult>
  readonly #client: LoadClient
  readonly #model: string
  readonly #options: LoadOptions
  readonly #schedule: Schedule
  readonly #tally: Tally
  readonly #answers: AnswerTexts
  readonly #open = new Set<Exchange>()
  readonly #connectionsMax: number
  readonly #warmFrom: number
  readonly #startMs = performance.now()
  readonly #progress: NodeJS.Timeout
  readonly #stop = (): void => this.#stopSending(this.#options.graceMs ?? 5000)
  #resolve: (result: LoadResult) => void = () => {}
  #wake: NodeJS.Timeout | undefined
  #deadline: NodeJS.Timeout | undefined
  #grace: NodeJS.Timeout | undefined
  #sent = 0
  #inFlightMax = 0
  #isStopped = false
  #isOver = false

  constructor(client: LoadClient, model: string, options: LoadOptions) {
    const { trace, users, durationMs, signal, onProgress } = options
    this.#client = client
    this.#model = model
    this.#options = options
    this.#schedule = users === undefined ? new OpenSchedule(trace) : new ClosedSchedule(trace, users)
    this.#tally = new Tally(options.objectives)
    this.#answers = new AnswerTexts(trace)
    this.#connectionsMax = options.connectionsMax ?? 1024
    this.#warmFrom = trace.requests.length * (options.warmupRatio ?? 0.1)
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#progress = setInterval(() => onProgress?.(this.#progressNow()), 1000)
    // What is under way may end: the time is for sending.
    if (durationMs !== undefined) this.#deadline = setTimeout(() => this.#stopSending(undefined), durationMs)
    signal?.addEventListener('abort', this.#stop, { once: true })
    if (signal?.aborted === true) this.#stop()
    this.#pump()
  }

  /** Sends what is due, as far as connections go, and sets the alarm for what is next. */
  #pump(): void {
    if (this.#isOver) return
    clearTimeout(this.#wake)
    while (!this.#isStopped && this.#open.size < this.#connectionsMax) {
      const due = this.#schedule.take(this.#elapsedMs())
      if (due === undefined) break
      this.#send(due)
    }
    const nextMs = this.#isStopped ? undefined : this.#schedule.nextDueMs()
    if (nextMs === undefined && this.#open.size === 0) this.#finish()
    else if (nextMs !== undefined && this.#open.size < this.#connectionsMax) {
      this.#wake = setTimeout(() => this.#pump(), Math.min(Math.max(0, nextMs - this.#elapsedMs()), TIMER_MS_MAX))
    }
  }

  #send(due: Due): void {
    const request = this.#options.trace.requests[due.index] as TraceRequest
    const { api = 'chat', traceModels = false, ignoreEos = true } = this.#options
    const model = traceModels && request.model !== '' ? request.model : this.#model
    const body = bodyOf(request, { api, model, stream: this.#options.stream ?? request.stream, ignoreEos }, this.#answers)
    this.#answers.sent(
      due.index,
      request.prompt.segments.map(({ id }) => id),
    )
    const isWarm = due.index >= this.#warmFrom
    const answer = new Answer(this.#answers.wants(request.output.id), (ms) => {
      if (isWarm) this.#tally.gap(ms)
    })
    const exchange = this.#client.post(api === 'chat' ? '/chat/completions' : '/completions', body, answer)
    this.#sent += 1
    this.#open.add(exchange)
    this.#inFlightMax = Math.max(this.#inFlightMax, this.#open.size)
    void exchange.ended.then((ended) => {
      this.#open.delete(exchange)
      this.#tally.add({ request, isWarm, dueMs: this.#startMs + due.dueMs, ended, answer })
      this.#ended(due.index, request, ended, answer)
    })
  }

  #ended(index: number, request: TraceRequest, ended: Ended, answer: Answer): void {
    if (ended.outcome === 'completed' && answer.text !== '') this.#answers.keep(request.output.id, answer.text)
    this.#schedule.ended(index, ended.endMs - this.#startMs)
    this.#pump()
  }

  /** Nothing more is sent; after `graceMs` what is under way is aborted, undefined: never. */
  #stopSending(graceMs: number | undefined): void {
    this.#isStopped = true
    if (graceMs !== undefined && this.#grace === undefined) {
      this.#grace = setTimeout(() => {
        for (const exchange of this.#open) exchange.abort()
      }, graceMs)
    }
    this.#pump()
  }

  #finish(): void {
    this.#isOver = true
    clearInterval(this.#progress)
    for (const timer of [this.#wake, this.#deadline, this.#grace]) clearTimeout(timer)
    this.#options.signal?.removeEventListener('abort', this.#stop)
    this.#options.onProgress?.(this.#progressNow())
    const requests = this.#options.trace.requests.length
    this.#resolve(
      this.#tally.result({
        model: this.#model,
        requests,
        sent: this.#sent,
        durationMs: this.#elapsedMs(),
        inFlightMax: this.#inFlightMax,
      }),
    )
  }

  #elapsedMs(): number {
    return performance.now() - this.#startMs
  }

  #progressNow(): LoadProgress {
    return {
      elapsedMs: this.#elapsedMs(),
      total: this.#options.trace.requests.length,
      sent: this.#sent,
      inFlight: this.#open.size,
      completed: this.#tally.completed,
      failed: this.#tally.failed,
    }
  }
}
