import type { EngineRequest } from './types.ts'

/** How far a request is. `transferring`: it has blocks whose content is on its way from another engine. */
export type SequenceState = 'waiting' | 'transferring' | 'running' | 'ended'

const NOT_HASHED = new Float64Array(0)

/**
 * One request inside the engine.
 *
 *     tokens:    [ prompt ............ | outputs ... ]        total = prompt + outputs
 *     computed:  [ cached | computed ..^ scheduled ...]       the keys and values that exist in `blocks`
 *
 * A running sequence always has total - computed >= 1: a token is sampled from the last computed position and is
 * itself computed in a later step. Preemption sets computed to 0 and keeps the outputs.
 */
export class Sequence {
  readonly request: EngineRequest
  readonly arrivalMs: number
  /** Place among all that were submitted: settles equal priorities and arrivals. */
  readonly order: number
  readonly priority: number
  readonly promptTokens: number
  /** Tokens of the answer that were sampled. */
  outputTokens = 0
  /** Blocks held, in token order. */
  readonly blocks: number[] = []
  /** How many of `blocks`, from the front, can be found by hash. */
  publishedBlocks = 0
  /** Chained hashes of full blocks, prompt first; `hashedBlocks` of them are there. `KvCache` alone writes them. */
  hashes: Float64Array = NOT_HASHED
  hashedBlocks = 0
  /** Blocks that its last lookup found; some may have other content by now. */
  readonly hits: number[] = []
  computedTokens = 0
  /** Tokens that the current step computes for it; 0 outside steps. */
  scheduledTokens = 0
  /** Prompt tokens found in the prefix cache at first admission. */
  cachedTokens = 0
  /** Prompt tokens that came from another engine. */
  transferredTokens = 0
  /** Of the prompt, not yet fetched from another engine: asked for once. */
  remoteTokens: number
  /** When its transfer ends; its blocks are findable from then on. */
  transferEndsMs = Number.NaN
  transferMs = Number.NaN
  /** While waiting: something else than room is missing. */
  deferred = false
  /** Times it lost its blocks. */
  preemptions = 0
  /** NaN until it happened. */
  firstScheduledMs = Number.NaN
  firstTokenMs = Number.NaN
  lastTokenMs = Number.NaN
  state: SequenceState = 'waiting'
  /** Neighbours in the waiting queue, written by `SequenceQueue` alone. */
  before: Sequence | undefined
  after: Sequence | undefined

  constructor(request: EngineRequest, arrivalMs: number, order: number) {
    this.request = request
    this.arrivalMs = arrivalMs
    this.order = order
    this.priority = request.priority ?? 0
    this.promptTokens = request.promptTokens.length
    this.remoteTokens = Math.min(request.remotePrefill?.tokens ?? 0, this.promptTokens)
  }

  get totalTokens(): number {
    return this.promptTokens + this.outputTokens
  }

  /** Whether it generates: all that is left to compute is the token sampled last. */
  get decoding(): boolean {
    return this.outputTokens > 0 && this.totalTokens - this.computedTokens === 1
  }

  /** Token `index` of prompt and answer. */
  tokenAt(index: number): number {
    const { promptTokens, answerTokens } = this.request
    return (index < this.promptTokens ? promptTokens[index] : answerTokens[index - this.promptTokens]) as number
  }
}

/** Below 0: `a` is served before `b`: by priority, arrival, and place. SOURCE: `reference/vllm.md` §5.1. */
export function byPriority(a: Sequence, b: Sequence): number {
  return a.priority - b.priority || a.arrivalMs - b.arrivalMs || a.order - b.order
}
