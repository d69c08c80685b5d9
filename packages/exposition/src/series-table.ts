import { assert } from '@signalbox/base'

const NONE = -1
const SPACE = 0x20
const TAB = 0x09
const OPEN = 0x7b

/**
 * The series that the pages of one target show, each under a small number. A page lists its series in the same order time after
 * time, so the table expects after each series the one that followed it on the page before, and compares bytes in place: a known
 * line costs neither a string, nor a hash, nor a look at its labels. A line out of order is found by hash.
 *
 *     #bytes   up{job="x"} | a_bucket{le="1"} | ...        texts end to end
 *     number   #offsets #lengths #hashes #followers #seen  one column each
 *     #slots   hash -> number, open addressing, at most half full
 *
 * Numbers are dense from 0; one that a page no longer shows is given to another series after `endPage`. Texts that differ are different
 * series here, whatever their labels. Owned by the caller, one for each target; not shared between pages that are read at the same time.
 */
export class SeriesTable {
  readonly #seriesMax: number
  #bytes = new Uint8Array(1 << 12)
  #used = 0
  #unused = 0
  #offsets = new Uint32Array(64)
  #lengths = new Uint32Array(64)
  #hashes = new Int32Array(64)
  #followers = new Int32Array(64).fill(NONE)
  /** The page that last showed it, 0 for a free number. */
  #seen = new Uint32Array(64)
  #slots = new Int32Array(256).fill(NONE)
  readonly #free: number[] = []
  #next = 0
  #size = 0
  #page = 1
  #first = NONE
  #expected = NONE
  #last = NONE

  /** `seriesMax`: series beyond it get no number. A table that follows pages of n series holds those of two pages, 2n. */
  constructor(seriesMax: number) {
    assert(Number.isInteger(seriesMax) && seriesMax > 0, 'seriesMax is a positive integer')
    this.#seriesMax = seriesMax
  }

  /** Series known. */
  get size(): number {
    return this.#size
  }

  /** Name and labels as on the page. */
  text(series: number): string {
    assert((this.#seen[series] ?? 0) > 0, 'the number is in use')
    const start = this.#offsets[series] as number
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#bytes.subarray(start, start + (this.#lengths[series] as number)))
  }

  /** Before the first line of a page. */
  beginPage(): void {
    this.#page += 1
    this.#expected = this.#first
    this.#last = NONE
  }

  /** After a page that is to be believed: forgets the series that it did not show. */
  endPage(): void {
    let gone = 0
    for (let series = 0; series < this.#next; series++) {
      const seen = this.#seen[series] as number
      if (seen === 0 || seen === this.#page) continue
      this.#seen[series] = 0
      this.#unused += this.#lengths[series] as number
      this.#free.push(series)
      gone += 1
    }
    if (gone === 0) return
    this.#size -= gone
    for (let series = 0; series < this.#next; series++) {
      const follower = this.#followers[series] as number
      if (follower !== NONE && this.#seen[follower] === 0) this.#followers[series] = NONE
    }
    if (this.#first !== NONE && this.#seen[this.#first] === 0) this.#first = NONE
    if (this.#unused * 2 > this.#used) this.#compact()
    this.#fillSlots(this.#slots.length)
  }

  /** Forgets every series. */
  clear(): void {
    this.#page += 1
    this.endPage()
  }

  /**
   * The offset after the expected series, when `page` shows it at `start` with a blank and a value behind it; NONE (-1) for any other
   * text. The series is then `current`.
   */
  follow(page: Uint8Array, start: number): number {
    const expected = this.#expected
    if (expected === NONE) return NONE
    const end = start + (this.#lengths[expected] as number)
    // Labels may stand behind blanks, and then the name alone is not the series.
    if (page[end] !== SPACE || page[end + 1] === OPEN || page[end + 1] === SPACE || page[end + 1] === TAB) return NONE
    if (!this.#isAt(expected, page, start)) return NONE
    this.#pass(expected)
    return end
  }

  /** The series that `follow` found last. */
  get current(): number {
    return this.#last
  }

  /** The number of the series with the text `[start, end)` of `page`, a new one if need be; -1 when the table is full. */
  number(page: Uint8Array, start: number, end: number): number {
    const hash = hashOf(page, start, end)
    let slot = hash & (this.#slots.length - 1)
    for (let series = this.#slots[slot] as number; series !== NONE; series = this.#slots[slot] as number) {
      if (this.#hashes[series] === hash && this.#lengths[series] === end - start && this.#isAt(series, page, start)) {
        this.#pass(series)
        return series
      }
      slot = (slot + 1) & (this.#slots.length - 1)
    }
    if (this.#size >= this.#seriesMax) return NONE
    return this.#add(page, start, end, hash)
  }

  #add(page: Uint8Array, start: number, end: number, hash: number): number {
    const series = this.#free.pop() ?? this.#next++
    if (series >= this.#seen.length) this.#growColumns()
    this.#reserve(end - start)
    this.#bytes.set(page.subarray(start, end), this.#used)
    this.#offsets[series] = this.#used
    this.#lengths[series] = end - start
    this.#hashes[series] = hash
    // A line put between two known ones is followed by the second.
    this.#followers[series] = this.#expected
    this.#used += end - start
    this.#size += 1
    if (this.#size * 2 > this.#slots.length) this.#fillSlots(this.#slots.length * 2)
    this.#put(series)
    this.#pass(series)
    return series
  }

  /** The page shows this series next. */
  #pass(series: number): void {
    if (this.#last === NONE) this.#first = series
    else this.#followers[this.#last] = series
    this.#seen[series] = this.#page
    this.#last = series
    this.#expected = this.#followers[series] as number
  }

  #isAt(series: number, page: Uint8Array, start: number): boolean {
    const bytes = this.#bytes
    const offset = this.#offsets[series] as number
    // From the end: series of one family begin alike.
    for (let i = (this.#lengths[series] as number) - 1; i >= 0; i--) if (bytes[offset + i] !== page[start + i]) return false
    return true
  }

  #put(series: number): void {
    const mask = this.#slots.length - 1
    let slot = (this.#hashes[series] as number) & mask
    while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask
    this.#slots[slot] = series
  }

  /** Builds the slots again, for the series that a page has shown. */
  #fillSlots(length: number): void {
    this.#slots = new Int32Array(length).fill(NONE)
    for (let series = 0; series < this.#next; series++) if (this.#seen[series] !== 0) this.#put(series)
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + length))
    grown.set(this.#bytes)
    this.#bytes = grown
  }

  #compact(): void {
    const compacted = new Uint8Array(Math.max(1 << 12, (this.#used - this.#unused) * 2))
    let used = 0
    for (let series = 0; series < this.#next; series++) {
      if (this.#seen[series] === 0) continue
      const start = this.#offsets[series] as number
      compacted.set(this.#bytes.subarray(start, start + (this.#lengths[series] as number)), used)
      this.#offsets[series] = used
      used += this.#lengths[series] as number
    }
    this.#bytes = compacted
    this.#used = used
    this.#unused = 0
  }

  #growColumns(): void {
    const length = this.#seen.length * 2
    const grow = <T extends Uint32Array | Int32Array>(column: T, grown: T): T => {
      grown.set(column)
      return grown
    }
    this.#offsets = grow(this.#offsets, new Uint32Array(length))
    this.#lengths = grow(this.#lengths, new Uint32Array(length))
    this.#hashes = grow(this.#hashes, new Int32Array(length))
    this.#followers = grow(this.#followers, new Int32Array(length).fill(NONE))
    this.#seen = grow(this.#seen, new Uint32Array(length))
  }
}

/** SOURCE: G. Fowler, L. C. Noll, K.-P. Vo, FNV-1a, 32 bits. */
function hashOf(page: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (page[at] as number), 0x01000193)
  return hash
}
