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
  const shown = new Uint32Array(tokens.length)
  const held = stop.isIncluded ? 0 : Math.max(0, ...stop.strings.map((text) => text.length - 1))
  let text = ''
  let searchableFrom = 0
  for (const [index, token] of tokens.entries()) {
    const before = text.length
    if (stop.tokenIds.has(token) && index + 1 >= tokensMin) {
      if (stop.isIncluded) text += decoder.push(token)
      return ended({ tokens, text, shown, stopReason: token }, index)
    }
    text += decoder.push(token)
    if (index + 1 <= tokensMin) searchableFrom = text.length
    else {
      const found = findStop(text, { before, searchableFrom }, stop.strings)
      if (found !== undefined) {
        const end = stop.isIncluded ? found.at + found.stop.length : found.at
        return ended({ tokens, text: text.slice(0, end), shown, stopReason: found.stop }, index)
      }
    }
    shown[index] = Math.max(0, text.length - held)
  }
  return ended({ tokens, text, shown, stopReason: null }, tokens.length - 1)
}

/** A script whose last token is `last`. */
function ended(script: AnswerScript, last: number): AnswerScript {
  const shown = script.shown.subarray(0, last + 1)
  for (let index = last - 1; index >= 0 && (shown[index] as number) > script.text.length; index--) shown[index] = script.text.length
  shown[last] = script.text.length
  return { ...script, tokens: script.tokens.subarray(0, last + 1), shown }
}

/** The first stop string of the list that ends within the text from `before` on. */
function findStop(
  text: string,
  from: { before: number; searchableFrom: number },
  stops: readonly string[],
): { stop: string; at: number } | undefined {
  if (text.length === from.before) return undefined
  for (const stop of stops) {
    const start = Math.max(from.searchableFrom, from.before - stop.length + 1, 0)
    const at = text.slice(start).indexOf(stop)
    if (at !== -1) return { stop, at: start + at }
  }
  return undefined
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
