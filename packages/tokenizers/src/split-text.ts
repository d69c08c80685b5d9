import { assert } from '@signalbox/base'

/** Characters that are matched at once: a regular expression that backs up over tens of millions of letters has no stack left. */
const WINDOW = 1 << 20

/** What a match may depend on beyond its own end, but for a run of white space: a contraction (`'re`) and a surrogate pair. */
const LOOKAHEAD = 8

/**
 * Calls `take` with the matches of `pattern` (global, one that leaves nothing out) in order: the pieces that byte pairs are merged
 * within. A piece of more than 2^20 characters is cut; every other one is what a match over the whole text would give.
 */
export function splitText(text: string, pattern: RegExp, take: (piece: string) => void, window = WINDOW): void {
  assert(window > 2 * LOOKAHEAD, `window ${window}`)
  let start = 0
  while (text.length - start > window) {
    const end = start + (splitsPair(text, start + window) ? window + 1 : window)
    const part = text.slice(start, end)
    const settled = part.trimEnd().length - LOOKAHEAD
    let length = 0
    for (const [piece] of part.matchAll(pattern)) {
      // The rest is matched again with what follows it, unless that would change nothing but where the window starts.
      if (length > 0 && length + piece.length > settled) break
      take(piece)
      length += piece.length
    }
    start += length
  }
  const rest = start === 0 ? text : text.slice(start)
  for (const [piece] of rest.matchAll(pattern)) take(piece)
}

function splitsPair(text: string, at: number): boolean {
  const unit = text.charCodeAt(at - 1)
  return unit >= 0xd800 && unit <= 0xdbff
}
