import { parseDuration } from '../duration.ts'

/** A number (also hexadecimal), an infinity, NaN, or a duration in seconds. */
export function parseNumber(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const plain = text.replace(/^[+-]/, '')
  if (/^inf$/i.test(plain)) return sign * Number.POSITIVE_INFINITY
  if (/^nan$/i.test(plain)) return Number.NaN
  const durationMs = parseDuration(plain)
  const value = durationMs === undefined ? Number(plain) : durationMs / 1000
  if (Number.isNaN(value)) throw new SyntaxError(`bad number: ${text}`)
  return sign * value
}
