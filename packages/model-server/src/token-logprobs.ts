import { hashTokens } from '@signalbox/engine'
import type { Tokenizer } from '@signalbox/tokenizers'
import { cannedWords } from './texts/canned-texts.ts'

/** A token with how likely it is said to have been. */
export interface TokenLogprob {
  readonly text: string
  /** Natural logarithm of a probability: at most 0. */
  readonly logprob: number
}

export interface TokenChoice extends TokenLogprob {
  /** The most likely tokens, best first, the chosen one among them. */
  readonly alternatives: readonly TokenLogprob[]
}

/**
 * Log probabilities of generated tokens: simulated, plausible, and a function of the token and its place alone. The chosen
 * token is the likeliest; each alternative, a canned word, is less likely than the one before it, and all of them add up to
 * less than 1.
 */
export function tokenChoice(
  tokenizer: Tokenizer,
  place: { token: number; index: number },
  options: { alternatives: number; asIds: boolean },
): TokenChoice {
  const { token, index } = place
  const bits = hashTokens([index], token)
  // Probability of the chosen token: from 1/2 to 1.
  const share = 0.5 + ((bits >>> 0) / 0x1_0000_0000) * 0.499
  const text = options.asIds ? `token_id:${token}` : tokenizer.decode([token])
  const chosen = { text, logprob: Math.log(share) }
  const alternatives: TokenLogprob[] = options.alternatives > 0 ? [chosen] : []
  let left = 1 - share
  for (let at = bits % cannedWords.length; alternatives.length < options.alternatives; at++) {
    const word = ` ${cannedWords[at % cannedWords.length] as string}`
    const other = options.asIds ? `token_id:${tokenizer.encode(word)[0]}` : word
    left /= 2
    if (other === text) continue
    alternatives.push({ text: other, logprob: Math.log(left) })
  }
  return { ...chosen, alternatives }
}
