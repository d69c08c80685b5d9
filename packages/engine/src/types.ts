import type { StepModel } from './step-models.ts'

/** What an engine is. Defaults are vLLM's (SOURCE: `reference/vllm.md` §5.3). */
export interface EngineOptions {
  readonly model: string
  /** How long a step takes. */
  readonly stepModel: StepModel
  /** Tokens of a KV block. vLLM: 16. */
  readonly blockTokens: number
  /** The null block included, which nobody gets. */
  readonly blocksTotal: number
  /** `max_num_seqs`. vLLM: 256 under 70 GiB, 1024 above. */
  readonly sequencesMax: number
  /** Token budget of a step, `max_num_batched_tokens`. vLLM: 2048 under 70 GiB, 8192 above. */
  readonly batchTokensMax: number
  /** Longest prompt plus output. */
  readonly contextTokensMax: number
  readonly prefixCaching: boolean
  /** Requests that may wait for admission; further ones are refused. Default 1024. */
  readonly waitingMax?: number
  /** Who is admitted first and preempted last: by arrival, or by priority and then arrival. Default `fcfs`. */
  readonly scheduling?: 'fcfs' | 'priority'
  /** Whether a prompt may be computed in several steps. Without it `batchTokensMax` must be at least the context. Default true. */
  readonly chunkedPrefill?: boolean
  /** Prompt tokens that one sequence computes in a step, `long_prefill_token_threshold`. Default: the budget. */
  readonly longPrefillTokensMax?: number
  /** Distinct LoRA adapters in a batch, `max_loras`; as many stay loaded. Default 1. */
  readonly adapterSlots?: number
  /** How long the load of an adapter takes that is not there. Default 0. */
  readonly adapterLoadMs?: number
  /** Relative standard deviation of step times, 0..1; drawn from the engine's random numbers. Default 0. */
  readonly stepNoise?: number
  /** What it costs to fetch keys and values that another engine computed. Default: nothing. */
  readonly kvTransfer?: { readonly setupMs: number; readonly msPerToken: number }
  /** Bytes of a token's keys and values, for what transfers move. Absent: transfers tell no bytes. */
  readonly kvBytesPerToken?: number
  /** How long the blocks of `holdBlocks` wait for their reader. Default 480,000 (`VLLM_NIXL_ABORT_REQUEST_TIMEOUT`). */
  readonly kvHoldMs?: number
}

/** One prompt and what will be answered: texts, sampling and lengths are the caller's. */
export interface EngineRequest {
  readonly id: string
  readonly promptTokens: Uint32Array
  /** The tokens it generates before it stops by itself, at least one. The engine keeps the array and never writes to it. */
  readonly answerTokens: Uint32Array
  /** Why it stops then: its own end, or the caller's limit. */
  readonly finishReason: 'stop' | 'length'
  /** The caller's limit on output tokens (`max_tokens`); absent where the caller states none. It is measured, not enforced. */
  readonly outputTokensMax?: number
  /** Part of the prefix hash: requests with different seeds share no blocks. */
  readonly cacheSeed: string
  /** Lower runs earlier; other than 0 only with `scheduling: 'priority'`. Default 0. */
  readonly priority?: number
  /** LoRA adapter that it runs with; absent: the base model. */
  readonly adapter?: string
  /** The first `tokens` of the prompt were computed by another engine: it waits until they are here, then computes the rest. */
  readonly remotePrefill?: { readonly tokens: number }
  /** Keeps the blocks after its end, until `releaseHeld` or for `kvHoldMs`: the prefill half of a pair. */
  readonly holdBlocks?: boolean
}

/** Why a request was not accepted. Nothing of it is kept. */
export interface SubmitError {
  readonly code: 'too-long' | 'queue-full' | 'asleep' | 'priority-off'
  readonly message: string
}

/** What a step computes for one request. */
export interface ScheduledSequence {
  readonly id: string
  readonly tokens: number
  /** Blocks it holds, the room for these tokens included. */
  readonly blocks: number
}

/** What an engine keeps in memory: everything, no weights (level 1), neither weights nor cache (level 2). SOURCE: `reference/vllm.md` §1.2. */
export type SleepState = 'awake' | 'weights_offloaded' | 'discard_all'

export type EngineEvent =
  | { readonly type: 'token'; readonly id: string; readonly index: number; readonly token: number }
  | {
      readonly type: 'finish'
      readonly id: string
      readonly reason: 'stop' | 'length' | 'abort' | 'error'
      readonly outputTokens: number
      readonly cachedTokens: number
    }
