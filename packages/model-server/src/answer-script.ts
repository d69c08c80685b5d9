import type { Tokenizer } from '@signalbox/tokenizers'
import type { StopConditions } from './requests/generation-request.ts'

/** An answer, and what a client may see of it after each token. */
export interface AnswerScript {
  /** As generated, those that no text shows included. */
  readonly tokens: Uint32Array
  readonly text: string
  /** `shown[i]`: characters of `text` that are out after token i; never decreases, the last is the whole. */
  readonly shown: Uint32Array
  /** The text or token that stopped it; null: its own end, or the limit. */
  readonly stopReason: string | number | null
}

/**
 * Plays an answer up to the first stop condition, as vLLM finds it: token by token, a stop string once the text that
 * its last token completes contains it, the first of the list first; none before `tokensMin` tokens. What could still become a stop
 * string is held back. Characters that span tokens show when they are complete.
 */
export function scriptOf(tokenizer: Tokenizer, tokens: Uint32Array, conditions: { stop: StopConditions; tokensMin: number }): AnswerScript {
  const { stop, tokensMin } = conditions
  const decoder = tokenizer.decoder()
  const search = new StopSearch(stop.strings)
  const shown = new Uint32Array(tokens.length)
  const held = stop.isIncluded ? 0 : search.held
  const pieces: string[] = []
  let length = 0
  for (const [index, token] of tokens.entries()) {
    const isStop = stop.tokenIds.has(token) && index + 1 >= tokensMin
    const piece = isStop && !stop.isIncluded ? '' : decoder.push(token)
    pieces.push(piece)
    length += piece.length
    if (isStop) return ended({ tokens, text: pieces.join(''), shown, stopReason: token }, index)
    const found = search.push(piece, index + 1 > tokensMin)
    if (found !== undefined) {
      const end = length - found.charactersFromEnd + (stop.isIncluded ? found.stop.length : 0)
      return ended({ tokens, text: pieces.join('').slice(0, end), shown, stopReason: found.stop }, index)
    }
    shown[index] = Math.max(0, length - held)
  }
  return ended({ tokens, text: pieces.join(''), shown, stopReason: null }, tokens.length - 1)
}

/** A script whose last token is `last`. */
function ended(script: AnswerScript, last: number): AnswerScript {
  const shown = script.shown.subarray(0, last + 1)
  for (let index = last - 1; index >= 0 && (shown[index] as number) > script.text.length; index--) shown[index] = script.text.length
  shown[last] = script.text.length
  return { ...script, tokens: script.tokens.subarray(0, last + 1), shown }
}

/** Looks for stop strings in a text that grows; it keeps the end of the text alone, so that a piece costs no more in a long text. */
class StopSearch {
  /** Characters at the end of a text that may be the beginning of a stop string. */
  readonly held: number
  readonly #stops: readonly string[]
  #tail = ''

  constructor(stops: readonly string[]) {
    this.#stops = stops
    this.held = Math.max(0, ...stops.map((text) => text.length - 1))
  }

  /** The first string of the list that ends within `piece`; text that does not count (`counts` false) is no part of any. */
  push(piece: string, counts: boolean): { readonly stop: string; readonly charactersFromEnd: number } | undefined {
    if (this.#stops.length === 0 || piece === '') return undefined
    if (!counts) {
      this.#tail = ''
      return undefined
    }
    const before = this.#tail.length
    const text = this.#tail + piece
    for (const stop of this.#stops) {
      const at = text.indexOf(stop, Math.max(0, before - stop.length + 1))
      if (at !== -1) return { stop, charactersFromEnd: text.length - at }
    }
    this.#tail = this.held === 0 ? '' : text.slice(-this.held)
    return undefined
  }
}

/** The script with only the characters from `from` to `to` of its text to be seen. */
export function clipped(script: AnswerScript, from: number, to: number): AnswerScript {
  const end = Math.min(to, script.text.length)
  return {
    ...script,
    text: script.text.slice(from, Math.max(from, end)),
    shown: script.shown.map((characters) => Math.max(0, Math.min(characters, end) - from)),
  }
}
