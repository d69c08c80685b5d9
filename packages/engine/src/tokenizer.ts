/**
 * Splits text into tokens of about four bytes without a vocabulary: a token is at most four bytes of one class (letters,
 * digits, space, other), together with the single space before it, and its number is a hash of its bytes.
 *
 *     "The line is clear, 12 cars."  ->  The| line| is| clea|r|,| 12| cars|.
 *
 * Pure, left to right: equal text prefixes give equal tokens up to the token where they part. Bytes of
 * UTF-8 beyond ASCII count as letters.
 */

const SPACE = 0x20
const PIECE_BYTES = 4

/** Numbers below this mark structure; no text has them. */
const FIRST_TEXT_TOKEN = 16
const MESSAGE_START = 1
const ROLE_END = 2
const MESSAGE_END = 3

/** Tokens that an inline image takes, whatever its size. */
export const imageTokens = 1000

/** One part of a message: text, or an image named by a text that identifies it. */
export type MessagePart = { readonly type: 'text'; readonly text: string } | { readonly type: 'image'; readonly url: string }

export interface ChatMessage {
  readonly role: string
  readonly parts: readonly MessagePart[]
}

/** The tokens of a plain prompt. */
export function tokenizeText(text: string): Uint32Array {
  const tokens: number[] = []
  appendText(text, tokens)
  return Uint32Array.from(tokens)
}

/**
 * The tokens of a conversation and the start of the assistant's turn. Each message is closed: a conversation that
 * goes on with the generated answer and another message begins with the same tokens, the generated ones included.
 */
export function tokenizeChat(messages: readonly ChatMessage[]): Uint32Array {
  const tokens: number[] = []
  for (const { role, parts } of messages) {
    appendRole(role, tokens)
    for (const part of parts) {
      if (part.type === 'text') appendText(part.text, tokens)
      else appendImage(part.url, tokens)
    }
    tokens.push(MESSAGE_END)
  }
  appendRole('assistant', tokens)
  return Uint32Array.from(tokens)
}

/** The token of one piece of text, as `tokenizeText` would number it. */
export function tokenOf(piece: string): number {
  const bytes = new TextEncoder().encode(piece)
  return hashPiece(bytes, 0, bytes.length)
}

function appendRole(role: string, tokens: number[]): void {
  tokens.push(MESSAGE_START)
  appendText(role, tokens)
  tokens.push(ROLE_END)
}

function appendImage(url: string, tokens: number[]): void {
  const token = tokenOf(url)
  for (let i = 0; i < imageTokens; i++) tokens.push(token)
}

function appendText(text: string, tokens: number[]): void {
  const bytes = new TextEncoder().encode(text)
  let start = 0
  while (start < bytes.length) {
    const end = pieceEnd(bytes, start)
    tokens.push(hashPiece(bytes, start, end))
    start = end
  }
}

function pieceEnd(bytes: Uint8Array, start: number): number {
  let at = start
  if (bytes[at] === SPACE && at + 1 < bytes.length && bytes[at + 1] !== SPACE) at += 1
  const kind = kindOf(bytes[at] as number)
  const limit = Math.min(bytes.length, at + PIECE_BYTES)
  do at += 1
  while (at < limit && kindOf(bytes[at] as number) === kind)
  return at
}

function kindOf(byte: number): 'letter' | 'digit' | 'space' | 'other' {
  const lower = byte | 0x20
  if (byte >= 0x80 || (lower >= 0x61 && lower <= 0x7a)) return 'letter'
  if (byte >= 0x30 && byte <= 0x39) return 'digit'
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d) ? 'space' : 'other'
}

/** FNV-1a, 32 bits, kept clear of the structural numbers. */
function hashPiece(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193)
  hash >>>= 0
  return hash < FIRST_TEXT_TOKEN ? hash + FIRST_TEXT_TOKEN : hash
}
