import { assert } from '@signalbox/base'
import type { Flight } from './flight.ts'
import { type TrueCost, trueCost } from './oracle.ts'
import type { SimulatedEndpoint } from './simulated-endpoint.ts'

/** Fleets up to this size have every decision judged, larger ones every n-th, so that a request costs as many lookups in either. */
const JUDGED_ENGINES = 16

/** The true costs of one decision, over all endpoints, and what all judged decisions sum up to. */
export class Judge {
  readonly #endpoints: readonly SimulatedEndpoint[]
  readonly #costs: readonly TrueCost[]
  readonly #stride: number
  #decisions = 0
  #promptTokens = 0
  #bestCachedTokens = 0

  constructor(endpoints: readonly SimulatedEndpoint[]) {
    this.#endpoints = endpoints
    this.#costs = endpoints.map(() => ({ cachedTokens: 0, uncachedTokens: 0, uncachedPairs: 0, ttftMs: 0, costMs: 0 }))
    this.#stride = Math.ceil(endpoints.length / JUDGED_ENGINES)
  }

  get decisions(): number {
    return this.#decisions
  }

  /** Of the completed requests that were judged: the share of their prompts that was cached where most was; NaN before the first. */
  get bestHitRatio(): number {
    return this.#bestCachedTokens / this.#promptTokens
  }

  /** Of the decision assessed last: prompt tokens cached where most are. */
  get bestCachedTokens(): number {
    let best = 0
    this.#endpoints.forEach((endpoint, place) => {
      if (endpoint.isUp) best = Math.max(best, this.cost(place).cachedTokens)
    })
    return best
  }

  /** The request was completed: it counts in `bestHitRatio`. */
  settled({ bestCachedTokens, prompt }: Flight): void {
    if (Number.isNaN(bestCachedTokens)) return
    this.#promptTokens += prompt.tokens
    this.#bestCachedTokens += bestCachedTokens
  }

  /** Whether decisions about request `index` are judged when not all are. */
  samples(index: number): boolean {
    return index % this.#stride === 0
  }

  /** Computes the costs of sending the flight to each endpoint now; an endpoint that is down costs Infinity. */
  assess(flight: Flight, nowMs: number): void {
    this.#endpoints.forEach((endpoint, place) => {
      const cost = this.cost(place)
      trueCost(endpoint, flight, nowMs, cost)
      if (!endpoint.isUp) cost.costMs = Number.POSITIVE_INFINITY
    })
    this.#decisions += 1
  }

  /** Of the decision assessed last. */
  cost(place: number): TrueCost {
    const cost = this.#costs[place]
    assert(cost !== undefined, `there is no endpoint ${place}`)
    return cost
  }

  /** The place of the least cost among those not tried; undefined: none is up. Ties go to the first. */
  best(tried: readonly string[]): number | undefined {
    let best: number | undefined
    this.#endpoints.forEach((endpoint, place) => {
      if (!endpoint.isUp || tried.includes(endpoint.id)) return
      if (best === undefined || this.cost(place).costMs < this.cost(best).costMs) best = place
    })
    return best
  }

  /** How much more the choice costs than the best one would have, of the decision assessed last; NaN where the choice is down. */
  regretMs(chosen: number, tried: readonly string[]): number {
    const best = this.best(tried)
    return best === undefined || this.cost(chosen).costMs === Number.POSITIVE_INFINITY
      ? Number.NaN
      : Math.max(0, this.cost(chosen).costMs - this.cost(best).costMs)
  }
}
