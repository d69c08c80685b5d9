import { decodeTokens, tokenDecoder } from './byte-text.ts'
import type { Tokenizer } from './types.ts'

/** A tokenizer whose tokens are pieces of UTF-8: `appendText` makes them of a text, `bytesOf` gives the byte string of one. */
export function byteTokenizer(parts: {
  readonly id: Tokenizer['id']
  appendText(text: string, tokens: number[]): void
  bytesOf(token: number): string
  readonly encodeChat: Tokenizer['encodeChat']
}): Tokenizer {
  const { id, appendText, bytesOf, encodeChat } = parts
  return {
    id,
    encode: (text) => {
      const tokens: number[] = []
      appendText(text, tokens)
      return new Uint32Array(tokens)
    },
    decode: (tokens) => decodeTokens(tokens, bytesOf),
    decoder: () => tokenDecoder(bytesOf),
    encodeChat,
  }
}
