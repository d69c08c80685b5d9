import { chainHash, seedHash } from './block-hash.ts'
import { BlockPool } from './block-pool.ts'
import type { BlockResidency } from './block-residency.ts'
import type { KvEventSink } from './ports.ts'
import type { Sequence } from './sequence.ts'

export interface KvCacheOptions {
  readonly blocksTotal: number
  readonly blockTokens: number
  readonly prefixCaching: boolean
}

/**
 * Gives sequences the blocks they need, finds the prefixes that are already there, and tells what enters and leaves.
 *
 * A block becomes findable when the step that fills it is scheduled, not when it ends: a forward pass writes a
 * layer's keys before any sequence of the batch reads them, so a twin admitted in the same step hits. A sequence that is
 * aborted or preempted before that step ends leaves it findable all the same, as in vLLM.
 *
 * Events follow vLLM's order: what new blocks displaced is `removed` before what they hold is `stored`. As in vLLM each block
 * is told for itself: a content that two blocks hold is stored twice and removed twice, and is findable until the second.
 * SOURCE: `reference/vllm.md` §4, §5.1-5.2.
 */
export class KvCache {
  readonly pool: BlockPool
  readonly #blockTokens: number
  readonly #prefixCaching: boolean
  readonly #events: KvEventSink | undefined
  /** Contents that the current allocation displaced. */
  #forgotten: number[] = []
  /** Tokens of one block whose parts lie in prompt and answer. */
  readonly #scratch: Uint32Array

  constructor(options: KvCacheOptions, events?: KvEventSink, residency?: BlockResidency) {
    const forgotten = events === undefined ? undefined : (hash: number) => void this.#forgotten.push(hash)
    this.pool = new BlockPool(options.blocksTotal, { forgotten, residency })
    this.#blockTokens = options.blockTokens
    this.#prefixCaching = options.prefixCaching
    this.#events = events
    this.#scratch = new Uint32Array(options.blockTokens)
  }

  /** Tokens that all blocks together hold. */
  get capacityTokens(): number {
    return (this.pool.blocksTotal - 1) * this.#blockTokens
  }

  /** Looks the sequence up and answers how many of its tokens are cached, in full blocks; its `hits` are those blocks. Takes none. */
  lookUp(sequence: Sequence): number {
    const { hits } = sequence
    if (!this.#prefixCaching) return 0
    const hitsMax = this.#findableMax(sequence.totalTokens)
    let count = 0
    while (count < hitsMax) {
      const hash = this.#hashOf(sequence, count)
      // A request that waits is looked up in every step: what it found before is mostly still there.
      const known = hits[count]
      const block = known !== undefined && this.pool.has(known, hash) ? known : this.pool.find(hash)
      if (block === 0) break
      hits[count] = block
      count += 1
    }
    hits.length = count
    return count * this.#blockTokens
  }

  /** Takes the blocks that `lookUp` found and room for the sequence's first `tokens` tokens; false, nothing taken, when there is too little. */
  adopt(sequence: Sequence, tokens: number): boolean {
    const { hits, blocks } = sequence
    // A hit that nobody holds leaves the free queue as well, so it counts against the free blocks.
    let needed = this.#blocksFor(tokens) - hits.length
    for (const block of hits) if (this.pool.isFree(block)) needed += 1
    if (needed > this.pool.availableBlocks) return false
    // Hits are taken first: allocating before would evict them.
    for (const block of hits) {
      this.pool.retain(block)
      blocks.push(block)
    }
    sequence.publishedBlocks = hits.length
    sequence.computedTokens = hits.length * this.#blockTokens
    this.#allocate(sequence, tokens)
    return true
  }

  /** Makes room for the sequence's first `tokens` tokens; false, nothing changed, when the blocks are short. */
  extend(sequence: Sequence, tokens: number): boolean {
    const blocks = this.#blocksFor(tokens)
    const held = sequence.blocks.length
    if (blocks <= held) return true
    if (blocks - held > this.pool.availableBlocks) return false
    this.#allocate(sequence, tokens)
    return true
  }

  /** Makes the full blocks among the first `tokens` tokens findable, those that are not yet. */
  publish(sequence: Sequence, tokens: number): void {
    const from = sequence.publishedBlocks
    const fullBlocks = Math.floor(tokens / this.#blockTokens)
    if (fullBlocks <= from || !this.#prefixCaching) return
    for (let index = from; index < fullBlocks; index++) this.pool.publish(sequence.blocks[index] as number, this.#hashOf(sequence, index))
    sequence.publishedBlocks = fullBlocks
    if (this.#events !== undefined) this.#tellStored(sequence, from, fullBlocks)
  }

  /** Takes all blocks back. */
  release(sequence: Sequence): void {
    this.giveBack(this.detach(sequence))
  }

  /** Takes the blocks from a sequence and leaves them held. */
  detach(sequence: Sequence): readonly number[] {
    sequence.publishedBlocks = 0
    sequence.computedTokens = 0
    return sequence.blocks.splice(0)
  }

  /** Frees blocks in token order: the tail first, so that the head of a prefix outlives its tail. */
  giveBack(blocks: readonly number[]): void {
    for (let index = blocks.length - 1; index >= 0; index--) this.pool.release(blocks[index] as number)
  }

  /** Forgets all content. Nobody may hold a block. */
  forgetAll(): void {
    this.pool.forgetAll()
    if (this.#prefixCaching) this.#events?.cleared()
  }

  /** Tokens of a prompt that an admission would find, in full blocks; the last token never is. Changes nothing. */
  cachedTokens(promptTokens: Uint32Array, cacheSeed: string): number {
    if (!this.#prefixCaching) return 0
    const blocksMax = this.#findableMax(promptTokens.length)
    let hash = seedHash(cacheSeed)
    for (let index = 0; index < blocksMax; index++) {
      hash = chainHash(hash, promptTokens, index * this.#blockTokens, (index + 1) * this.#blockTokens)
      if (this.pool.find(hash) === 0) return index * this.#blockTokens
    }
    return blocksMax * this.#blockTokens
  }

  /** The last token is never taken from the cache: its position yields the next one. */
  #findableMax(totalTokens: number): number {
    return Math.floor((totalTokens - 1) / this.#blockTokens)
  }

  #allocate(sequence: Sequence, tokens: number): void {
    const blocks = this.#blocksFor(tokens)
    while (sequence.blocks.length < blocks) sequence.blocks.push(this.pool.allocate())
    if (this.#forgotten.length === 0) return
    this.#events?.removed(this.#forgotten)
    this.#forgotten = []
  }

  /** Identity of full block `index`; all its tokens must exist. Hashes the blocks before it on the way, once. */
  #hashOf(sequence: Sequence, index: number): number {
    if (index >= sequence.hashedBlocks) this.#hashUpTo(sequence, index)
    return sequence.hashes[index] as number
  }

  #hashUpTo(sequence: Sequence, last: number): void {
    const { request } = sequence
    const size = this.#blockTokens
    if (sequence.hashes.length === 0)
      sequence.hashes = new Float64Array(Math.ceil((request.promptTokens.length + request.answerTokens.length) / size))
    const { hashes } = sequence
    let index = sequence.hashedBlocks
    let hash = index === 0 ? seedHash(request.cacheSeed) : (hashes[index - 1] as number)
    for (; index <= last; index++) {
      const start = index * size
      if (start + size <= sequence.promptTokens) hash = chainHash(hash, request.promptTokens, start, start + size)
      else {
        for (let i = 0; i < size; i++) this.#scratch[i] = sequence.tokenAt(start + i)
        hash = chainHash(hash, this.#scratch, 0, size)
      }
      hashes[index] = hash
    }
    sequence.hashedBlocks = index
  }

  #tellStored(sequence: Sequence, from: number, to: number): void {
    const size = this.#blockTokens
    this.#events?.stored({
      hashes: Array.from(sequence.hashes.subarray(from, to)),
      parent: from === 0 ? undefined : (sequence.hashes[from - 1] as number),
      tokens: Uint32Array.from({ length: (to - from) * size }, (_, i) => sequence.tokenAt(from * size + i)),
      blockTokens: size,
      adapter: sequence.request.adapter,
    })
  }

  #blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.#blockTokens)
  }
}
