import { NEWLINE } from './characters.ts'

/**
 * A page's bytes as text. An ASCII page is decoded once and sliced by byte offset; any other is decoded piece by
 * piece, because its offsets in bytes and in characters differ.
 */
export class PageText {
  readonly #page: Uint8Array
  /** The whole page, when it is ASCII. */
  readonly #ascii: string | undefined
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  /** Offset of the first byte that is not UTF-8, undefined for a sound page. */
  readonly brokenAt: number | undefined

  constructor(page: Uint8Array) {
    this.#page = page
    const whole = decodeStrictly(page)
    // Valid UTF-8 has fewer UTF-16 units than bytes as soon as one byte is not ASCII.
    this.#ascii = whole?.length === page.length ? whole : undefined
    this.brokenAt = whole === undefined ? findBroken(page) : undefined
  }

  /** The text of `[start, end)`. Owns its memory: keeping it does not keep the page. */
  slice(start: number, end: number): string {
    if (this.#ascii === undefined) return this.#decoder.decode(this.#page.subarray(start, end))
    return owned(this.#ascii.slice(start, end))
  }

  /** Line and column, both from 1, the column in characters. */
  position(offset: number): { line: number; column: number } {
    let line = 1
    let lineStart = 0
    for (let at = this.#page.indexOf(NEWLINE); at >= 0 && at < offset; at = this.#page.indexOf(NEWLINE, at + 1)) {
      line += 1
      lineStart = at + 1
    }
    return { line, column: this.#decoder.decode(this.#page.subarray(lineStart, offset)).length + 1 }
  }
}

/**
 * A copy of `text` that shares no memory with the string it was cut from. V8 represents a slice of 13 or more
 * characters as a pointer into its parent; concatenating and slicing forces a flat parent of this length alone.
 */
export function owned(text: string): string {
  return text.length < 13 ? text : ` ${text}`.slice(1)
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // The only failure of a fatal decoder over a Uint8Array is bytes that are not UTF-8.
    return undefined
  }
}

/** The start of the first line that is not UTF-8: a cut at a newline never splits a character. */
function findBroken(page: Uint8Array): number {
  let lineStart = 0
  while (lineStart < page.length) {
    const newline = page.indexOf(NEWLINE, lineStart)
    const lineEnd = newline < 0 ? page.length : newline
    if (decodeStrictly(page.subarray(lineStart, lineEnd)) === undefined) return lineStart
    lineStart = lineEnd + 1
  }
  return page.length
}
