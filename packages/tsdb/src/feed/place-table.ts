import type { SeriesPlace } from '../samples/chunk-reader.ts'

const PAGE_REFS = 256

interface Page {
  readonly sealed: Int32Array
  readonly column: Int32Array
  readonly row: Int32Array
  readonly length: Uint8Array
  readonly alive: Uint8Array
  live: number
}

/** Where the samples of series are, as a reader knows it: 14 bytes a series, in pages that go with their last series. */
export class PlaceTable {
  #pages: (Page | undefined)[] = []
  #held = 0
  readonly #place: SeriesPlace = { sealed: 0, column: 0, row: 0, length: 0 }

  get bytes(): number {
    return this.#held * PAGE_REFS * (3 * 4 + 2)
  }

  /** Good until the next call; undefined: there is no such series. */
  get(ref: number): SeriesPlace | undefined {
    const page = this.#pages[ref >>> 8]
    const slot = ref & (PAGE_REFS - 1)
    if (page === undefined || page.alive[slot] === 0) return undefined
    const place = this.#place
    place.sealed = page.sealed[slot] as number
    place.column = page.column[slot] as number
    place.row = page.row[slot] as number
    place.length = page.length[slot] as number
    return place
  }

  /** A series without samples, unless it is there already. */
  open(ref: number): void {
    this.#open(ref)
  }

  set(ref: number, place: SeriesPlace): void {
    const page = this.#open(ref)
    const slot = ref & (PAGE_REFS - 1)
    page.sealed[slot] = place.sealed
    page.column[slot] = place.column
    page.row[slot] = place.row
    page.length[slot] = place.length
  }

  /** The open chunks of `count` series from `first` on have one sample more each. */
  advance(first: number, count: number): void {
    for (let ref = first; ref < first + count; ref++) {
      const page = this.#pages[ref >>> 8]
      if (page !== undefined) page.length[ref & (PAGE_REFS - 1)] = (page.length[ref & (PAGE_REFS - 1)] as number) + 1
    }
  }

  delete(ref: number): void {
    const page = this.#pages[ref >>> 8]
    const slot = ref & (PAGE_REFS - 1)
    if (page === undefined || page.alive[slot] === 0) return
    page.alive[slot] = 0
    page.live -= 1
    if (page.live > 0) return
    this.#pages[ref >>> 8] = undefined
    this.#held -= 1
  }

  #open(ref: number): Page {
    const index = ref >>> 8
    const slot = ref & (PAGE_REFS - 1)
    while (this.#pages.length < index) this.#pages.push(undefined)
    let page = this.#pages[index]
    if (page === undefined) {
      page = emptyPage()
      this.#pages[index] = page
      this.#held += 1
    }
    if (page.alive[slot] === 0) {
      page.alive[slot] = 1
      page.live += 1
      page.sealed[slot] = 0
      page.length[slot] = 0
    }
    return page
  }
}

function emptyPage(): Page {
  return {
    sealed: new Int32Array(PAGE_REFS),
    column: new Int32Array(PAGE_REFS),
    row: new Int32Array(PAGE_REFS),
    length: new Uint8Array(PAGE_REFS),
    alive: new Uint8Array(PAGE_REFS),
    live: 0,
  }
}
