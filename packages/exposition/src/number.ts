import { DOT, MINUS, PLUS, ZERO } from './characters.ts'

/** 10^0 .. 10^22: the powers of ten that a double holds exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const ascii = new TextDecoder()

/**
 * The number written in `bytes[start, end)`: decimal digits with an optional sign, point and exponent
 * (leading zeros allowed: `1.07e+010`), or `NaN`, `Inf`, `Infinity` in any case, with a sign. undefined for anything
 * else: no hexadecimal, no underscores, not empty. Correctly rounded. NaN is always the quiet NaN 0x7ff8000000000000.
 *
 * A mantissa below 2^53 times or over an exact power of ten rounds once, so it is exact (W. D. Clinger, "How to read
 * floating point numbers accurately", 1990); the rest goes to the engine's own conversion.
 */
export function decodeNumber(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start
  const sign = bytes[at] as number
  if (at < end && (sign === MINUS || sign === PLUS)) at += 1
  const unsignedStart = at
  let mantissa = 0
  for (; at < end && isDigit(bytes[at] as number); at++) mantissa = mantissa * 10 + (bytes[at] as number) - ZERO
  let digits = at - unsignedStart
  let exponent = 0
  if (at < end && bytes[at] === DOT) {
    at += 1
    const fractionStart = at
    for (; at < end && isDigit(bytes[at] as number); at++) mantissa = mantissa * 10 + (bytes[at] as number) - ZERO
    exponent = fractionStart - at
    digits -= exponent
  }
  if (digits === 0) return decodeWord(bytes, unsignedStart, end, sign === MINUS)
  if (at < end && ((bytes[at] as number) | 0x20) === 0x65) {
    at += 1
    const exponentSign = bytes[at]
    if (at < end && (exponentSign === MINUS || exponentSign === PLUS)) at += 1
    const exponentStart = at
    let written = 0
    // Saturates: 1e99999 is Infinity whatever follows.
    for (; at < end && isDigit(bytes[at] as number); at++) written = Math.min(written * 10 + (bytes[at] as number) - ZERO, 99_999)
    if (at === exponentStart) return undefined
    exponent += exponentSign === MINUS ? -written : written
  }
  if (at !== end) return undefined
  if (mantissa >= 2 ** 53 || exponent > 22 || exponent < -22) return Number(ascii.decode(bytes.subarray(start, end)))
  const size = exponent < 0 ? mantissa / (powersOfTen[-exponent] as number) : mantissa * (powersOfTen[exponent] as number)
  return sign === MINUS ? -size : size
}

function decodeWord(bytes: Uint8Array, start: number, end: number, negative: boolean): number | undefined {
  const length = end - start
  if (length !== 3 && length !== 8) return undefined
  const word = ascii.decode(bytes.subarray(start, end)).toLowerCase()
  if (word === 'nan') return Number.NaN
  if (word !== 'inf' && word !== 'infinity') return undefined
  return negative ? -Infinity : Infinity
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9
}
