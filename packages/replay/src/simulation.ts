import { assert, type Random, seededRandom } from '@signalbox/base'
import { Agenda, type Happenings } from './agenda.ts'
import { DataPlane } from './data-plane.ts'
import { FeedDelay } from './feed-delay.ts'
import { fleetEngines } from './fleet.ts'
import { Judge } from './judge.ts'
import { Outcomes } from './outcomes.ts'
import { PromptCache } from './prompt-cache.ts'
import { Gateway, Oracle, type Router } from './router.ts'
import type { RunResult } from './run-result.ts'
import { summaryOf } from './run-summary.ts'
import { SimulatedEndpoint } from './simulated-endpoint.ts'
import type { Progress, SimulationOptions } from './simulation-options.ts'
import type { Trace } from './trace.ts'
import { ClosedTraffic, RecordedTraffic, type Traffic } from './traffic.ts'

const POLL_MS = 1000
const MODELS_MAX = 1000

/**
 * A trace, gateways with the real scheduler, and engines, in one virtual time: an agenda says what happens next, and the clock jumps
 * there. One thread, no timers; equal options give equal results.
 *
 *     arrival ─> gateway: pick ─(hopMs)─> engine ─steps─> tokens ─> gateway: first content, gaps, end ─> what follows
 *        ^          ^ polls, feed of siblings                │
 *        └──────────┴──────────── another attempt <── queue full, or the engine died before the first token
 *
 * Every request ends exactly once, completed or failed. `advance` runs in slices so that a caller can show progress and stop.
 */
export class Simulation {
  readonly #total: number
  readonly #startMs: number
  readonly #pollMs: number
  readonly #prompts: PromptCache
  readonly #agenda: Agenda
  readonly #endpoints: readonly SimulatedEndpoint[]
  readonly #judge: Judge
  readonly #feed: FeedDelay | undefined
  readonly #routers: readonly Router[]
  readonly #traffic: Traffic
  readonly #outcomes: Outcomes
  readonly #dataPlane: DataPlane
  readonly #happenings: Happenings

  constructor(options: SimulationOptions) {
    const { trace, policy, gateways, closedLoop, feed } = options
    const { requests } = trace
    assert(gateways >= 1 && Number.isInteger(gateways), `${gateways} gateways`)
    assert(options.prompts === undefined || options.prompts.length === requests.length, 'the prompts are of another trace')
    // Drawn in one order whatever the policy, so that all policies meet the same fleet and the same requests under one seed.
    const random = seededRandom(options.seed)
    const [speeds, draws, phases, choices] = [derived(random), derived(random), derived(random), derived(random)]
    this.#total = requests.length
    this.#pollMs = options.pollMs ?? POLL_MS
    this.#prompts = options.prompts ?? new PromptCache(trace)
    this.#traffic = closedLoop === undefined ? new RecordedTraffic(requests) : new ClosedTraffic(requests, closedLoop)
    this.#startMs = Number.isFinite(this.#traffic.nextMs) ? this.#traffic.nextMs : 0
    this.#agenda = new Agenda(this.#startMs)
    const models = modelsOf(trace)
    this.#endpoints = fleetEngines(options.fleet, speeds).map((plan) => new SimulatedEndpoint(plan, models))
    this.#judge = new Judge(this.#endpoints)
    if (feed !== undefined) this.#feed = new FeedDelay(() => this.#agenda.message(this.#agenda.nowMs() + feed.delayMs))
    this.#routers = Array.from({ length: gateways }, (_, place) => this.#newRouter(options, place, choices))
    this.#outcomes = new Outcomes(requests.length, options.objectives)
    this.#dataPlane = new DataPlane({
      requests,
      agenda: this.#agenda,
      traffic: this.#traffic,
      routers: this.#routers,
      endpoints: this.#endpoints,
      judge: this.#judge,
      judgesAll: policy.kind === 'oracle',
      outcomes: this.#outcomes,
      gatewayOf: Uint16Array.from(requests, () => Math.floor(draws.next() * gateways)),
      isStreamed: Uint8Array.from(requests, ({ stream }) => (draws.next() >= (options.unstreamedRatio ?? 0) && stream ? 1 : 0)),
      hopMs: options.hopMs ?? 0,
    })
    this.#happenings = this.#whatHappens()
    this.#noteFailures(options)
    if (policy.kind === 'scheduler') this.#startPolls(phases)
    this.#dataPlane.start()
  }

  get progress(): Progress {
    return { done: this.#outcomes.done, total: this.#total, virtualMs: this.#agenda.nowMs() - this.#startMs }
  }

  /** Lets at most `eventsMax` events happen; false: every request has ended. */
  advance(eventsMax: number): boolean {
    for (let left = eventsMax; left > 0 && this.#outcomes.done < this.#total; left -= 1) {
      this.#agenda.next(this.#happenings)
      if (this.#outcomes.done === this.#total) this.#assertSettled()
    }
    return this.#outcomes.done < this.#total
  }

  /** When requests were completed, earliest first, in milliseconds of the virtual clock. */
  completionTimesMs(): Float64Array {
    return this.#outcomes.completionTimesMs()
  }

  /** Of what has ended so far; of the whole trace once `advance` answered false. */
  result(): RunResult {
    const { endMs, retries, predictedCachedTokens, deliveredCachedTokens, deliveredPromptTokens } = this.#dataPlane
    return summaryOf({
      requests: this.#total,
      virtualMs: endMs - this.#startMs,
      outcomes: this.#outcomes,
      endpoints: this.#endpoints,
      judge: this.#judge,
      retries,
      distinctTokens: this.#prompts.distinctTokens,
      predictedCachedTokens,
      deliveredCachedTokens,
      deliveredPromptTokens,
    })
  }

  #newRouter({ policy }: SimulationOptions, place: number, random: Random): Router {
    if (policy.kind === 'oracle') return new Oracle(this.#judge)
    const gateway = new Gateway({
      clock: this.#agenda,
      random: derived(random),
      plugin: policy.plugin,
      parameters: policy.parameters,
      endpoints: this.#endpoints,
      prompts: this.#prompts,
      pollMs: this.#pollMs,
      feed: this.#feed?.outlet(place),
    })
    this.#feed?.join(gateway.scheduler)
    return gateway
  }

  #whatHappens(): Happenings {
    const plane = this.#dataPlane
    return {
      arrived: (request) => plane.arrived(request),
      reachedEngine: (request) => plane.reachedEngine(request),
      stepEnded: (endpoint, life) => plane.stepEnded(endpoint, life),
      engineReady: (endpoint) => plane.engineReady(endpoint),
      engineStops: (endpoint) => plane.engineStops(endpoint),
      engineStarts: (endpoint) => this.#endpoints[endpoint]?.start(),
      pollDue: (endpoint, gateway) => this.#poll(endpoint, gateway),
      messageDue: () => this.#feed?.deliver(),
    }
  }

  #noteFailures({ failures = [] }: SimulationOptions): void {
    for (const { endpoint, atMs, forMs } of failures) {
      assert(endpoint in this.#endpoints, `there is no endpoint ${endpoint} to fail`)
      this.#agenda.engineStop(atMs, endpoint)
      this.#agenda.engineStart(atMs + forMs, endpoint)
    }
  }

  /** Everybody polls everybody at once, and then on turns that the endpoint's place and the gateway's phase decide. */
  #startPolls(random: Random): void {
    const { length } = this.#endpoints
    this.#routers.forEach((router, gateway) => {
      const phase = random.next()
      this.#endpoints.forEach((endpoint, place) => {
        router.poll(endpoint)
        this.#agenda.poll(this.#startMs + this.#pollMs * (1 + ((place / length + phase) % 1)), place, gateway)
      })
    })
  }

  /** One poll, and the next one an interval later; while nothing can happen, polls that nobody would look at are left out. */
  #poll(place: number, gateway: number): void {
    const endpoint = this.#endpoints[place]
    assert(endpoint !== undefined, `there is no endpoint ${place}`)
    this.#routers[gateway]?.poll(endpoint)
    const nowMs = this.#agenda.nowMs()
    // The one arrival that may be ahead is then the next of the trace.
    const isQuiet = this.#dataPlane.flying === 0 && this.#agenda.arrivalsAhead <= 1
    const quietPolls = isQuiet ? Math.floor((this.#traffic.nextMs - nowMs) / this.#pollMs) - 1 : 0
    this.#agenda.poll(nowMs + this.#pollMs * Math.max(1, Number.isFinite(quietPolls) ? quietPolls : 1), place, gateway)
  }

  /** Once every request has ended nothing may be left anywhere: no sequence or block in an engine, no reservation in a gateway. */
  #assertSettled(): void {
    this.#feed?.deliverAll()
    for (const { id, engine } of this.#endpoints) {
      const left = engine.running + engine.waiting + engine.heldBlocks
      assert(left === 0, `${left} requests and blocks are left in ${id}`)
    }
    this.#routers.forEach((router, gateway) => {
      assert(router.inFlight === 0, `${router.inFlight} reservations are left in gateway ${gateway}`)
    })
  }
}

/** Random numbers of their own for one part, so that what one part draws changes nothing elsewhere. */
function derived(random: Random): Random {
  return seededRandom(Math.floor(random.next() * 2 ** 32))
}

/** What engines say they serve: every model of the trace; none, so that any name is tried, when those are too many. */
function modelsOf(trace: Trace): readonly string[] {
  const models = new Set(trace.requests.map(({ model }) => model))
  return models.size > MODELS_MAX ? [] : [...models]
}
