import { chainHash, seedHash } from './block-hash.ts'
import { BlockPool } from './block-pool.ts'
import type { Sequence } from './sequence.ts'

/**
 * Gives sequences the blocks they need and finds the prefixes that are already there.
 *
 * A block becomes findable when the step that fills it is scheduled, not when it ends: a forward pass writes a
 * layer's keys before any sequence of the batch reads them, so a twin admitted in the same step hits.
 * SOURCE: `reference/vllm.md` §5.1-5.2.
 */
export class KvCache {
  readonly pool: BlockPool
  readonly #blockTokens: number
  readonly #prefixCaching: boolean

  constructor(options: { blocksTotal: number; blockTokens: number; prefixCaching: boolean }) {
    this.pool = new BlockPool(options.blocksTotal)
    this.#blockTokens = options.blockTokens
    this.#prefixCaching = options.prefixCaching
  }

  /** Tokens that all blocks together hold. */
  get capacityTokens(): number {
    return (this.pool.blocksTotal - 1) * this.#blockTokens
  }

  /**
   * Gives a sequence without blocks its cached prefix and room for at most `budget` tokens more.
   * Answers how many tokens the step computes for it, or 0, nothing changed, when the blocks are short.
   */
  admit(sequence: Sequence, budget: number): number {
    const hits = this.#cachedPrefix(sequence)
    const cachedTokens = hits.length * this.#blockTokens
    const tokens = Math.min(sequence.totalTokens - cachedTokens, budget)
    // A hit that nobody holds leaves the free queue as well, so it counts against the free blocks.
    let unheldHits = 0
    for (const block of hits) if (this.pool.isFree(block)) unheldHits += 1
    const fresh = this.#blocksFor(cachedTokens + tokens) - hits.length
    if (fresh + unheldHits > this.pool.freeBlocks) return 0
    // Hits are taken first: allocating before would evict them.
    for (const block of hits) {
      this.pool.retain(block)
      sequence.blocks.push(block)
    }
    sequence.publishedBlocks = hits.length
    sequence.computedTokens = cachedTokens
    this.#grow(sequence, cachedTokens + tokens)
    return tokens
  }

  /** Makes room for the sequence's first `tokens` tokens; false, nothing changed, when the blocks are short. */
  extend(sequence: Sequence, tokens: number): boolean {
    if (this.#blocksFor(tokens) - sequence.blocks.length > this.pool.freeBlocks) return false
    this.#grow(sequence, tokens)
    return true
  }

  /** Takes all blocks back, the tail first, so that the head of a prefix outlives its tail. */
  release(sequence: Sequence): void {
    for (let index = sequence.blocks.length - 1; index >= 0; index--) this.pool.release(sequence.blocks[index] as number)
    sequence.blocks.length = 0
    sequence.publishedBlocks = 0
    sequence.computedTokens = 0
  }

  /** Tokens of a prompt that an admission would find, in full blocks; the last token never is. Changes nothing. */
  cachedTokens(promptTokens: Uint32Array, cacheSeed: string): number {
    if (!this.#prefixCaching) return 0
    const blocksMax = Math.floor((promptTokens.length - 1) / this.#blockTokens)
    let hash = seedHash(cacheSeed)
    for (let index = 0; index < blocksMax; index++) {
      hash = chainHash(hash, promptTokens, index * this.#blockTokens, (index + 1) * this.#blockTokens)
      if (this.pool.find(hash) === 0) return index * this.#blockTokens
    }
    return blocksMax * this.#blockTokens
  }

  /** The last token is never taken from the cache: its position yields the next one. */
  #cachedPrefix(sequence: Sequence): number[] {
    const hits: number[] = []
    if (!this.#prefixCaching) return hits
    const hitsMax = Math.floor((sequence.totalTokens - 1) / this.#blockTokens)
    while (hits.length < hitsMax) {
      const block = this.pool.find(sequence.blockHash(hits.length))
      if (block === 0) break
      hits.push(block)
    }
    return hits
  }

  #grow(sequence: Sequence, tokens: number): void {
    const blocks = this.#blocksFor(tokens)
    while (sequence.blocks.length < blocks) sequence.blocks.push(this.pool.allocate())
    if (!this.#prefixCaching) return
    const fullBlocks = Math.floor(tokens / this.#blockTokens)
    for (let index = sequence.publishedBlocks; index < fullBlocks; index++) {
      this.pool.publish(sequence.blocks[index] as number, sequence.blockHash(index))
    }
    sequence.publishedBlocks = Math.max(sequence.publishedBlocks, fullBlocks)
  }

  #blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.#blockTokens)
  }
}
