import { assert } from '@signalbox/base'

const NONE = 0

/**
 * Every KV block of one engine: who holds it, what it caches, and in which order free ones are reused.
 *
 *     free queue (doubly linked, block 0 is its sentinel and vLLM's null block, never handed out)
 *
 *         0 <-> 7 <-> 3 <-> 12 <-> 0        allocate takes 7, the least recently freed; release appends behind 12
 *
 *     by hash:  H -> 3 -> 9                 blocks of equal content, oldest first, linked through #twin
 *
 * A block is in the free queue exactly when nobody refers to it; it keeps its content there, findable by
 * hash, until it is allocated again. Hence free + held === blocksTotal - 1 always. Several blocks
 * may hold equal content (sequences that computed it side by side): nothing is merged, as in vLLM.
 *
 * Owner: one engine. Fixed size: 16 bytes a block plus 8 for its hash, and a map entry for each distinct hash.
 * SOURCE: `reference/vllm.md` §5.2.
 */
export class BlockPool {
  readonly blocksTotal: number
  readonly #previous: Int32Array
  readonly #next: Int32Array
  readonly #references: Int32Array
  readonly #twin: Int32Array
  /** Content of a block; NaN: none that could be found again. */
  readonly #hash: Float64Array
  readonly #byHash = new Map<number, number>()
  #free: number

  /** `blocksTotal` >= 2, the null block included. */
  constructor(blocksTotal: number) {
    assert(Number.isInteger(blocksTotal) && blocksTotal >= 2, `blocksTotal ${blocksTotal}`)
    this.blocksTotal = blocksTotal
    this.#previous = Int32Array.from({ length: blocksTotal }, (_, block) => (block + blocksTotal - 1) % blocksTotal)
    this.#next = Int32Array.from({ length: blocksTotal }, (_, block) => (block + 1) % blocksTotal)
    this.#references = new Int32Array(blocksTotal)
    this.#twin = new Int32Array(blocksTotal)
    this.#hash = new Float64Array(blocksTotal).fill(Number.NaN)
    this.#free = blocksTotal - 1
  }

  get freeBlocks(): number {
    return this.#free
  }

  get heldBlocks(): number {
    return this.blocksTotal - 1 - this.#free
  }

  /** 0..1; the null block counts neither way. */
  get usageRatio(): number {
    return this.heldBlocks / (this.blocksTotal - 1)
  }

  /** The oldest block with this content, or 0. */
  find(hash: number): number {
    return this.#byHash.get(hash) ?? NONE
  }

  isFree(block: number): boolean {
    return this.#references[block] === 0
  }

  /** Takes the least recently freed block for one holder; what it cached is gone. There must be a free one. */
  allocate(): number {
    const block = this.#next[NONE] as number
    assert(block !== NONE, 'allocated from an empty pool')
    this.#unlink(block)
    this.#forget(block)
    this.#references[block] = 1
    return block
  }

  /** One more holder; a free block leaves the free queue. */
  retain(block: number): void {
    if (this.#references[block] === 0) this.#unlink(block)
    this.#references[block] = (this.#references[block] as number) + 1
  }

  /** One holder less; without any the block becomes the last to be reused. */
  release(block: number): void {
    const references = this.#references[block] as number
    assert(references > 0, `block ${block} released while free`)
    this.#references[block] = references - 1
    if (references === 1) this.#append(block)
  }

  /** Makes a held block findable by its content, once. */
  publish(block: number, hash: number): void {
    assert(this.#references[block] !== 0 && Number.isNaN(this.#hash[block]), `block ${block} published twice or while free`)
    this.#hash[block] = hash
    const oldest = this.#byHash.get(hash)
    if (oldest === undefined) {
      this.#byHash.set(hash, block)
      return
    }
    this.#twin[block] = this.#twin[oldest] as number
    this.#twin[oldest] = block
  }

  /** Makes all content unfindable. Nobody may hold a block. */
  forgetAll(): void {
    assert(this.heldBlocks === 0, `${this.heldBlocks} blocks are held`)
    this.#byHash.clear()
    this.#hash.fill(Number.NaN)
    this.#twin.fill(NONE)
  }

  #forget(block: number): void {
    const hash = this.#hash[block] as number
    if (Number.isNaN(hash)) return
    const after = this.#twin[block] as number
    const oldest = this.#byHash.get(hash)
    assert(oldest !== undefined, `block ${block} is not among those of its hash`)
    if (oldest !== block) {
      let before = oldest
      while (this.#twin[before] !== block) before = this.#twin[before] as number
      this.#twin[before] = after
    } else if (after === NONE) this.#byHash.delete(hash)
    else this.#byHash.set(hash, after)
    this.#hash[block] = Number.NaN
    this.#twin[block] = NONE
  }

  #unlink(block: number): void {
    const before = this.#previous[block] as number
    const after = this.#next[block] as number
    this.#next[before] = after
    this.#previous[after] = before
    this.#free -= 1
  }

  #append(block: number): void {
    const last = this.#previous[NONE] as number
    this.#next[last] = block
    this.#previous[block] = last
    this.#next[block] = NONE
    this.#previous[NONE] = block
    this.#free += 1
  }
}
