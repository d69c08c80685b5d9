/** Who reads what one thread writes, as far as the writer must know. */
export interface Readership {
  readonly isEmpty: boolean
  /** The number of the next publication; they ascend. */
  readonly next: number
  /** All readers have gone on to this publication, and look at nothing that was gone in it. */
  readonly passed: number
}

/**
 * What readers may still look at, until they have all gone on to the publication that tells them it is gone. Without readers it is let go
 * at once. SOURCE: grace periods of read-copy-update, McKenney and Slingwine 1998.
 */
export class GraceQueue<T> {
  readonly #readership: Readership
  readonly #release: (item: T) => void
  #waiting: { readonly publication: number; readonly items: T[] }[] = []
  #size = 0

  constructor(readership: Readership, release: (item: T) => void) {
    this.#readership = readership
    this.#release = release
  }

  /** Waiting now. */
  get size(): number {
    return this.#size
  }

  add(item: T): void {
    if (this.#readership.isEmpty && this.#size === 0) {
      this.#release(item)
      return
    }
    const { next } = this.#readership
    let last = this.#waiting.at(-1)
    if (last?.publication !== next) {
      last = { publication: next, items: [] }
      this.#waiting.push(last)
    }
    last.items.push(item)
    this.#size += 1
  }

  /** Lets go what nobody looks at any more, in the order in which it was added. */
  advance(): void {
    const { isEmpty, passed } = this.#readership
    while (this.#waiting.length > 0) {
      const [oldest] = this.#waiting
      if (oldest === undefined || (!isEmpty && oldest.publication > passed)) return
      this.#waiting.shift()
      this.#size -= oldest.items.length
      for (const item of oldest.items) this.#release(item)
    }
  }
}

/** Of a store that nobody else reads. */
export const NO_READERS: Readership = { isEmpty: true, next: 1, passed: 0 }
