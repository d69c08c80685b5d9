import type { Clock, Result } from '@signalbox/base'
import type { EndpointSpec, EngineState } from '@signalbox/scheduler'
import { EndpointProbe } from './endpoint-probe.ts'
import type { HttpGet, Log, PollFailure, PollListener, PollResult } from './poller-ports.ts'

export interface EndpointPollerOptions {
  readonly scheduler: PollListener
  readonly clock: Clock
  /** Between two polls of one endpoint. */
  readonly intervalMs: number
  /** For one poll; below the interval, so that polls of one endpoint never wait for each other. */
  readonly timeoutMs: number
  readonly get: HttpGet
  readonly log: Log
  /** Hears how long each poll took, whatever came of it. */
  readonly polled: (endpoint: string, seconds: number, result: PollResult) => void
}

/**
 * Polls every endpoint once an interval and tells the scheduler. The polls are spread over the interval by the endpoints' order,
 * an endpoint has at most one poll under way, and slots that pass meanwhile are left out. What a poll finds after its
 * endpoint was removed, or after `stop`, is dropped.
 */
export class EndpointPoller {
  readonly #options: EndpointPollerOptions
  readonly #loops = new Map<string, PollLoop>()
  #isRunning = false

  constructor(options: EndpointPollerOptions) {
    this.#options = options
  }

  /** The endpoints to poll from now on; those that stay keep their turn, new ones are polled at once. */
  setEndpoints(specs: readonly EndpointSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.id, spec]))
    for (const [id, loop] of this.#loops) {
      if (wanted.get(id)?.url === loop.spec.url) continue
      loop.stop()
      this.#loops.delete(id)
    }
    specs.forEach((spec, i) => {
      if (this.#loops.has(spec.id)) return
      const loop = new PollLoop(spec, this.#options)
      this.#loops.set(spec.id, loop)
      if (this.#isRunning) void loop.start(i / specs.length)
    })
  }

  /** Polls every endpoint at once, then on its turn. Resolves after the first poll of each, at most one timeout later. */
  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    let i = 0
    await Promise.all([...this.#loops.values()].map((loop) => loop.start(i++ / this.#loops.size)))
  }

  /** Ends all polls; `start` begins anew. */
  stop(): void {
    this.#isRunning = false
    for (const loop of this.#loops.values()) loop.stop()
  }
}

/** The polls of one endpoint, on a grid of its own: `first + n × interval`. */
class PollLoop {
  readonly spec: EndpointSpec
  readonly #options: EndpointPollerOptions
  readonly #probe: EndpointProbe
  #timer: NodeJS.Timeout | undefined
  /** Grows with each start and stop: a poll of an earlier life is dropped. */
  #life = 0
  #lastReason: string | undefined

  constructor(spec: EndpointSpec, options: EndpointPollerOptions) {
    this.spec = spec
    this.#options = options
    this.#probe = new EndpointProbe({ url: spec.url, timeoutMs: options.timeoutMs, get: options.get, clock: options.clock })
  }

  /** The first poll begins now and the second one interval later and `turn` (0..1) of another. Resolves when the first has reported. */
  start(turn: number): Promise<void> {
    this.#life += 1
    const { clock, intervalMs } = this.#options
    return this.#poll(clock.nowMs() + turn * intervalMs, this.#life)
  }

  stop(): void {
    this.#life += 1
    clearTimeout(this.#timer)
  }

  /** One poll, then the wait for the next slot of the grid that `dueMs` lies on. Never rejects. */
  async #poll(dueMs: number, life: number): Promise<void> {
    const { clock, intervalMs, log } = this.#options
    const startedMs = clock.nowMs()
    const result = await this.#probe.poll().catch((error: unknown): Result<EngineState, PollFailure> => {
      log('error', 'poll broke', { endpoint: this.spec.id, error: String(error) })
      return { ok: false, error: { reason: 'the poll broke; see the log', unreachable: false } }
    })
    if (life !== this.#life) return
    this.#report(result, startedMs)
    const passed = Math.max(0, Math.floor((clock.nowMs() - dueMs) / intervalMs))
    const nextMs = dueMs + (passed + 1) * intervalMs
    this.#timer = setTimeout(() => void this.#poll(nextMs, life), Math.max(0, nextMs - clock.nowMs()))
  }

  #report(result: Result<EngineState, PollFailure>, startedMs: number): void {
    const { scheduler, log, clock, polled } = this.#options
    const endpoint = this.spec.id
    polled(endpoint, (clock.nowMs() - startedMs) / 1000, result.ok ? 'ok' : result.error.notUnderstood === true ? 'not-understood' : 'failed')
    if (result.ok) scheduler.stateObserved(endpoint, result.value, startedMs)
    else scheduler.stateFailed(endpoint, result.error.reason, result.error.unreachable)
    // Changes only: an endpoint that stays away must not fill the log.
    const reason = result.ok ? undefined : result.error.reason
    if (reason !== undefined && reason !== this.#lastReason) log('warn', `endpoint does not answer polls: ${reason}`, { endpoint })
    else if (reason === undefined && this.#lastReason !== undefined) log('info', 'endpoint answers polls again', { endpoint })
    this.#lastReason = reason
  }
}
