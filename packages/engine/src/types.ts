/**
 * Duration of one step in milliseconds: base + prefill·(uncached prompt tokens in the step) + decode·(decoding
 * sequences) + context·(sum of their context lengths). Shape and coefficients: BLIS
 * (inference-sim, coefficients.yaml), restated in `reference/vllm.md` §5.4.
 */
export interface StepModel {
  readonly baseMs: number
  readonly prefillMsPerToken: number
  readonly decodeMsPerSequence: number
  readonly contextMsPerToken: number
}

export interface EngineOptions {
  readonly model: string
  readonly stepModel: StepModel
  /** Tokens of a KV block. Default 16 (vLLM). */
  readonly blockTokens: number
  readonly blocksTotal: number
  /** Default 256 (vLLM, under 70 GiB). */
  readonly sequencesMax: number
  /** Token budget of a step. Default 2048 (vLLM, under 70 GiB). */
  readonly batchTokensMax: number
  /** Longest prompt plus output. */
  readonly contextTokensMax: number
  readonly prefixCaching: boolean
  /** Requests that may wait for admission; further ones are refused. Default 1024. */
  readonly waitingMax?: number
}

export interface EngineRequest {
  readonly id: string
  readonly promptTokens: Uint32Array
  /** Tokens it will generate before it stops by itself. */
  readonly outputTokens: number
  /** Why it stops then: its own end, or the caller's limit. */
  readonly finishReason: 'stop' | 'length'
  /** The caller's limit on output tokens (`max_tokens`); absent where the caller states none. It is measured, not enforced. */
  readonly outputTokensMax?: number
  /** Part of the prefix hash: requests with different seeds share no blocks. */
  readonly cacheSeed: string
}

/** Why a request was not accepted. Nothing of it is kept. */
export interface SubmitError {
  readonly code: 'too-long' | 'queue-full'
  readonly message: string
}

export type EngineEvent =
  | { readonly type: 'token'; readonly id: string; readonly index: number; readonly token: number }
  | {
      readonly type: 'finish'
      readonly id: string
      readonly reason: 'stop' | 'length' | 'abort' | 'error'
      readonly outputTokens: number
      readonly cachedTokens: number
    }
