import { type Clock, failure, ok, type Result } from '@signalbox/base'
import { dashboard, fleetQuestions } from '@signalbox/dashboards'
import type { HttpGet, HttpPage } from './ports.ts'
import { jsonReply, type Reply } from './reply.ts'
import type { StoreContents } from './store-contents.ts'
import type { TargetSet } from './target-set.ts'

interface GatewayAccess {
  /** Base address of the gateway's admin port. Undefined: there is no gateway of ours to ask. */
  readonly adminUrl: string | undefined
  /** Goes to the gateway and nowhere else. */
  readonly token: string | undefined
}

export interface ConsoleApiDeps {
  readonly get: HttpGet
  readonly clock: Clock
  readonly targets: TargetSet
  readonly contents: StoreContents
  readonly gateway: GatewayAccess
  readonly demo: DemoFlags
  /** Port of the gateway's data plane, for the request to try; null: not known. */
  readonly apiPort: number | null
  /** What is wrong with where samples are kept, in a sentence; undefined: nothing. */
  readonly storeProblem: () => string | undefined
  readonly version: string
}

/** What the fleet view says about made-up parts, so that nobody takes them for a real fleet. */
export interface DemoFlags {
  readonly simulatedEngines: number
  readonly traffic: boolean
}

/** The console polls every few seconds: a gateway that takes longer is as good as away. */
const GATEWAY_TIMEOUT_MS = 2_000

/** The verdict looks at the last five minutes. */
const VERDICT_SECONDS = 300

/** A thousand decision records with their candidates are about 2 MB. */
const GATEWAY_BODY_BYTES_MAX = 16 * 1024 * 1024

/** Rate windows of panels, at least; wider where scrapes are rarer. */
const WINDOW_SECONDS_MIN = 60

/** Scrapes that a rate window holds at least, so that one late or lost scrape leaves two samples. */
const WINDOW_SCRAPES = 4

/** Answers of the gateway that are for the console as they are: found, a bad filter, no such decision. */
const PASSED_ON: ReadonlySet<number> = new Set([200, 400, 404])

/** The console's server side, without its `/api/console/` prefix: the browser talks to the monitor only, and holds no token. */
export class ConsoleApi {
  readonly #deps: ConsoleApiDeps

  constructor(deps: ConsoleApiDeps) {
    this.#deps = deps
  }

  /** Undefined when there is nothing under `path`. */
  async handle(path: string, parameters: URLSearchParams): Promise<Reply | undefined> {
    if (path === 'fleet') return this.#fleet()
    if (path === 'dashboard') return this.#dashboard(parameters.get('model') ?? '')
    if (path === 'models') return jsonReply(200, { models: await this.#deps.contents.models() })
    if (path === 'decisions') return this.#decisions(`/debug/decisions?${parameters.toString()}`)
    const id = /^decisions\/([^/]+)$/.exec(path)?.[1]
    return id === undefined ? undefined : this.#decisions(`/debug/decisions/${id}`)
  }

  async #fleet(): Promise<Reply> {
    const { apiPort, clock, contents, demo, storeProblem, targets, version } = this.#deps
    const [answer, spoken] = await Promise.all([this.#ask('/debug/endpoints'), contents.spoken()])
    const said = answer.ok ? objectOf(answer.value) : answer
    const gateway = said.ok ? { ...said.value, reachable: true, error: null } : { reachable: false, error: said.error }
    return jsonReply(200, {
      nowMs: clock.nowMs(),
      demo,
      version,
      apiPort,
      storeProblem: storeProblem() ?? null,
      gateway,
      targets: targets.views(),
      questions: fleetQuestions({ ...spoken, model: '', window: `${VERDICT_SECONDS}s` }),
    })
  }

  async #dashboard(model: string): Promise<Reply> {
    const windowSeconds = Math.max(WINDOW_SECONDS_MIN, Math.ceil((this.#deps.targets.limits.intervalMs * WINDOW_SCRAPES) / 1000))
    const spoken = await this.#deps.contents.spoken()
    return jsonReply(200, { panels: dashboard({ ...spoken, model, window: `${windowSeconds}s` }) })
  }

  async #decisions(path: string): Promise<Reply> {
    const answer = await this.#ask(path)
    if (!answer.ok) return jsonReply(502, { error: { message: answer.error } })
    const { status, body } = answer.value
    if (!PASSED_ON.has(status)) return jsonReply(502, { error: { message: refusal(status) } })
    return { status, contentType: 'application/json', headers: { 'cache-control': 'no-store' }, body }
  }

  /** Any answer of the gateway, or in words why there is none. */
  async #ask(path: string): Promise<Result<HttpPage, string>> {
    const { adminUrl, token } = this.#deps.gateway
    if (adminUrl === undefined) return failure('no gateway is configured')
    const answer = await this.#deps.get({
      url: `${adminUrl}${path}`,
      headers: { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      timeoutMs: GATEWAY_TIMEOUT_MS,
      bodyBytesMax: GATEWAY_BODY_BYTES_MAX,
    })
    return answer.ok ? answer : failure(`${new URL(adminUrl).host}: ${answer.error.message}`)
  }
}

function objectOf(page: HttpPage): Result<object, string> {
  if (page.status !== 200) return failure(refusal(page.status))
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(page.body))
    return typeof value === 'object' && value !== null ? ok(value) : failure("the gateway's answer is not an object")
  } catch {
    return failure("the gateway's answer is not JSON: is its admin address right?")
  }
}

function refusal(status: number): string {
  if (status === 401 || status === 403) return `the gateway refuses the monitor's token (HTTP status ${status})`
  return `the gateway answered with HTTP status ${status}`
}
