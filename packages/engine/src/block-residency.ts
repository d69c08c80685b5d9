/** Told how long blocks live and rest. vLLM's residency histograms (`--kv-cache-metrics`), `reference/vllm.md` §1.4. */
export interface ResidencyObserver {
  /** A block was used again, `gapMs` after its last use. */
  blockReused(gapMs: number): void
  /** A block was given to somebody else: so long after it was filled, and after its last use. */
  blockEvicted(lifetimeMs: number, idleMs: number): void
}

/** One block of so many is followed; a power of two. vLLM follows one of a hundred, drawn by chance. */
const SAMPLE_EVERY = 8

/** When the sampled blocks of a pool were filled and last used. Owner: one `BlockPool`. 2 bytes a block. */
export class BlockResidency {
  readonly #observer: ResidencyObserver
  readonly #filledMs: Float64Array
  readonly #usedMs: Float64Array
  /** The step that allocates and uses began then. */
  nowMs = 0

  constructor(observer: ResidencyObserver, blocksTotal: number) {
    this.#observer = observer
    const sampled = Math.ceil(blocksTotal / SAMPLE_EVERY)
    this.#filledMs = new Float64Array(sampled).fill(Number.NaN)
    this.#usedMs = new Float64Array(sampled)
  }

  allocated(block: number): void {
    if (block % SAMPLE_EVERY !== 0) return
    const at = block / SAMPLE_EVERY
    const filledMs = this.#filledMs[at] as number
    if (!Number.isNaN(filledMs)) this.#observer.blockEvicted(this.nowMs - filledMs, this.nowMs - (this.#usedMs[at] as number))
    this.#filledMs[at] = this.nowMs
    this.#usedMs[at] = this.nowMs
  }

  used(block: number): void {
    if (block % SAMPLE_EVERY !== 0) return
    const at = block / SAMPLE_EVERY
    this.#observer.blockReused(this.nowMs - (this.#usedMs[at] as number))
    this.#usedMs[at] = this.nowMs
  }
}
