import { assert } from '@signalbox/base'
import { chainHash, seedHash } from './block-hash.ts'
import type { EngineRequest } from './types.ts'

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
  /** Hash of the whole prompt: the same prompt makes the same answer. */
  readonly promptHash: number
  readonly outputs: number[] = []
  /** Blocks held, in token order. */
  readonly blocks: number[] = []
  /** How many of `blocks`, from the front, can be found by hash. */
  publishedBlocks = 0
  computedTokens = 0
  /** Tokens that the current step computes for it; 0 outside steps. */
  scheduledTokens = 0
  /** Prompt tokens found in the prefix cache at first admission. */
  cachedTokens = 0
  /** Times it lost its blocks. */
  preemptions = 0
  /** NaN until it happened. */
  firstScheduledMs = Number.NaN
  firstTokenMs = Number.NaN
  lastTokenMs = Number.NaN
  state: 'waiting' | 'running' | 'ended' = 'waiting'
  /** Neighbours in the waiting queue, written by `SequenceQueue` alone. */
  before: Sequence | undefined
  after: Sequence | undefined

  readonly #blockTokens: number
  /** Chained hashes of the full blocks, prompt first, extended as outputs fill further ones. */
  readonly #hashes: number[] = []
  readonly #seedHash: number

  constructor(request: EngineRequest, arrivalMs: number, blockTokens: number) {
    this.request = request
    this.arrivalMs = arrivalMs
    this.#blockTokens = blockTokens
    this.#seedHash = seedHash(request.cacheSeed)
    const { promptTokens } = request
    let hash = this.#seedHash
    const fullBlocks = Math.floor(promptTokens.length / blockTokens)
    for (let index = 0; index < fullBlocks; index++) {
      hash = chainHash(hash, promptTokens, index * blockTokens, (index + 1) * blockTokens)
      this.#hashes.push(hash)
    }
    this.promptHash = chainHash(hash, promptTokens, fullBlocks * blockTokens, promptTokens.length)
  }

  get totalTokens(): number {
    return this.request.promptTokens.length + this.outputs.length
  }

  /** Whether it generates: all that is left to compute is the token sampled last. */
  get decoding(): boolean {
    return this.outputs.length > 0 && this.totalTokens - this.computedTokens === 1
  }

  /** Identity of full block `index`; all its tokens must exist. */
  blockHash(index: number): number {
    while (this.#hashes.length <= index) this.#hashes.push(this.#hashBlock(this.#hashes.length))
    return this.#hashes[index] as number
  }

  #hashBlock(index: number): number {
    const { promptTokens } = this.request
    const start = index * this.#blockTokens
    assert(start + this.#blockTokens <= this.totalTokens, `block ${index} of ${this.request.id} is not full`)
    const tokens = new Uint32Array(this.#blockTokens)
    for (let i = 0; i < tokens.length; i++) {
      const at = start + i
      tokens[i] = at < promptTokens.length ? (promptTokens[at] as number) : (this.outputs[at - promptTokens.length] as number)
    }
    return chainHash(index === 0 ? this.#seedHash : (this.#hashes[index - 1] as number), tokens, 0, tokens.length)
  }
}

/** Sequences in order of service, linked through themselves: every operation is O(1), removal from the middle too. */
export class SequenceQueue {
  #first: Sequence | undefined
  #last: Sequence | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): Sequence | undefined {
    return this.#first
  }

  pushBack(sequence: Sequence): void {
    sequence.before = this.#last
    if (this.#last === undefined) this.#first = sequence
    else this.#last.after = sequence
    this.#last = sequence
    this.#size += 1
  }

  pushFront(sequence: Sequence): void {
    sequence.after = this.#first
    if (this.#first === undefined) this.#last = sequence
    else this.#first.before = sequence
    this.#first = sequence
    this.#size += 1
  }

  /** `sequence` must be in this queue. */
  remove(sequence: Sequence): void {
    if (sequence.before === undefined) this.#first = sequence.after
    else sequence.before.after = sequence.after
    if (sequence.after === undefined) this.#last = sequence.before
    else sequence.after.before = sequence.before
    sequence.before = undefined
    sequence.after = undefined
    this.#size -= 1
  }
}
