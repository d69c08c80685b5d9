import { fmix32 } from '@signalbox/base'

/**
 * A run of tokens named by an id: token i of the run is a function of the id and i alone. Equal ids therefore mean equal
 * tokens, position by position, and a shorter run is the beginning of a longer one of the same id.
 */
export interface Segment {
  /** A whole number from 0, below 2^53. Ids below 2^32 mean something within one trace; ids from 2^32 up are hashes of contents and mean the same in every trace. */
  readonly id: number
  /** At least 1. */
  readonly tokens: number
}

/** What a request asks with: runs of tokens, one after the other. `tokens` is their sum. */
export interface Prompt {
  readonly segments: readonly Segment[]
  readonly tokens: number
}

/** A prompt of these segments. */
export function promptOf(segments: readonly Segment[]): Prompt {
  let tokens = 0
  for (const segment of segments) tokens += segment.tokens
  return { segments, tokens }
}

/** The tokens of a prompt: 32 bits each, equal where segments and positions are equal, else as good as independent. */
export function tokensOf(prompt: Prompt): Uint32Array {
  return segmentTokens(prompt.segments)
}

/** The tokens of these segments, one after the other, as `tokensOf` gives them: for answers and parts of prompts. */
export function segmentTokens(segments: readonly Segment[]): Uint32Array {
  let total = 0
  for (const segment of segments) total += segment.tokens
  const tokens = new Uint32Array(total)
  let at = 0
  for (const segment of segments) {
    const seed = seedOf(segment.id)
    for (let i = 0; i < segment.tokens; i++) tokens[at++] = tokenAt(seed, i)
  }
  return tokens
}

/** Most bytes that `bytesOf` writes for one token. */
export const tokenBytesMax = 7

/**
 * The prompt as a gateway sees it: pseudo-text of words, one a token, each with the space before it: 2 to 7 bytes by the
 * token, 4.4 on average (English text has about as many). So byte blocks and token blocks do not align, and equal runs of
 * tokens are equal runs of bytes.
 *
 * With `into` of at least `tokenBytesMax` bytes a token the answer is a view of its beginning, valid until the next use; else it is new.
 */
export function bytesOf(prompt: Prompt, into?: Uint8Array): Uint8Array {
  const bound = prompt.tokens * tokenBytesMax
  const bytes = into !== undefined && into.length >= bound ? into : new Uint8Array(bound)
  let at = 0
  for (const segment of prompt.segments) {
    const seed = seedOf(segment.id)
    for (let i = 0; i < segment.tokens; i++) {
      // The words' letters come from the top byte: a token that differs has another word in 255 of 256 cases.
      const word = (tokenAt(seed, i) >>> 24) << 3
      // All seven places are written whatever the word's length: the next word goes over what is too much.
      bytes[at] = WORDS[word] as number
      bytes[at + 1] = WORDS[word + 1] as number
      bytes[at + 2] = WORDS[word + 2] as number
      bytes[at + 3] = WORDS[word + 3] as number
      bytes[at + 4] = WORDS[word + 4] as number
      bytes[at + 5] = WORDS[word + 5] as number
      bytes[at + 6] = WORDS[word + 6] as number
      at += WORDS[word + tokenBytesMax] as number
    }
  }
  return bytes.subarray(0, at)
}

/** 32 bits of an id of up to 53: its low word mixed with its high one. */
function seedOf(id: number): number {
  return fmix32((id | 0) ^ Math.imul(Math.floor(id / 2 ** 32), 0x9e3779b1))
}

/** A Weyl sequence from the seed, finalised: neighbours and runs of neighbouring seeds share no stretch. */
function tokenAt(seed: number, index: number): number {
  return fmix32(seed + Math.imul(index + 1, 0x9e3779b9)) >>> 0
}

/** How many of the 256 words have 1, 2, ... 6 letters: 1,127 bytes with their spaces, 4.40 a word. */
const WORDS_BY_LETTERS = [25, 46, 65, 62, 37, 21]

/** 256 distinct words, 8 bytes each: a space and 1 to 6 letters, then how many bytes that is in the last place. */
const WORDS = pseudoWords()

function pseudoWords(): Uint8Array {
  const words = new Uint8Array(256 * 8)
  let word = 0
  WORDS_BY_LETTERS.forEach((count, shorter) => {
    for (let nth = 0; nth < count; nth++, word += 8) {
      words[word] = 0x20
      // The first two letters tell words of one length apart: 26 pairs of letters that differ, then the next.
      words[word + 1] = 0x61 + (nth % 26)
      for (let letter = 1; letter <= shorter; letter++) words[word + 1 + letter] = 0x61 + ((nth * 7 + letter * 5 + Math.floor(nth / 26)) % 26)
      words[word + 7] = shorter + 2
    }
  })
  return words
}
