import type { Clock, Random } from '@signalbox/base'
import { type Assignment, type EndpointSpec, type PolicyPlugin, Scheduler, type SchedulerDeps } from '@signalbox/scheduler'
import type { Flight } from './flight.ts'
import type { Judge } from './judge.ts'
import type { PromptCache } from './prompt-cache.ts'
import { RetryAllowance } from './retry-allowance.ts'
import type { SimulatedEndpoint } from './simulated-endpoint.ts'

/** Where a request goes, and what is expected of it there. */
export interface Placement {
  readonly endpoint: number
  /** Undefined: whoever chose keeps no books. */
  readonly assignment: Assignment | undefined
  readonly predictedTtftMs: number
  readonly predictedCachedTokens: number
}

/** What stands between clients and engines: a gateway, or somebody who knows everything. */
export interface Router {
  /** How many retries are left. */
  readonly allowance: RetryAllowance
  /** Requests that it believes to be under way, over all endpoints. */
  readonly inFlight: number
  /** Undefined: no endpoint can take it. */
  place(flight: Flight): Placement | undefined
  /** One poll of an endpoint, which may be down. */
  poll(endpoint: SimulatedEndpoint): void
  /** A dispatched request failed there. */
  attemptFailed(endpoint: SimulatedEndpoint, reason: string): void
}

export interface GatewayDeps {
  readonly clock: Clock
  readonly random: Random
  readonly plugin: PolicyPlugin
  readonly parameters: unknown
  readonly endpoints: readonly SimulatedEndpoint[]
  readonly prompts: PromptCache
  readonly pollMs: number
  readonly feed: SchedulerDeps['feed']
}

/** A gateway: the real scheduler, driven as the data plane drives it. */
export class Gateway implements Router {
  readonly scheduler: Scheduler
  readonly allowance = new RetryAllowance()
  readonly #clock: Clock
  readonly #prompts: PromptCache
  readonly #places = new Map<string, number>()

  constructor(deps: GatewayDeps) {
    const { clock, random, endpoints, feed } = deps
    this.#clock = clock
    this.#prompts = deps.prompts
    const slots = Math.min(...endpoints.map(({ engine }) => engine.options.sequencesMax))
    const policy = deps.plugin.create(deps.parameters, { random })
    this.scheduler = new Scheduler({ pollIntervalMs: deps.pollMs, slots }, { clock, random, policy, ...(feed === undefined ? {} : { feed }) })
    const specs = endpoints.map(({ id }): EndpointSpec => ({ id, url: `http://${id}`, simulated: true }))
    specs.forEach(({ id }, place) => {
      this.#places.set(id, place)
    })
    this.scheduler.setEndpoints(specs)
  }

  get inFlight(): number {
    return this.scheduler.endpoints().reduce((sum, { inFlight }) => sum + inFlight, 0)
  }

  place(flight: Flight): Placement | undefined {
    const { request } = flight
    const { bytes, hashes } = this.#prompts.scanned(flight.index)
    const picked = this.scheduler.pick(
      {
        id: flight.id,
        path: '/v1/chat/completions',
        model: request.model,
        stream: flight.stream,
        priority: request.priority,
        fairnessId: '',
        promptBytes: bytes,
        images: 0,
        prefixHashes: hashes,
        outputTokensMax: undefined,
      },
      flight.tried,
    )
    if (!picked.ok) return undefined
    const { assignment } = picked
    return {
      endpoint: this.#places.get(assignment.endpoint.id) ?? 0,
      assignment,
      predictedTtftMs: assignment.predictedTtftMs,
      predictedCachedTokens: assignment.predictedCachedTokens,
    }
  }

  poll(endpoint: SimulatedEndpoint): void {
    if (endpoint.isUp) this.scheduler.stateObserved(endpoint.id, endpoint.state, this.#clock.nowMs())
    else this.scheduler.stateFailed(endpoint.id, 'connection refused', true)
  }

  attemptFailed(endpoint: SimulatedEndpoint, reason: string): void {
    this.scheduler.attemptFailed(endpoint.id, reason)
  }
}

/** Sends each request where the judge sees the least true cost. */
export class Oracle implements Router {
  readonly allowance = new RetryAllowance()
  /** It reserves nothing. */
  readonly inFlight = 0
  readonly #judge: Judge

  constructor(judge: Judge) {
    this.#judge = judge
  }

  place(flight: Flight): Placement | undefined {
    const endpoint = this.#judge.best(flight.tried)
    if (endpoint === undefined) return undefined
    const { ttftMs, cachedTokens } = this.#judge.cost(endpoint)
    return { endpoint, assignment: undefined, predictedTtftMs: ttftMs, predictedCachedTokens: cachedTokens }
  }

  poll(): void {
    // It sees everything at every moment.
  }

  attemptFailed(): void {
    // And tries nothing twice.
  }
}
