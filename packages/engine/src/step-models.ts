import { assert } from '@signalbox/base'

/** What a step computes, as a step model sees it. Reused between steps: a model must not keep it. */
export interface StepLoad {
  /** Prompt tokens computed in the step; what is computed again after a preemption counts too. */
  readonly prefillTokens: number
  /** Attention pairs of the prompts: the sum over their sequences of tokens before · scheduled + scheduled² / 2. */
  readonly prefillPairs: number
  readonly decodingSequences: number
  /** Sum of the lengths of the decoding sequences. */
  readonly contextTokens: number
  /** 0..1: held blocks of all blocks. */
  readonly kvUsageRatio: number
}

/** How long a step takes. Pure: equal loads take equal time. */
export interface StepModel {
  /** Its shape, for people and reports. */
  readonly family: string
  /** Milliseconds, > 0. */
  durationMs(load: StepLoad): number
}

/**
 * base + prefill · (uncached prompt tokens) + decode · (decoding sequences) + context · (sum of their lengths).
 * SOURCE: the first three terms are BLIS' (inference-sim, coefficients.yaml), restated in `reference/vllm.md` §5.4; the
 * fourth is the time to read the context's keys and values.
 */
export function linearSteps(coefficients: {
  readonly baseMs: number
  readonly prefillMsPerToken: number
  readonly decodeMsPerSequence: number
  readonly contextMsPerToken: number
}): StepModel {
  const { baseMs, prefillMsPerToken, decodeMsPerSequence, contextMsPerToken } = coefficients
  return {
    family: 'linear',
    durationMs: ({ prefillTokens, decodingSequences, contextTokens }) =>
      baseMs + prefillMsPerToken * prefillTokens + decodeMsPerSequence * decodingSequences + contextMsPerToken * contextTokens,
  }
}

/** A polynomial of degree two: square · x² + linear · x + constant. */
export interface Quadratic {
  readonly square: number
  readonly linear: number
  readonly constant: number
}

function valueAt({ square, linear, constant }: Quadratic, x: number): number {
  return (square * x + linear) * x + constant
}

/** Shortest decode of `polynomialSteps`, ms. SOURCE: `reference/vllm.md` §5.4. */
const DECODE_MS_MIN = 1

/**
 * Prefill in ms by uncached prompt tokens, decode in ms by the share of the cache that is held, at least 1 ms; a step that
 * does both takes both times. Decoding slows with the whole engine's context instead of the batch's.
 * SOURCE: NVIDIA Dynamo's mocker, restated in `reference/vllm.md` §5.4.
 */
export function polynomialSteps(coefficients: { readonly prefillMs: Quadratic; readonly decodeMs: Quadratic }): StepModel {
  const { prefillMs, decodeMs } = coefficients
  return {
    family: 'polynomial',
    durationMs: ({ prefillTokens, decodingSequences, kvUsageRatio }) =>
      (prefillTokens > 0 ? valueAt(prefillMs, prefillTokens) : 0) +
      (decodingSequences > 0 ? Math.max(DECODE_MS_MIN, valueAt(decodeMs, kvUsageRatio)) : 0),
  }
}

/**
 * Prefill of n tokens in square · n² + linear · n + constant ms, where n² of a batch is twice its attention pairs, so that
 * chunks of one prompt add up to the whole; a decoding sequence adds contextMsPerToken · its length, and the step has a floor
 * for reading the weights once. SOURCE: edgereasoning, restated in `reference/vllm.md` §5.4.
 */
export function quadraticSteps(coefficients: {
  readonly prefillMs: Quadratic
  readonly contextMsPerToken: number
  readonly decodeMs: number
}): StepModel {
  const { prefillMs, contextMsPerToken, decodeMs } = coefficients
  return {
    family: 'quadratic',
    durationMs: ({ prefillTokens, prefillPairs, decodingSequences, contextTokens }) =>
      (prefillTokens > 0 ? prefillMs.square * 2 * prefillPairs + prefillMs.linear * prefillTokens + prefillMs.constant : 0) +
      (decodingSequences > 0 ? contextMsPerToken * contextTokens + decodeMs : 0),
  }
}

/** The same model, `factor` (> 0) times as slow. */
export function scaledSteps(model: StepModel, factor: number): StepModel {
  assert(factor > 0, `factor ${factor}`)
  return { family: model.family, durationMs: (load) => factor * model.durationMs(load) }
}
