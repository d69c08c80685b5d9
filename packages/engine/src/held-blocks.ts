/**
 * Blocks of prefills that have ended and wait for the engine that decodes. Every hold lasts as long, so they expire in
 * the order in which they began. SOURCE: `reference/vllm.md` §3.10.
 */
export class HeldBlocks {
  readonly #holdMs: number
  readonly #holds = new Map<string, { readonly blocks: readonly number[]; readonly untilMs: number }>()

  constructor(holdMs: number) {
    this.#holdMs = holdMs
  }

  get size(): number {
    return this.#holds.size
  }

  has(id: string): boolean {
    return this.#holds.has(id)
  }

  hold(id: string, blocks: readonly number[], nowMs: number): void {
    this.#holds.set(id, { blocks, untilMs: nowMs + this.#holdMs })
  }

  /** The blocks of one hold, in token order; undefined: there is none. */
  blocksOf(id: string): readonly number[] | undefined {
    return this.#holds.get(id)?.blocks
  }

  /** The blocks of one hold, which ends; undefined: there is none. */
  take(id: string): readonly number[] | undefined {
    const hold = this.#holds.get(id)
    this.#holds.delete(id)
    return hold?.blocks
  }

  /** When the oldest hold expires; Infinity: there is none. */
  nextExpiryMs(): number {
    for (const { untilMs } of this.#holds.values()) return untilMs
    return Number.POSITIVE_INFINITY
  }

  /** Ends one hold that has expired and answers whose it was; undefined: none has. */
  expire(nowMs: number): { readonly id: string; readonly blocks: readonly number[] } | undefined {
    for (const [id, { blocks, untilMs }] of this.#holds) {
      if (untilMs > nowMs) return undefined
      this.#holds.delete(id)
      return { id, blocks }
    }
    return undefined
  }
}
