import type { TokenDecoder } from './types.ts'

/**
 * A *byte string* is a string with one character (0..255) for each byte: bytes that a Map takes as key and that slice without a
 * copy. Text becomes one as UTF-8.
 */
export function byteStringOf(text: string): string {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return latin1(new TextEncoder().encode(text))
  return text
}

/** The byte string of `bytes`. */
export function latin1(bytes: ArrayLike<number>): string {
  // As arguments of one call, a few thousand at most: an engine limits how many it takes.
  const CHUNK = 4096
  if (bytes.length <= CHUNK) return String.fromCharCode.apply(undefined, bytes as number[])
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode.apply(undefined, Array.prototype.slice.call(bytes, at, at + CHUNK) as number[])
  }
  return text
}

/** The text of a run of tokens whose bytes `bytesOf` knows; an incomplete character at the end is left out. */
export function decodeTokens(tokens: ArrayLike<number>, bytesOf: (token: number) => string): string {
  let bytes = new Uint8Array(tokens.length * 4 + 16)
  let length = 0
  for (let index = 0; index < tokens.length; index++) {
    const piece = bytesOf(tokens[index] as number)
    if (length + piece.length > bytes.length) {
      const grown = new Uint8Array((length + piece.length) * 2)
      grown.set(bytes.subarray(0, length))
      bytes = grown
    }
    for (let at = 0; at < piece.length; at++) bytes[length++] = piece.charCodeAt(at)
  }
  return textDecoder().decode(bytes.subarray(0, length), { stream: true })
}

/** `decodeTokens`, token by token. */
export function tokenDecoder(bytesOf: (token: number) => string): TokenDecoder {
  const decoder = textDecoder()
  return {
    push: (token) => {
      const piece = bytesOf(token)
      const bytes = new Uint8Array(piece.length)
      for (let at = 0; at < piece.length; at++) bytes[at] = piece.charCodeAt(at)
      return decoder.decode(bytes, { stream: true })
    },
  }
}

/** Keeps a byte order mark: it is text that somebody sent. */
function textDecoder() {
  return new TextDecoder('utf-8', { ignoreBOM: true })
}
