import { assert, type Clock, type Random, seededRandom } from '@signalbox/base'
import type { EngineEvent } from '@signalbox/engine'
import { EventQueue, type QueuedEvent } from './event-queue.ts'
import { FeedDelay } from './feed-delay.ts'
import { fleetEngines } from './fleet.ts'
import { Flight } from './flight.ts'
import { Judge } from './judge.ts'
import { cachedTokensAt } from './oracle.ts'
import { Outcomes } from './outcomes.ts'
import { segmentTokens, tokensOf } from './prompt.ts'
import { PromptCache } from './prompt-cache.ts'
import { Gateway, Oracle, type Placement, type Router } from './router.ts'
import type { Failures, RunResult } from './run-result.ts'
import { summaryOf } from './run-summary.ts'
import { SimulatedEndpoint } from './simulated-endpoint.ts'
import type { EngineFailure, PolicyChoice, Progress, SimulationOptions } from './simulation-options.ts'
import type { Trace, TraceRequest } from './trace.ts'
import { ClosedTraffic, RecordedTraffic, type Traffic } from './traffic.ts'

const POLL_MS = 1000
/** SOURCE: design, "What happens when things go wrong". */
const ATTEMPTS_MAX = 3
const MODELS_MAX = 1000

const ARRIVAL = 0
const SUBMIT = 1
const STEP_END = 2
const READY = 3
const POLL = 4
const FEED = 5
const ENGINE_STOPS = 6
const ENGINE_STARTS = 7

/**
 * A trace, gateways with the real scheduler, and engines, in one virtual time: an event queue says what happens next, and the clock
 * jumps there. One thread, no timers; equal options give equal results.
 *
 *     arrival ─> gateway: pick ─(hopMs)─> engine ─steps─> tokens ─> gateway: first content, gaps, end ─> what follows
 *        ^          ^ polls, feed of siblings                │
 *        └──────────┴──────────── another attempt <── queue full, or the engine died before the first token
 *
 * Every request ends exactly once, completed or failed. `advance` runs in slices so that a caller can show progress and stop.
 */
export class Simulation {
  readonly #requests: readonly TraceRequest[]
  readonly #hopMs: number
  readonly #pollMs: number
  readonly #prompts: PromptCache
  readonly #queue = new EventQueue()
  readonly #clock: Clock = { nowMs: () => this.#nowMs }
  readonly #endpoints: readonly SimulatedEndpoint[]
  readonly #routers: readonly Router[]
  readonly #judge: Judge
  readonly #knowsAll: boolean
  readonly #feed: FeedDelay | undefined
  readonly #failures: readonly EngineFailure[]
  readonly #traffic: Traffic
  readonly #outcomes: Outcomes
  /** Of each request, drawn at the start: the same for every policy under one seed. */
  readonly #gatewayOf: Uint16Array
  readonly #isStreamed: Uint8Array
  readonly #flights: (Flight | undefined)[]
  readonly #event: QueuedEvent = { atMs: 0, kind: 0, subject: 0, tag: 0 }
  readonly #arrive = (index: number, atMs: number): void => {
    this.#arrivalsQueued += 1
    this.#queue.push(atMs, ARRIVAL, index)
  }
  #nowMs = 0
  #startMs = 0
  #lastEndMs = 0
  #arrivalsQueued = 0
  #flying = 0
  #retries = 0
  #predictedCachedTokens = 0
  #deliveredCachedTokens = 0
  #deliveredPromptTokens = 0

  constructor(options: SimulationOptions) {
    const { trace, policy, gateways } = options
    assert(gateways >= 1 && Number.isInteger(gateways), `${gateways} gateways`)
    assert(options.prompts === undefined || options.prompts.length === trace.requests.length, 'the prompts are of another trace')
    const random = seededRandom(options.seed)
    this.#requests = trace.requests
    this.#hopMs = options.hopMs ?? 0
    this.#pollMs = options.pollMs ?? POLL_MS
    this.#prompts = options.prompts ?? new PromptCache(trace)
    const models = modelsOf(trace)
    this.#endpoints = fleetEngines(options.fleet, derived(random)).map((plan) => new SimulatedEndpoint(plan, models))
    this.#judge = new Judge(this.#endpoints)
    this.#knowsAll = policy.kind === 'oracle'
    const { feed } = options
    if (feed !== undefined) this.#feed = new FeedDelay(() => this.#queue.push(this.#nowMs + feed.delayMs, FEED, 0))
    this.#routers = this.#newRouters(policy, gateways, random)
    this.#failures = options.failures ?? []
    const { closedLoop, unstreamedRatio = 0 } = options
    this.#traffic = closedLoop === undefined ? new RecordedTraffic(trace.requests) : new ClosedTraffic(trace.requests, closedLoop)
    this.#outcomes = new Outcomes(trace.requests.length, options.objectives)
    const draws = derived(random)
    this.#gatewayOf = Uint16Array.from(trace.requests, () => Math.floor(draws.next() * gateways))
    this.#isStreamed = Uint8Array.from(trace.requests, ({ stream }) => (draws.next() >= unstreamedRatio && stream ? 1 : 0))
    this.#flights = new Array<Flight | undefined>(trace.requests.length).fill(undefined)
    this.#begin(derived(random))
  }

  get progress(): Progress {
    return { done: this.#outcomes.done, total: this.#requests.length, virtualMs: this.#nowMs - this.#startMs }
  }

  /** Lets at most `eventsMax` events happen; false: every request has ended. */
  advance(eventsMax: number): boolean {
    for (let left = eventsMax; left > 0 && this.#outcomes.done < this.#requests.length; left -= 1) {
      assert(this.#queue.pop(this.#event), 'requests are under way and nothing is to happen')
      this.#nowMs = this.#event.atMs
      this.#happen(this.#event)
      if (this.#outcomes.done === this.#requests.length) this.#assertSettled()
    }
    return this.#outcomes.done < this.#requests.length
  }

  /** When requests were completed, earliest first, in milliseconds of the virtual clock. */
  completionTimesMs(): Float64Array {
    return this.#outcomes.completionTimesMs()
  }

  /** Of what has ended so far; of the whole trace once `advance` answered false. */
  result(): RunResult {
    return summaryOf({
      requests: this.#requests.length,
      virtualMs: this.#lastEndMs - this.#startMs,
      outcomes: this.#outcomes,
      endpoints: this.#endpoints,
      judge: this.#judge,
      retries: this.#retries,
      distinctTokens: this.#prompts.distinctTokens,
      predictedCachedTokens: this.#predictedCachedTokens,
      deliveredCachedTokens: this.#deliveredCachedTokens,
      deliveredPromptTokens: this.#deliveredPromptTokens,
    })
  }

  #newRouters(policy: PolicyChoice, gateways: number, random: Random): readonly Router[] {
    if (policy.kind === 'oracle') return Array.from({ length: gateways }, () => new Oracle(this.#judge))
    return Array.from({ length: gateways }, (_, number) => {
      const gateway = new Gateway({
        clock: this.#clock,
        random: derived(random),
        plugin: policy.plugin,
        parameters: policy.parameters,
        endpoints: this.#endpoints,
        prompts: this.#prompts,
        pollMs: this.#pollMs,
        feed: this.#feed?.outlet(number),
      })
      this.#feed?.join(gateway.scheduler)
      return gateway
    })
  }

  /** Everybody polls everybody at once, then on their turns; then the first requests come. */
  #begin(random: Random): void {
    const first = this.#traffic.nextMs
    this.#startMs = Number.isFinite(first) ? first : 0
    this.#nowMs = this.#startMs
    this.#lastEndMs = this.#startMs
    for (const { endpoint, atMs, forMs } of this.#failures) {
      assert(endpoint in this.#endpoints, `there is no endpoint ${endpoint} to fail`)
      this.#queue.push(Math.max(this.#startMs, atMs), ENGINE_STOPS, endpoint)
      this.#queue.push(Math.max(this.#startMs, atMs + forMs), ENGINE_STARTS, endpoint)
    }
    const { length } = this.#endpoints
    for (const [gateway, router] of this.#routers.entries()) {
      if (this.#knowsAll) break
      const phase = random.next()
      this.#endpoints.forEach((endpoint, place) => {
        router.poll(endpoint)
        this.#queue.push(this.#startMs + this.#pollMs * (1 + ((place / length + phase) % 1)), POLL, gateway * length + place)
      })
    }
    this.#traffic.start(this.#arrive)
  }

  #happen({ kind, subject, tag }: QueuedEvent): void {
    switch (kind) {
      case ARRIVAL:
        this.#arrived(subject)
        break
      case SUBMIT:
        this.#submit(this.#flight(subject))
        break
      case STEP_END:
        this.#endStep(subject, tag)
        break
      case READY:
        this.#step(subject)
        break
      case POLL:
        this.#poll(subject)
        break
      case FEED:
        this.#feed?.deliver()
        break
      case ENGINE_STOPS:
        this.#stopEngine(subject)
        break
      case ENGINE_STARTS:
        this.#endpoint(subject).start()
        break
      default:
        assert(false, `an event of kind ${kind}`)
    }
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

  // Requests

  #arrived(index: number): void {
    this.#arrivalsQueued -= 1
    this.#flying += 1
    this.#outcomes.arrived(index)
    const request = this.#requests[index] as TraceRequest
    const flight = new Flight({
      index,
      request,
      gateway: this.#gatewayOf[index] as number,
      stream: this.#isStreamed[index] === 1,
      arrivedMs: this.#nowMs,
      promptTokens: tokensOf(request.prompt),
      answerTokens: segmentTokens([request.output]),
    })
    this.#flights[index] = flight
    this.#router(flight).allowance.requested(this.#nowMs)
    this.#traffic.arrived(index, this.#arrive)
    this.#attempt(flight)
  }

  #attempt(flight: Flight): void {
    const isJudged = this.#knowsAll || this.#judge.samples(flight.index)
    if (isJudged) this.#judge.assess(flight, this.#nowMs)
    flight.bestCachedTokens = isJudged ? this.#judge.bestCachedTokens : Number.NaN
    const placement = this.#router(flight).place(flight)
    if (placement === undefined) {
      this.#failed(flight, flight.tried.length === 0 ? 'noEndpoint' : 'attemptsFailed')
      return
    }
    this.#placed(flight, placement)
    const cachedTokens = isJudged ? this.#judge.cost(placement.endpoint).cachedTokens : cachedTokensAt(this.#endpoint(placement.endpoint), flight)
    flight.expectCached(cachedTokens)
    if (isJudged) this.#outcomes.judged(flight.index, this.#judge.regretMs(placement.endpoint, flight.tried))
    if (this.#hopMs > 0) this.#queue.push(this.#nowMs + this.#hopMs, SUBMIT, flight.index)
    else this.#submit(flight)
  }

  #placed(flight: Flight, placement: Placement): void {
    flight.assignment = placement.assignment
    flight.endpoint = placement.endpoint
    flight.pickedMs = this.#nowMs
    flight.predictedTtftMs = placement.predictedTtftMs
    flight.predictedCachedTokens = placement.predictedCachedTokens
  }

  #submit(flight: Flight): void {
    const endpoint = this.#endpoint(flight.endpoint)
    if (!endpoint.isUp) {
      this.#attemptFailed(flight, { reason: 'connection refused', isFree: true })
      return
    }
    const submitted = endpoint.submit(flight, this.#nowMs)
    if (submitted.ok) this.#step(flight.endpoint)
    else if (submitted.error.code === 'too-long') {
      flight.assignment?.end({ kind: 'failed' })
      this.#failed(flight, 'tooLong')
    } else this.#attemptFailed(flight, { reason: submitted.error.message, isFree: false })
  }

  /** As the data plane does when an endpoint fails before the first byte. */
  #attemptFailed(flight: Flight, failed: { readonly reason: string; readonly isFree: boolean }): void {
    const router = this.#router(flight)
    const endpoint = this.#endpoint(flight.endpoint)
    router.attemptFailed(endpoint, failed.reason)
    flight.assignment?.end({ kind: 'failed' })
    flight.tried.push(endpoint.id)
    flight.forgetAttempt()
    if (flight.tried.length >= ATTEMPTS_MAX || !(failed.isFree || router.allowance.take(this.#nowMs))) {
      this.#failed(flight, 'attemptsFailed')
      return
    }
    this.#retries += 1
    this.#attempt(flight)
  }

  #failed(flight: Flight, reason: keyof Failures): void {
    this.#outcomes.failed(flight.index, reason, this.#nowMs)
    this.#left(flight)
  }

  #left(flight: Flight): void {
    this.#flights[flight.index] = undefined
    this.#flying -= 1
    this.#lastEndMs = this.#nowMs
    this.#traffic.ended(flight.index, this.#nowMs, this.#arrive)
  }

  // Engines

  /** Starts a step where none is under way, or waits for the moment when one can be. */
  #step(place: number): void {
    const endpoint = this.#endpoint(place)
    if (!endpoint.isUp || endpoint.isStepping) return
    const durationMs = endpoint.begin(this.#nowMs)
    if (durationMs !== undefined) {
      this.#queue.push(this.#nowMs + durationMs, STEP_END, place, endpoint.life)
      return
    }
    const readyMs = endpoint.engine.readyAtMs()
    if (readyMs !== undefined) this.#queue.push(Math.max(this.#nowMs, readyMs), READY, place)
  }

  #endStep(place: number, life: number): void {
    const endpoint = this.#endpoint(place)
    if (life !== endpoint.life) return
    let ended = 0
    for (const event of endpoint.endStep(this.#nowMs)) {
      const flight = this.#flight(Number(event.id))
      if (event.type === 'token') this.#generated(flight, endpoint)
      else {
        this.#completed(flight, endpoint, event, ended)
        ended += 1
      }
    }
    this.#step(place)
  }

  #generated(flight: Flight, endpoint: SimulatedEndpoint): void {
    const nowMs = this.#nowMs
    if (flight.generatedTokens === 0) {
      flight.firstTokenMs = nowMs
      endpoint.started(flight)
      if (flight.stream) flight.assignment?.firstContent()
    } else if (flight.stream) flight.assignment?.contentGap(nowMs - flight.lastTokenMs)
    flight.generatedTokens += 1
    flight.lastTokenMs = nowMs
    endpoint.generated()
  }

  #completed(flight: Flight, endpoint: SimulatedEndpoint, event: EngineEvent & { readonly type: 'finish' }, order: number): void {
    const finished = endpoint.finished[order]
    assert(finished !== undefined && event.outputTokens === flight.answerTokens.length, `request ${flight.id} ended before its answer did`)
    endpoint.ended(flight)
    // Of an answer that is not streamed a gateway sees the first byte when it is complete.
    if (!flight.stream) flight.assignment?.firstContent()
    const promptTokens = flight.prompt.tokens
    flight.assignment?.end({ kind: 'finished', promptTokens, completionTokens: event.outputTokens, cachedTokens: event.cachedTokens })
    this.#predictedCachedTokens += flight.predictedCachedTokens
    this.#deliveredCachedTokens += event.cachedTokens
    this.#deliveredPromptTokens += promptTokens
    this.#judge.settled(flight)
    this.#outcomes.completed(flight.index, {
      arrivedMs: flight.arrivedMs,
      endedMs: this.#nowMs,
      firstTokenMs: flight.stream ? flight.firstTokenMs : Number.NaN,
      queueMs: finished.firstScheduledMs - finished.arrivalMs,
      pickedMs: flight.pickedMs,
      predictedTtftMs: flight.predictedTtftMs,
      outputTokens: event.outputTokens,
    })
    this.#left(flight)
  }

  /** The process dies: a stream that has begun is cut, what has shown nothing yet is tried elsewhere. */
  #stopEngine(place: number): void {
    const endpoint = this.#endpoint(place)
    if (!endpoint.isUp) return
    for (const flight of endpoint.stop()) {
      const reason = 'connection reset'
      if (!flight.stream || flight.generatedTokens === 0) this.#attemptFailed(flight, { reason, isFree: false })
      else {
        this.#router(flight).attemptFailed(endpoint, reason)
        flight.assignment?.end({ kind: 'failed' })
        this.#failed(flight, 'cutShort')
      }
    }
  }

  /** One poll, and the next one an interval later; while nothing can happen, polls that nobody would look at are left out. */
  #poll(subject: number): void {
    const { length } = this.#endpoints
    this.#router({ gateway: Math.floor(subject / length) }).poll(this.#endpoint(subject % length))
    const isQuiet = this.#flying === 0 && this.#arrivalsQueued <= 1
    const quietPolls = isQuiet ? Math.floor((this.#traffic.nextMs - this.#nowMs) / this.#pollMs) - 1 : 0
    this.#queue.push(this.#nowMs + this.#pollMs * Math.max(1, Number.isFinite(quietPolls) ? quietPolls : 1), POLL, subject)
  }

  #flight(index: number): Flight {
    const flight = this.#flights[index]
    assert(flight !== undefined, `request ${index} is not under way`)
    return flight
  }

  #endpoint(place: number): SimulatedEndpoint {
    const endpoint = this.#endpoints[place]
    assert(endpoint !== undefined, `there is no endpoint ${place}`)
    return endpoint
  }

  #router({ gateway }: { readonly gateway: number }): Router {
    const router = this.#routers[gateway]
    assert(router !== undefined, `there is no gateway ${gateway}`)
    return router
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
