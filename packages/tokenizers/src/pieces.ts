import { assert } from '@signalbox/base'
import { byteTokenizer } from './byte-tokenizer.ts'
import { encodePlainChat, type PlainTemplate } from './plain-chat.ts'
import type { Tokenizer } from './types.ts'

const SPACE = 0x20
const PIECE_BYTES = 4

/** Numbers below this mark structure; no text has them. */
const FIRST_TEXT_TOKEN = 16
const template: PlainTemplate = { appendText, messageStart: 1, roleEnd: 2, messageEnd: 3 }

/**
 * The bytes that may stand together in a piece, and where the numbers of their pieces start. A piece is a number of at most four
 * digits in base `radix`, one digit a byte, from the left, 0 where there is no byte; `spaced` is added after a space.
 */
interface ByteClass {
  readonly bytes: readonly number[]
  readonly radix: number
  readonly spaced: number
  readonly first: number
}

const classes = classesOf([
  bytesWhere((byte) => byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)),
  bytesWhere((byte) => byte >= 0x30 && byte <= 0x39),
  bytesWhere((byte) => byte === SPACE || (byte >= 0x09 && byte <= 0x0d)),
  bytesWhere((byte) => byte < 0x80 && !/[A-Za-z0-9\t-\r ]/.test(String.fromCharCode(byte))),
])
/** Of each byte: its class's place in `classes`, and its digit there. */
const classIndex = new Uint8Array(256)
const digit = new Uint8Array(256)
for (const [index, { bytes }] of classes.entries()) {
  for (const [place, byte] of bytes.entries()) {
    classIndex[byte] = index
    digit[byte] = place + 1
  }
}

/**
 * Splits text into tokens of about four bytes without a vocabulary: a token is at most four bytes of one class (letters,
 * digits, space, other), together with the single space before it, and its number says which bytes.
 *
 *     "The line is clear, 12 cars."  ->  The| line| is| clea|r|,| 12| cars|.
 *
 * Left to right: equal text prefixes give equal tokens up to the token where they part. Bytes of UTF-8 beyond ASCII count as
 * letters. All pieces that there can be are 2,174,292,008, so a number and its piece give each other.
 */
export function piecesTokenizer(): Tokenizer {
  return byteTokenizer({ id: 'pieces', appendText, bytesOf, encodeChat: (prompt) => encodePlainChat(prompt, template) })
}

function appendText(text: string, tokens: number[]): void {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  while (at < bytes.length) {
    const spaced = bytes[at] === SPACE && at + 1 < bytes.length && bytes[at + 1] !== SPACE
    if (spaced) at += 1
    const kind = classIndex[bytes[at] as number] as number
    const { radix, first, spaced: afterSpace } = classes[kind] as ByteClass
    let number = 0
    for (let place = 0; place < PIECE_BYTES; place++) {
      number *= radix
      const byte = bytes[at]
      // Once a byte does not belong to the piece, the rest of its digits stay 0: `at` stands still.
      if (byte === undefined || classIndex[byte] !== kind) continue
      number += digit[byte] as number
      at += 1
    }
    tokens.push(first + (spaced ? afterSpace : 0) + number)
  }
}

function bytesOf(token: number): string {
  const found = classes.findLast(({ first }) => token >= first)
  if (found === undefined || token >= found.first + 2 * found.spaced) return ''
  const { bytes, radix, spaced, first } = found
  let rest = token - first
  let text = ''
  const isSpaced = rest >= spaced
  if (isSpaced) rest -= spaced
  for (let place = 0; place < PIECE_BYTES; place++) {
    const value = rest % radix
    if (value > 0) text = String.fromCharCode(bytes[value - 1] as number) + text
    rest = Math.floor(rest / radix)
  }
  return isSpaced ? ` ${text}` : text
}

function bytesWhere(belongs: (byte: number) => boolean): readonly number[] {
  return Array.from({ length: 256 }, (_, byte) => byte).filter(belongs)
}

function classesOf(alphabets: readonly (readonly number[])[]): readonly ByteClass[] {
  let first = FIRST_TEXT_TOKEN
  const made = alphabets.map((bytes) => {
    const radix = bytes.length + 1
    const spaced = radix ** PIECE_BYTES
    const byteClass: ByteClass = { bytes, radix, spaced, first }
    first += 2 * spaced
    return byteClass
  })
  assert(first <= 0xc000_0000, 'pieces leave room for images below 2^32')
  return made
}
