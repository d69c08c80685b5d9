import { LruMap } from '@signalbox/base'
import { byteStringOf, latin1 } from './byte-text.ts'
import { MergeQueue } from './merge-queue.ts'

/**
 * Pieces whose merges are remembered. Short ones only: they recur, and a longer string cut from a prompt would keep the whole prompt
 * in memory (V8 shares the characters of slices of 13 and more).
 */
const REMEMBERED_PIECES = 16_384
const REMEMBERED_BYTES_MAX = 12

/**
 * A byte-pair encoding: a token's number is its rank, and the adjacent pair that joins to the token of the lowest rank is merged
 * first, the leftmost of equals, until no pair joins to a token.
 *
 * The merge takes n log n steps for a piece of n bytes, so a megabyte without a space is not a way to stop the process.
 */
export class BytePairs {
  readonly #bytes: readonly string[]
  readonly #ranks = new Map<string, number>()
  readonly #remembered = new LruMap<string, readonly number[]>(REMEMBERED_PIECES)
  readonly #tokenBytesMax: number

  /** `tokens`: the bytes of each token in order of rank, as text where they are text. */
  constructor(tokens: readonly (string | readonly number[])[]) {
    let tokenBytesMax = 0
    this.#bytes = tokens.map((token, rank) => {
      const bytes = typeof token === 'string' ? byteStringOf(token) : latin1(token)
      this.#ranks.set(bytes, rank)
      tokenBytesMax = Math.max(tokenBytesMax, bytes.length)
      return bytes
    })
    this.#tokenBytesMax = tokenBytesMax
  }

  /** The byte string of a token; undefined of a number that is no token. */
  bytesOf(token: number): string | undefined {
    return this.#bytes[token]
  }

  /** Appends the tokens of one piece of text. */
  append(piece: string, tokens: number[]): void {
    const bytes = byteStringOf(piece)
    const whole = this.#ranks.get(bytes)
    if (whole !== undefined) {
      tokens.push(whole)
      return
    }
    if (bytes.length > REMEMBERED_BYTES_MAX) {
      this.#merge(bytes, tokens)
      return
    }
    let merged = this.#remembered.get(bytes)
    if (merged === undefined) {
      const found: number[] = []
      this.#merge(bytes, found)
      this.#remembered.set(bytes, found)
      merged = found
    }
    for (const token of merged) tokens.push(token)
  }

  #merge(bytes: string, tokens: number[]): void {
    const { length } = bytes
    // Parts are named by where they start: next[i] is the start of the part after part i, `length` after the last one.
    const next = new Int32Array(length)
    const previous = new Int32Array(length + 1)
    /** Rank of what part i and the one after it join to; -1: no token, or no part starts here. */
    const ranks = new Int32Array(length)
    const queue = new MergeQueue(length)
    const rank = (start: number) => {
      const second = next[start] as number
      const end = second < length ? (next[second] as number) : length + this.#tokenBytesMax
      const found = end - start > this.#tokenBytesMax ? undefined : this.#ranks.get(bytes.slice(start, end))
      ranks[start] = found ?? -1
      if (found !== undefined) queue.push(found, start)
    }
    for (let at = 0; at < length; at++) {
      next[at] = at + 1
      previous[at] = at - 1
    }
    for (let at = 0; at < length; at++) rank(at)
    while (queue.pop()) {
      const start = queue.poppedStart
      // A part that has grown since joins to another token, of another rank, or to none.
      if (ranks[start] !== queue.poppedRank) continue
      const joined = next[start] as number
      const after = next[joined] as number
      next[start] = after
      previous[after] = start
      ranks[joined] = -1
      rank(start)
      if (start > 0) rank(previous[start] as number)
    }
    for (let at = 0; at < length; at = next[at] as number) {
      // Every single byte is a token of any byte-level vocabulary, so each part is one.
      tokens.push(this.#ranks.get(bytes.slice(at, next[at] as number)) as number)
    }
  }
}
