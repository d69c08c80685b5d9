import type { Place } from './ast.ts'
import { parseDuration } from './duration.ts'
import { type Token, type TokenKind, tokenize } from './lexer.ts'
import { ParseFailure, placeOf } from './parse-failure.ts'
import { quote, unquote } from './quote.ts'

/** Int64 milliseconds: what `@` and durations may reach. */
const TIME_MS_MAX = 2 ** 63
const EXCERPT = 10

/** A cursor over the tokens with the small productions that several parts of the grammar share. Failures are thrown as ParseFailure. */
export class TokenReader {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #index = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokenize(text)
  }

  /** The current token; a lexical error surfaces when it is reached. */
  get current(): Token {
    const token = this.#tokens[this.#index] as Token
    if (token.kind === 'error') throw new ParseFailure(token.value, token)
    return token
  }

  get previousEnd(): number {
    return this.#index === 0 ? 0 : (this.#tokens[this.#index - 1] as Token).end
  }

  /** The token after the current one, without judging it. */
  peek(): Token {
    return this.#tokens[Math.min(this.#index + 1, this.#tokens.length - 1)] as Token
  }

  advance(): Token {
    const token = this.current
    if (token.kind !== 'end') this.#index++
    return token
  }

  is(kind: TokenKind, value?: string): boolean {
    const token = this.current
    return token.kind === kind && (value === undefined || token.value === value)
  }

  /** Takes the punctuation mark if it comes next. */
  take(mark: string): boolean {
    if (!this.is('punctuation', mark)) return false
    this.#index++
    return true
  }

  expect(mark: string, context: string): void {
    if (!this.take(mark)) this.unexpected(context, quote(mark))
  }

  /** From the start of something to the last token read. */
  placeFrom(start: number): Place {
    return placeOf(this.#text, start, this.previousEnd)
  }

  placeOf(token: Token): Place {
    return placeOf(this.#text, token.start, token.end)
  }

  unexpected(context = '', expected = ''): never {
    const token = this.current
    throw new ParseFailure(
      `unexpected ${describe(token)}${context === '' ? '' : ` in ${context}`}${expected === '' ? '' : `, expected ${expected}`}`,
      token,
    )
  }

  /** The value of a string token. */
  string(): string {
    const token = this.advance()
    const value = unquote(token.text)
    if (value === undefined) throw new ParseFailure(`invalid escape sequence in string ${token.text}`, token)
    return value
  }

  /** `[+-] number-or-duration` in seconds; `context` words the error. */
  signedSeconds(context: string, expected: string): number {
    let sign = 1
    if (this.is('operator', '-') || this.is('operator', '+')) sign = this.advance().value === '-' ? -1 : 1
    if (!this.is('number') && !this.is('duration')) this.unexpected(context, expected)
    return sign * this.seconds()
  }

  /** A number or duration token, in seconds. */
  seconds(): number {
    const token = this.advance()
    if (token.kind === 'number') return parseNumber(token.value)
    const durationMs = parseDuration(token.text)
    if (durationMs === undefined) throw new ParseFailure(`not a valid duration string: ${quote(token.text)}`, token)
    if (durationMs * 1e6 >= TIME_MS_MAX) throw new ParseFailure('duration out of range', token)
    return durationMs / 1000
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'end of input'
    case 'operator':
      return `<op:${token.text}>`
    case 'aggregator':
      return `<aggr:${token.text}>`
    case 'keyword':
      return `<${token.text}>`
    case 'punctuation':
      return quote(token.text)
    case 'identifier':
    case 'number':
    case 'duration':
    case 'string':
      return `${token.kind} ${excerpt(token.text)}`
    case 'metric-identifier':
      return `metric identifier ${excerpt(token.text)}`
    case 'error':
      return token.value
  }
}

function excerpt(text: string): string {
  return text.length > EXCERPT ? `${quote(text.slice(0, EXCERPT))}...` : quote(text)
}

/** The value of a number token: decimal, hexadecimal, octal with a leading zero, `inf` or `nan`. */
function parseNumber(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY
  if (text === 'nan') return Number.NaN
  const digits = text.replaceAll('_', '')
  if (/^0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8)
  return Number(digits)
}
