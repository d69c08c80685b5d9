import { assert } from '@signalbox/base'
import type { EngineEvent } from '@signalbox/engine'
import type { Agenda } from './agenda.ts'
import { Flight } from './flight.ts'
import type { Judge } from './judge.ts'
import { cachedTokensAt } from './oracle.ts'
import type { Outcomes } from './outcomes.ts'
import { segmentTokens, tokensOf } from './prompt.ts'
import type { Placement, Router } from './router.ts'
import type { Failures } from './run-result.ts'
import type { SimulatedEndpoint } from './simulated-endpoint.ts'
import type { TraceRequest } from './trace.ts'
import type { Traffic } from './traffic.ts'

/** SOURCE: design, "What happens when things go wrong". */
const ATTEMPTS_MAX = 3

/** Between whom requests go, and by which rules. */
export interface DataPlaneDeps {
  readonly requests: readonly TraceRequest[]
  readonly agenda: Agenda
  readonly traffic: Traffic
  readonly routers: readonly Router[]
  readonly endpoints: readonly SimulatedEndpoint[]
  readonly judge: Judge
  /** Every decision is judged, because the judge decides. */
  readonly judgesAll: boolean
  readonly outcomes: Outcomes
  /** Of each request: the gateway that it comes to, and whether it is streamed (1) or not (0). */
  readonly gatewayOf: Uint16Array
  readonly isStreamed: Uint8Array
  /** From choice to engine. */
  readonly hopMs: number
}

/**
 * Requests on their way between gateways and engines: each goes through what the gateway's exchange would take it through, attempt
 * by attempt, until it is completed or has failed.
 */
export class DataPlane {
  /** Attempts after the first. */
  retries = 0
  /** Sums over completed requests. */
  predictedCachedTokens = 0
  deliveredCachedTokens = 0
  deliveredPromptTokens = 0
  /** When the last request so far ended. */
  endMs: number
  readonly #requests: readonly TraceRequest[]
  readonly #agenda: Agenda
  readonly #traffic: Traffic
  readonly #routers: readonly Router[]
  readonly #endpoints: readonly SimulatedEndpoint[]
  readonly #judge: Judge
  readonly #judgesAll: boolean
  readonly #outcomes: Outcomes
  readonly #gatewayOf: Uint16Array
  readonly #isStreamed: Uint8Array
  readonly #hopMs: number
  readonly #flights: (Flight | undefined)[]
  readonly #arrive = (index: number, atMs: number): void => this.#agenda.arrival(atMs, index)
  #flying = 0

  constructor(deps: DataPlaneDeps) {
    this.#requests = deps.requests
    this.#agenda = deps.agenda
    this.#traffic = deps.traffic
    this.#routers = deps.routers
    this.#endpoints = deps.endpoints
    this.#judge = deps.judge
    this.#judgesAll = deps.judgesAll
    this.#outcomes = deps.outcomes
    this.#gatewayOf = deps.gatewayOf
    this.#isStreamed = deps.isStreamed
    this.#hopMs = deps.hopMs
    this.#flights = new Array<Flight | undefined>(deps.requests.length).fill(undefined)
    this.endMs = deps.agenda.nowMs()
  }

  /** Requests under way. */
  get flying(): number {
    return this.#flying
  }

  /** The first requests are noted on the agenda. */
  start(): void {
    this.#traffic.start(this.#arrive)
  }

  // Requests

  /** A client sends request `index` of the trace. */
  arrived(index: number): void {
    this.#flying += 1
    this.#outcomes.arrived(index)
    const request = this.#requests[index] as TraceRequest
    const flight = new Flight({
      index,
      request,
      gateway: this.#gatewayOf[index] as number,
      stream: this.#isStreamed[index] === 1,
      arrivedMs: this.#agenda.nowMs(),
      promptTokens: tokensOf(request.prompt),
      answerTokens: segmentTokens([request.output]),
    })
    this.#flights[index] = flight
    this.#router(flight).allowance.requested(this.#agenda.nowMs())
    this.#traffic.arrived(index, this.#arrive)
    this.#attempt(flight)
  }

  #attempt(flight: Flight): void {
    const isJudged = this.#judgesAll || this.#judge.samples(flight.index)
    if (isJudged) this.#judge.assess(flight, this.#agenda.nowMs())
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
    if (this.#hopMs > 0) this.#agenda.atEngine(this.#agenda.nowMs() + this.#hopMs, flight.index)
    else this.#submit(flight)
  }

  #placed(flight: Flight, placement: Placement): void {
    flight.assignment = placement.assignment
    flight.endpoint = placement.endpoint
    flight.pickedMs = this.#agenda.nowMs()
    flight.predictedTtftMs = placement.predictedTtftMs
    flight.predictedCachedTokens = placement.predictedCachedTokens
  }

  /** A dispatched request has made its way. */
  reachedEngine(index: number): void {
    this.#submit(this.#flight(index))
  }

  #submit(flight: Flight): void {
    const endpoint = this.#endpoint(flight.endpoint)
    if (!endpoint.isUp) {
      this.#attemptFailed(flight, { reason: 'connection refused', isFree: true })
      return
    }
    const submitted = endpoint.submit(flight, this.#agenda.nowMs())
    if (submitted.ok) this.engineReady(flight.endpoint)
    else if (submitted.error.code === 'too-long') {
      flight.assignment?.end({ kind: 'failed' })
      this.#failed(flight, 'tooLong')
    } else this.#attemptFailed(flight, { reason: submitted.error.message, isFree: false })
  }

  /** As the gateway does when an endpoint fails before the first byte. */
  #attemptFailed(flight: Flight, failed: { readonly reason: string; readonly isFree: boolean }): void {
    const router = this.#router(flight)
    const endpoint = this.#endpoint(flight.endpoint)
    router.attemptFailed(endpoint, failed.reason)
    flight.assignment?.end({ kind: 'failed' })
    flight.tried.push(endpoint.id)
    flight.forgetAttempt()
    if (flight.tried.length >= ATTEMPTS_MAX || !(failed.isFree || router.allowance.take(this.#agenda.nowMs()))) {
      this.#failed(flight, 'attemptsFailed')
      return
    }
    this.retries += 1
    this.#attempt(flight)
  }

  #failed(flight: Flight, reason: keyof Failures): void {
    this.#outcomes.failed(flight.index, reason, this.#agenda.nowMs())
    this.#left(flight)
  }

  #left(flight: Flight): void {
    this.#flights[flight.index] = undefined
    this.#flying -= 1
    this.endMs = this.#agenda.nowMs()
    this.#traffic.ended(flight.index, this.#agenda.nowMs(), this.#arrive)
  }

  // Engines

  /** Starts a step where none is under way, or waits for the moment when one can be. */
  engineReady(place: number): void {
    const endpoint = this.#endpoint(place)
    if (!endpoint.isUp || endpoint.isStepping) return
    const durationMs = endpoint.begin(this.#agenda.nowMs())
    if (durationMs !== undefined) {
      this.#agenda.stepEnd(this.#agenda.nowMs() + durationMs, place, endpoint.life)
      return
    }
    const readyMs = endpoint.engine.readyAtMs()
    if (readyMs !== undefined) this.#agenda.engineReady(readyMs, place)
  }

  /** The step that began in this life of the engine is over. */
  stepEnded(place: number, life: number): void {
    const endpoint = this.#endpoint(place)
    if (life !== endpoint.life) return
    let ended = 0
    for (const event of endpoint.endStep(this.#agenda.nowMs())) {
      const flight = this.#flight(Number(event.id))
      if (event.type === 'token') this.#generated(flight, endpoint)
      else {
        this.#completed(flight, endpoint, event, ended)
        ended += 1
      }
    }
    this.engineReady(place)
  }

  #generated(flight: Flight, endpoint: SimulatedEndpoint): void {
    const nowMs = this.#agenda.nowMs()
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
    this.predictedCachedTokens += flight.predictedCachedTokens
    this.deliveredCachedTokens += event.cachedTokens
    this.deliveredPromptTokens += promptTokens
    this.#judge.settled(flight)
    this.#outcomes.completed(flight.index, {
      arrivedMs: flight.arrivedMs,
      endedMs: this.#agenda.nowMs(),
      firstTokenMs: flight.stream ? flight.firstTokenMs : Number.NaN,
      queueMs: finished.firstScheduledMs - finished.arrivalMs,
      pickedMs: flight.pickedMs,
      predictedTtftMs: flight.predictedTtftMs,
      outputTokens: event.outputTokens,
    })
    this.#left(flight)
  }

  /** The process dies: a stream that has begun is cut, what has shown nothing yet is tried elsewhere. */
  engineStops(place: number): void {
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
