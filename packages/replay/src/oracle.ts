import type { StepLoad } from '@signalbox/engine'
import type { Flight } from './flight.ts'
import { commonTokens } from './prompt-cache.ts'
import type { SimulatedEndpoint } from './simulated-endpoint.ts'

/**
 * Price of a millisecond by which one running stream is delayed, in milliseconds of the own wait. Of 0, 0.1, 0.2, 0.3, 0.5 and 1 the one with the
 * least mean TTFT on the synthetic Mooncake trace at 0.5 and 0.8 of saturation; chats and documents prefer 0.3 to 0.5, by less.
 */
const STALL_PRICE = 0.1

/** What sending a request to an endpoint would truly mean, as far as the present tells. */
export interface TrueCost {
  /** Prompt tokens that are there, or will be by the time it is admitted. */
  cachedTokens: number
  uncachedTokens: number
  /** Attention pairs of the uncached ones. */
  uncachedPairs: number
  ttftMs: number
  /** `ttftMs`, the own decode among the others there, and the delay of the others at its price. */
  costMs: number
}

/**
 * Tokens of the flight's prompt that an admission at the endpoint would find: what its cache holds, or what a request that waits
 * there with the same beginning will have left in it by then. In whole blocks, and never the last token.
 */
export function cachedTokensAt(endpoint: SimulatedEndpoint, flight: Flight): number {
  let cached = endpoint.engine.lookup(flight.promptTokens, flight.request.model)
  const { blockTokens } = endpoint.engine.options
  const most = Math.floor((flight.prompt.tokens - 1) / blockTokens) * blockTokens
  for (const ahead of endpoint.waiting) {
    if (cached >= most) break
    if (ahead.request.model !== flight.request.model) continue
    const common = commonTokens(ahead.prompt, flight.prompt)
    cached = Math.max(cached, Math.min(most, Math.floor(common / blockTokens) * blockTokens))
  }
  return cached
}

/**
 * The cost of a placement with full knowledge of the present: the true cache, the true queue, the engine's own step times, and how
 * long each running answer still is. Milliseconds:
 *
 *     own wait     rest of the step + memory or a slot to come free + steps for the tokens ahead and the own ones
 *     own decode   own answer · (step with everybody there − step alone)
 *     others       STALL_PRICE · streams there · (time of the own prefill + what the own decode adds to their steps)
 *
 * An estimate and no simulation: the batch of the present is taken to stay, requests to come are not known, preemption and the order
 * of priorities are left out. Who picks its least is greedy with full knowledge, not optimal. Writes into `cost`.
 */
export function trueCost(endpoint: SimulatedEndpoint, flight: Flight, nowMs: number, cost: TrueCost): void {
  const cachedTokens = cachedTokensAt(endpoint, flight)
  const uncached = flight.prompt.tokens - cachedTokens
  const pairs = cachedTokens * uncached + uncached ** 2 / 2
  const batch = new Batch(endpoint)
  const ahead = endpoint.backlogTokens
  const aheadMs = batch.prefillMs(ahead, endpoint.pairsPerToken * ahead)
  const untilOwnMs = batch.prefillMs(ahead + uncached, endpoint.pairsPerToken * ahead + pairs)
  const restMs = endpoint.isStepping ? Math.max(0, endpoint.stepEndMs - nowMs) : 0
  const answer = flight.request.output.tokens
  const others = endpoint.decoding.size + endpoint.waiting.size
  const length = flight.prompt.tokens + answer / 2
  const together = batch.decodeMs(others + 1, endpoint.contextTokens + length)
  const ownDecodeMs = answer * (together - batch.decodeMs(1, length))
  const slowerMs = (answer / 2) * (together - batch.decodeMs(others, endpoint.contextTokens))
  cost.cachedTokens = cachedTokens
  cost.uncachedTokens = uncached
  cost.uncachedPairs = pairs
  cost.ttftMs = restMs + waitMs(endpoint, batch, ahead + uncached) + untilOwnMs
  cost.costMs = cost.ttftMs + ownDecodeMs + STALL_PRICE * (endpoint.decoding.size * (untilOwnMs - aheadMs) + others * slowerMs)
}

/** Steps of an endpoint whose batch stays as it is. */
class Batch {
  readonly #endpoint: SimulatedEndpoint
  readonly #load: { -readonly [key in keyof StepLoad]: number }

  constructor(endpoint: SimulatedEndpoint) {
    this.#endpoint = endpoint
    this.#load = {
      prefillTokens: 0,
      prefillPairs: 0,
      decodingSequences: endpoint.decoding.size,
      contextTokens: endpoint.contextTokens,
      kvUsageRatio: endpoint.engine.kvUsageRatio,
    }
  }

  /** How long so many prompt tokens take beside the streams that decode: whole steps and a last one that is not full. */
  prefillMs(tokens: number, pairs: number): number {
    if (tokens <= 0) return 0
    const { batchTokensMax } = this.#endpoint.engine.options
    const room = Math.max(1, batchTokensMax - this.#endpoint.decoding.size)
    const fullSteps = Math.ceil(tokens / room) - 1
    return (
      fullSteps * this.#stepMs(room, (pairs * room) / tokens) + this.#stepMs(tokens - fullSteps * room, pairs * (1 - (fullSteps * room) / tokens))
    )
  }

  /** One step of so many streams of so many tokens together, and no prompt. */
  decodeMs(sequences: number, contextTokens: number): number {
    if (sequences === 0) return 0
    const load = this.#load
    const { decodingSequences, contextTokens: present } = load
    load.decodingSequences = sequences
    load.contextTokens = contextTokens
    const ms = this.#stepMs(0, 0)
    load.decodingSequences = decodingSequences
    load.contextTokens = present
    return ms
  }

  #stepMs(prefillTokens: number, prefillPairs: number): number {
    this.#load.prefillTokens = prefillTokens
    this.#load.prefillPairs = prefillPairs
    return this.#endpoint.engine.options.stepModel.durationMs(this.#load)
  }
}

/** Milliseconds until enough running answers have ended for `tokens` more of prompts and for one more request. */
function waitMs(endpoint: SimulatedEndpoint, batch: Batch, tokens: number): number {
  const { engine, decoding, waiting } = endpoint
  let blocksShort = Math.ceil(tokens / engine.options.blockTokens) + 1 - engine.freeBlocks
  let slotsShort = decoding.size + waiting.size + 1 - engine.options.sequencesMax
  if (blocksShort <= 0 && slotsShort <= 0) return 0
  const left = [...decoding].sort((a, b) => tokensLeft(a) - tokensLeft(b))
  let steps = 0
  for (const flight of left) {
    if (blocksShort <= 0 && slotsShort <= 0) break
    steps = tokensLeft(flight)
    blocksShort -= (flight.prompt.tokens + flight.generatedTokens) / engine.options.blockTokens
    slotsShort -= 1
  }
  return steps * batch.decodeMs(decoding.size, endpoint.contextTokens)
}

function tokensLeft(flight: Flight): number {
  return flight.request.output.tokens - flight.generatedTokens
}
