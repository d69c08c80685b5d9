/*
 * Go's string literals, which PromQL uses. A byte that is not part of valid UTF-8 (from "\xff") has no place in a JavaScript
 * string: it is kept as the lone surrogate U+DC00 + byte, which no valid text contains, and written back as \xNN.
 */

const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
  ['\\', 92],
  ["'", 39],
  ['"', 34],
])
const NAMES: ReadonlyMap<number, string> = new Map([...ESCAPES].filter(([name]) => name !== "'").map(([name, code]) => [code, name]))
const INVALID_BYTE = 0xdc00

/** The text of a literal with its quotes (', " or `); undefined when an escape is malformed. */
export function unquote(literal: string): string | undefined {
  const body = literal.slice(1, -1)
  if (literal.startsWith('`')) return body.replaceAll('\r', '')
  if (!body.includes('\\')) return body
  const bytes: number[] = []
  const encoder = new TextEncoder()
  for (let i = 0; i < body.length; ) {
    if (body[i] !== '\\') {
      const end = body.indexOf('\\', i)
      const plain = body.slice(i, end < 0 ? body.length : end)
      for (const byte of encoder.encode(plain)) bytes.push(byte)
      i += plain.length
      continue
    }
    const simple = ESCAPES.get(body[i + 1] ?? '')
    if (simple !== undefined) {
      bytes.push(simple)
      i += 2
      continue
    }
    const coded = /^\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(body.slice(i, i + 10))
    if (coded === null) return undefined
    const [all, hex, octal, short, long] = coded
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16))
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else {
      const point = Number.parseInt(short ?? long ?? '', 16)
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined
      for (const byte of encoder.encode(String.fromCodePoint(point))) bytes.push(byte)
    }
    i += all.length
  }
  return decode(Uint8Array.from(bytes))
}

function decode(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i] as number
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
    try {
      text += decoder.decode(bytes.subarray(i, i + length))
      i += length
    } catch {
      // The decoder's only way to answer "invalid": one byte is kept as it is.
      text += String.fromCharCode(INVALID_BYTE + lead)
      i++
    }
  }
  return text
}

/** The text between double quotes, escaped as Go's strconv.Quote does. */
export function quote(text: string): string {
  let quoted = '"'
  for (const character of text) {
    const code = character.codePointAt(0) as number
    const name = NAMES.get(code)
    if (name !== undefined) quoted += `\\${name}`
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code >= INVALID_BYTE && code < INVALID_BYTE + 256) quoted += `\\x${(code - INVALID_BYTE).toString(16).padStart(2, '0')}`
    else if (code >= 0xd800 && code < 0xe000) quoted += '\\ufffd'
    else if (code > 0x7f && /[\p{C}\p{Z}]/u.test(character)) {
      quoted += code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
    } else quoted += character
  }
  return `${quoted}"`
}

/** Whether every character came from valid UTF-8. */
export function isValidText(text: string): boolean {
  return !/\p{Cs}/u.test(text)
}
