import { assert, Ewma, LruMap } from '@signalbox/base'
import { LeastSquares } from './least-squares.ts'
import { StepTimes } from './step-times.ts'

/** Starting values of everything that is learned; design, "The scheduler's default policy". */
export const PRIORS = {
  bytesPerToken: 4,
  /** An inline image counts as so many prompt tokens. */
  imageTokens: 1000,
  prefillTokensPerSecond: 15_000,
  /** Seconds of TTFT that no queue and no prompt explain. */
  interceptSeconds: 0.02,
  /** Mean uncached tokens of a request, ū. */
  uncachedTokens: 1000,
  /** Mean output tokens of a request, ô. */
  outputTokens: 256,
  /** Growth of the decode step with each stream of the batch, κ, seconds. */
  stepSecondsPerStream: 60e-6,
  /** Time to load an adapter, L, seconds. */
  adapterLoadSeconds: 0.5,
} as const

/** Samples at which an endpoint's own slope weighs as much as its pool's. */
const POOL_EVIDENCE = 50
const EVIDENCE_HALF_LIFE_MS = 60_000
const FORGETTING = 0.995
const MODELS_MAX = 1024
/** Weight of the newest request in ū: about the last 40 requests. */
const UNCACHED_ALPHA = 0.05
/** Likewise in ô. */
const OUTPUT_ALPHA = 0.05
/** Tokens that one answer is believed to have: more than models generate, so that one false count cannot stay for long. */
const OUTPUT_TOKENS_MAX = 131_072
/** Tokens that one prompt or answer can have: a count above is the engine's mistake. */
export const TOKENS_MAX = 100_000_000
/** Weight of the newest load in L, and the longest that is believed, seconds. */
const ADAPTER_ALPHA = 0.1
const ADAPTER_MAX_SECONDS = 60

/** Slope and intercept of an endpoint's time to first token, as used now. */
export interface PrefillLine {
  readonly tokensPerSecond: number
  readonly interceptSeconds: number
}

/**
 * What the scheduler has learned of engines and models from requests that passed.
 *
 * Of each endpoint and of the pool: prefill rate and intercept. Of each model: mean uncached tokens, mean output
 * tokens (0 to 131,072). Of the pool: growth of a decode step with each stream (0 to 10 ms), time to load an adapter (0 to 60 s).
 * What is no plausible number teaches nothing, so that every value stays finite and within its bounds.
 * Bounded: 1,024 models (least recently used out), one line an endpoint.
 */
export class LearnedValues {
  readonly #pool = newLine()
  readonly #endpoints: EndpointLine[] = []
  readonly #models = new LruMap<string, ModelValues>(MODELS_MAX)
  readonly #steps: StepTimes
  #adapterSeconds: number = PRIORS.adapterLoadSeconds

  /** `slotsMax`: endpoints at once. */
  constructor(slotsMax = 1024) {
    this.#steps = new StepTimes(slotsMax, PRIORS.stepSecondsPerStream)
  }

  /** Forgets what was learned of the endpoint in `slot`: another one moves in. */
  resetSlot(slot: number): void {
    this.#steps.resetSlot(slot)
    this.#endpoints[slot] = { line: newLine(), evidence: 0, evidenceMs: 0, used: { tokensPerSecond: 0, interceptSeconds: 0 } }
  }

  /**
   * One streamed answer's first content: `seconds` after dispatch, less the wait and the adapter load that were
   * expected then, with `tokens` uncached ones reserved at dispatch including its own.
   */
  prefillObserved(slot: number, sample: { readonly tokens: number; readonly seconds: number; readonly nowMs: number }): void {
    const endpoint = this.#endpoint(slot)
    this.#pool.add(sample.tokens, sample.seconds)
    endpoint.line.add(sample.tokens, sample.seconds)
    endpoint.evidence = decayed(endpoint, sample.nowMs) + 1
    endpoint.evidenceMs = sample.nowMs
  }

  /**
   * The endpoint's line: its own and its pool's slope mixed with weight N/(N + 50), N its evidence, which
   * halves every 60 s; then clamped to half and double the pool's. The object is reused by the next call
   * for the same slot.
   */
  prefillLine(slot: number, nowMs: number): PrefillLine {
    const endpoint = this.#endpoint(slot)
    const evidence = decayed(endpoint, nowMs)
    const weight = evidence / (evidence + POOL_EVIDENCE)
    const poolSlope = sane(this.#pool.slope)
    const mixed = weight * endpoint.line.slope + (1 - weight) * poolSlope
    endpoint.used.tokensPerSecond = 1 / Math.min(poolSlope * 2, Math.max(poolSlope / 2, mixed))
    endpoint.used.interceptSeconds = weight * endpoint.line.intercept + (1 - weight) * this.#pool.intercept
    return endpoint.used
  }

  /** ū, the mean of uncached tokens over the model's requests. */
  uncachedTokens(model: string): number {
    return this.#models.peek(model)?.uncached.mean ?? PRIORS.uncachedTokens
  }

  /** A request of `model` was sent with so many tokens predicted to be uncached. */
  uncachedObserved(model: string, tokens: number): void {
    this.#model(model).uncached.add(tokens)
  }

  /** ô, the mean of output tokens over the model's answers. */
  outputTokens(model: string): number {
    return this.#models.peek(model)?.output.mean ?? PRIORS.outputTokens
  }

  /** `usage` of an answer that ended well said how many tokens were generated. One of more than 131,072 counts as so many. */
  outputObserved(model: string, tokens: number): void {
    if (tokens >= 0) this.#model(model).output.add(Math.min(OUTPUT_TOKENS_MAX, tokens))
  }

  /** κ, seconds a stream. */
  stepSecondsPerStream(): number {
    return this.#steps.secondsPerStream
  }

  /** A decode step of `stepMs` passed on `slot` while so many known streams decoded there. A few nanoseconds: called for each event of a stream. */
  stepObserved(slot: number, streams: number, stepMs: number): void {
    this.#steps.gap(slot, streams, stepMs)
  }

  /** The steps since the last call become a sample of κ; `others`: streams there beside the known ones. */
  stepsPolled(slot: number, others: number): void {
    this.#steps.sample(slot, others)
  }

  /** L, seconds. */
  adapterLoadSeconds(): number {
    return this.#adapterSeconds
  }

  /**
   * A request got its first content where its adapter was not loaded: `seconds` later than predicted without a load. Counts as at most 4·L + 1
   * seconds either way, so that one request that was late for another reason does not send all others away from endpoints without the adapter.
   */
  adapterLoadObserved(seconds: number): void {
    if (Number.isNaN(seconds)) return
    const mean = this.#adapterSeconds
    const bound = 4 * mean + 1
    const sample = Math.min(bound, Math.max(-bound, seconds))
    this.#adapterSeconds = Math.min(ADAPTER_MAX_SECONDS, Math.max(0, mean + ADAPTER_ALPHA * (sample - mean)))
  }

  #endpoint(slot: number): EndpointLine {
    const endpoint = this.#endpoints[slot]
    assert(endpoint !== undefined, `slot ${slot} was never reset`)
    return endpoint
  }

  #model(name: string): ModelValues {
    const known = this.#models.get(name)
    if (known !== undefined) return known
    const values = {
      uncached: new Ewma(UNCACHED_ALPHA, PRIORS.uncachedTokens),
      output: new Ewma(OUTPUT_ALPHA, PRIORS.outputTokens),
    }
    this.#models.set(name, values)
    return values
  }
}

interface EndpointLine {
  readonly line: LeastSquares
  /** Samples, as of `evidenceMs`. */
  evidence: number
  evidenceMs: number
  readonly used: { tokensPerSecond: number; interceptSeconds: number }
}

interface ModelValues {
  readonly uncached: Ewma
  readonly output: Ewma
}

function newLine(): LeastSquares {
  return new LeastSquares({
    forgetting: FORGETTING,
    interceptPrior: PRIORS.interceptSeconds,
    slopePrior: 1 / PRIORS.prefillTokensPerSecond,
    xScale: 1000,
  })
}

function decayed(endpoint: EndpointLine, nowMs: number): number {
  if (endpoint.evidence === 0) return 0
  return endpoint.evidence * 2 ** ((endpoint.evidenceMs - nowMs) / EVIDENCE_HALF_LIFE_MS)
}

/** Ten tokens a second to ten million: noise may push a slope to zero or below, and no engine is outside of this. */
function sane(slope: number): number {
  return Math.min(0.1, Math.max(1e-7, slope))
}
