/**
 * Pairs that may be merged, the lowest rank first and the leftmost of equal ranks: a binary heap over one array of doubles,
 * each `rank * 2^32 + start`.
 */
export class MergeQueue {
  /** Of the pair that `pop` took. */
  poppedRank = 0
  poppedStart = 0
  readonly #heap: Float64Array
  #size = 0

  /** For a piece of `length` bytes: each byte starts a pair once, and each of fewer than `length` merges makes two. */
  constructor(length: number) {
    this.#heap = new Float64Array(3 * length)
  }

  push(rank: number, start: number): void {
    const heap = this.#heap
    const key = rank * 0x1_0000_0000 + start
    let at = this.#size
    this.#size += 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as number
      if (above <= key) break
      heap[at] = above
      at = parent
    }
    heap[at] = key
  }

  /** Takes the first pair; false when there is none. */
  pop(): boolean {
    if (this.#size === 0) return false
    const heap = this.#heap
    const top = heap[0] as number
    this.poppedRank = Math.floor(top / 0x1_0000_0000)
    this.poppedStart = top % 0x1_0000_0000
    this.#size -= 1
    const size = this.#size
    const key = heap[size] as number
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child += 1
      if ((heap[child] as number) >= key) break
      heap[at] = heap[child] as number
      at = child
    }
    heap[at] = key
    return true
  }
}
