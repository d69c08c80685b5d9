import { decodeTokens, tokenDecoder } from './byte-text.ts'
import { encodePlainChat, type PlainTemplate } from './plain-chat.ts'
import type { Tokenizer } from './types.ts'

const template: PlainTemplate = { appendText, messageStart: 256, roleEnd: 257, messageEnd: 258 }

/** A token is a byte of UTF-8, numbered by its value; 256 to 258 mark structure and have no text. */
export function bytesTokenizer(): Tokenizer {
  return {
    id: 'bytes',
    encode: (text) => new Uint32Array(new TextEncoder().encode(text)),
    decode: (tokens) => decodeTokens(tokens, bytesOf),
    decoder: () => tokenDecoder(bytesOf),
    encodeChat: (prompt) => encodePlainChat(prompt, template),
  }
}

function appendText(text: string, tokens: number[]): void {
  for (const byte of new TextEncoder().encode(text)) tokens.push(byte)
}

function bytesOf(token: number): string {
  return token < 256 ? String.fromCharCode(token) : ''
}
