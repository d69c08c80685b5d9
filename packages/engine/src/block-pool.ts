import { assert } from '@signalbox/base'
import { BlockIndex } from './block-index.ts'
import type { BlockResidency } from './block-residency.ts'

const NONE = 0

/** Who wants to know what happens to blocks. */
export interface BlockWatchers {
  /** The content of a block is gone, its hash with it unless a twin has the same. */
  readonly forgotten?: ((hash: number) => void) | undefined
  readonly residency?: BlockResidency | undefined
}

/**
 * Every KV block of one engine: who holds it, what it caches, and in which order free ones are reused.
 *
 *     free queue (doubly linked, block 0 is its sentinel and vLLM's null block, never handed out)
 *
 *         0 <-> 7 <-> 3 <-> 12 <-> 0        allocate takes 7, the least recently freed; release appends behind 12
 *
 *     by hash:  H -> 3 -> 9                 blocks of equal content, linked through #twin; the first is found
 *
 * A block is in the free queue exactly when nobody refers to it; it keeps its content there, findable by
 * hash, until it is allocated again. Hence free + held === blocksTotal - 1 always. Several blocks
 * may hold equal content (sequences that computed it side by side): nothing is merged, as in vLLM.
 *
 * Owner: one engine. Fixed size: 24 bytes a block plus 8 to 16 for the index. SOURCE: `reference/vllm.md` §5.2.
 */
export class BlockPool {
  readonly blocksTotal: number
  readonly #watchers: BlockWatchers
  readonly #previous: Int32Array
  readonly #next: Int32Array
  readonly #references: Int32Array
  readonly #twin: Int32Array
  /** Content of a block; NaN: none that could be found again. */
  readonly #hash: Float64Array
  readonly #index: BlockIndex
  #free: number
  #usableMax: number

  /** `blocksTotal` >= 2, the null block included. */
  constructor(blocksTotal: number, watchers: BlockWatchers = {}) {
    assert(Number.isInteger(blocksTotal) && blocksTotal >= 2, `blocksTotal ${blocksTotal}`)
    this.blocksTotal = blocksTotal
    this.#watchers = watchers
    this.#previous = Int32Array.from({ length: blocksTotal }, (_, block) => (block + blocksTotal - 1) % blocksTotal)
    this.#next = Int32Array.from({ length: blocksTotal }, (_, block) => (block + 1) % blocksTotal)
    this.#references = new Int32Array(blocksTotal)
    this.#twin = new Int32Array(blocksTotal)
    this.#hash = new Float64Array(blocksTotal).fill(Number.NaN)
    this.#index = new BlockIndex(this.#hash)
    this.#free = blocksTotal - 1
    this.#usableMax = blocksTotal - 1
  }

  get freeBlocks(): number {
    return this.#free
  }

  get heldBlocks(): number {
    return this.blocksTotal - 1 - this.#free
  }

  /** Free blocks that may be handed out: all, unless the usable ones are limited. */
  get availableBlocks(): number {
    return Math.max(0, this.#usableMax - this.heldBlocks)
  }

  /** 0..1 of the usable blocks; the null block counts neither way. */
  get usageRatio(): number {
    return Math.min(1, this.heldBlocks / this.#usableMax)
  }

  /** At most so many blocks are held from now on; those held beyond stay held. At least 1; undefined: all. */
  limitUsable(blocks: number | undefined): void {
    assert(blocks === undefined || (Number.isInteger(blocks) && blocks > 0), `${blocks} usable blocks`)
    this.#usableMax = Math.min(blocks ?? this.blocksTotal, this.blocksTotal - 1)
  }

  /** A block with this content, or 0. */
  find(hash: number): number {
    return this.#index.find(hash)
  }

  /** Whether a block still has this content: cheaper than to find it. */
  has(block: number, hash: number): boolean {
    return this.#hash[block] === hash
  }

  isFree(block: number): boolean {
    return this.#references[block] === 0
  }

  /** Takes the least recently freed block for one holder; what it cached is gone. There must be an available one. */
  allocate(): number {
    const block = this.#next[NONE] as number
    assert(block !== NONE, 'allocated from an empty pool')
    this.#unlink(block)
    this.#forget(block)
    this.#references[block] = 1
    this.#watchers.residency?.allocated(block)
    return block
  }

  /** One more holder; a free block leaves the free queue. */
  retain(block: number): void {
    if (this.#references[block] === 0) this.#unlink(block)
    this.#references[block] = (this.#references[block] as number) + 1
    this.#watchers.residency?.used(block)
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
    const first = this.#index.find(hash)
    this.#hash[block] = hash
    if (first === NONE) {
      this.#index.set(block)
      return
    }
    this.#twin[block] = this.#twin[first] as number
    this.#twin[first] = block
  }

  /** Makes all content unfindable. Nobody may hold a block. */
  forgetAll(): void {
    assert(this.heldBlocks === 0, `${this.heldBlocks} blocks are held`)
    this.#index.clear()
    this.#hash.fill(Number.NaN)
    this.#twin.fill(NONE)
  }

  #forget(block: number): void {
    const hash = this.#hash[block] as number
    if (Number.isNaN(hash)) return
    const after = this.#twin[block] as number
    const first = this.#index.find(hash)
    assert(first !== NONE, `block ${block} is not among those of its hash`)
    if (first !== block) {
      let before = first
      while (this.#twin[before] !== block) before = this.#twin[before] as number
      this.#twin[before] = after
    } else if (after === NONE) this.#index.delete(hash)
    else this.#index.set(after)
    this.#hash[block] = Number.NaN
    this.#twin[block] = NONE
    this.#watchers.forgotten?.(hash)
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
