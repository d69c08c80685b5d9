import { quote } from './quote.ts'

/** What a token is. Operators, punctuation and keywords carry their canonical lower-case text in `Token.value`. */
export type TokenKind =
  | 'identifier'
  | 'metric-identifier'
  | 'number'
  | 'duration'
  | 'string'
  | 'operator'
  | 'aggregator'
  | 'keyword'
  | 'punctuation'
  | 'end'
  | 'error'

export interface Token {
  readonly kind: TokenKind
  /** Canonical text: lower case for keywords and operators, the message for errors, the source text otherwise. */
  readonly value: string
  /** The source text. */
  readonly text: string
  readonly start: number
  readonly end: number
}

const AGGREGATORS: ReadonlySet<string> = new Set([
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
])
const KEYWORDS: ReadonlySet<string> = new Set([
  'offset',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'bool',
  'fill',
  'fill_left',
  'fill_right',
  'anchored',
  'smoothed',
])
const PAIRS: ReadonlySet<string> = new Set(['==', '!=', '<=', '>=', '=~', '</', '>/'])
const WORD_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'atan2'])

const SPACE = /(?:[ \t\r\n]+|#[^\n]*)*/y
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y
const DURATION = /(?:\d+(?:ms|[smhdwy]))+/y
const NUMBER = /0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?/y

/**
 * All tokens of the text, ending with one 'end' or, where the text cannot be read, one 'error' token. Never throws.
 * Inside braces only labels, matching operators, strings and commas exist; a colon is punctuation only inside brackets.
 */
export function tokenize(text: string): readonly Token[] {
  return new Lexer(text).run()
}

class Lexer {
  readonly #text: string
  readonly #tokens: Token[] = []
  #at = 0
  #parens = 0
  #inBraces = false
  #inBrackets = false

  constructor(text: string) {
    this.#text = text
  }

  run(): readonly Token[] {
    for (;;) {
      this.#at += this.#match(SPACE)?.length ?? 0
      if (this.#at >= this.#text.length) {
        this.#finish()
        return this.#tokens
      }
      const error = this.#inBraces ? this.#insideBraces() : this.#statement()
      if (error !== undefined) {
        this.#tokens.push({ kind: 'error', value: error, text: '', start: this.#at, end: this.#at + 1 })
        return this.#tokens
      }
    }
  }

  #finish(): void {
    const end = this.#text.length
    const open = this.#inBraces
      ? 'unexpected end of input inside braces'
      : this.#inBrackets
        ? 'unclosed left bracket'
        : this.#parens > 0
          ? 'unclosed left parenthesis'
          : undefined
    if (open === undefined) this.#tokens.push({ kind: 'end', value: '', text: '', start: end, end })
    else this.#tokens.push({ kind: 'error', value: open, text: '', start: end, end })
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)?.[0]
  }

  #emit(kind: TokenKind, text: string, value = text): undefined {
    this.#tokens.push({ kind, value, text, start: this.#at, end: this.#at + text.length })
    this.#at += text.length
    return undefined
  }

  #character(): string {
    return String.fromCodePoint(this.#text.codePointAt(this.#at) as number)
  }

  #insideBraces(): string | undefined {
    const label = this.#match(LABEL)
    if (label !== undefined) return this.#emit('identifier', label)
    const next = this.#text[this.#at] as string
    const pair = this.#text.slice(this.#at, this.#at + 2)
    if (pair === '=~' || pair === '!=' || pair === '!~') return this.#emit('operator', pair)
    if (next === '=') return this.#emit('operator', next)
    if (next === '!') return `unexpected character after '!' inside braces: '${this.#text[this.#at + 1] ?? ''}'`
    if (next === ',') return this.#emit('punctuation', next)
    if (next === '}') {
      this.#inBraces = false
      return this.#emit('punctuation', next)
    }
    if (next === '{') return "unexpected left brace '{'"
    if (next === '"' || next === "'" || next === '`') return this.#string(next)
    return `unexpected character inside braces: ${characterQuoted(this.#character())}`
  }

  #statement(): string | undefined {
    const next = this.#text[this.#at] as string
    if (next === ':' && this.#inBrackets) return this.#emit('punctuation', next)
    const word = this.#match(WORD)
    if (word !== undefined) return this.#word(word)
    if ((next >= '0' && next <= '9') || (next === '.' && /\d/.test(this.#text[this.#at + 1] ?? ''))) return this.#number()
    if (next === '"' || next === "'" || next === '`') return this.#string(next)
    return this.#symbol(next)
  }

  #symbol(next: string): string | undefined {
    const pair = this.#text.slice(this.#at, this.#at + 2)
    if (PAIRS.has(pair)) return this.#emit('operator', pair)
    switch (next) {
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case '^':
      case '<':
      case '>':
        return this.#emit('operator', next)
      case '=':
      case ',':
      case '@':
        return this.#emit('punctuation', next)
      case '!':
        return `unexpected character after '!': ${characterQuoted(this.#text[this.#at + 1] ?? '')}`
      case '(':
        this.#parens++
        return this.#emit('punctuation', next)
      case ')':
        if (this.#parens === 0) return "unexpected right parenthesis ')'"
        this.#parens--
        return this.#emit('punctuation', next)
      case '{':
        this.#inBraces = true
        return this.#emit('punctuation', next)
      case '[':
        if (this.#inBrackets) return "unexpected left bracket '['"
        this.#inBrackets = true
        return this.#emit('punctuation', next)
      case ']':
        if (!this.#inBrackets) return "unexpected right bracket ']'"
        this.#inBrackets = false
        return this.#emit('punctuation', next)
      default:
        return `unexpected character: ${characterQuoted(this.#character())}`
    }
  }

  #word(word: string): undefined {
    const lower = word.toLowerCase()
    if (lower === 'inf' || lower === 'nan') return this.#emit('number', word, lower)
    if (AGGREGATORS.has(lower)) return this.#emit('aggregator', word, lower)
    if (KEYWORDS.has(lower)) return this.#emit('keyword', word, lower)
    if (WORD_OPERATORS.has(lower)) return this.#emit('operator', word, lower)
    return this.#emit(word.includes(':') ? 'metric-identifier' : 'identifier', word)
  }

  #number(): string | undefined {
    const duration = this.#match(DURATION)
    const number = this.#match(NUMBER)
    for (const [kind, text] of [['duration', duration] as const, ['number', number] as const]) {
      if (text !== undefined && !/[a-zA-Z0-9_.]/.test(this.#text[this.#at + text.length] ?? '')) return this.#emit(kind, text)
    }
    const read = Math.max(duration?.length ?? 0, number?.length ?? 0)
    return `bad number or duration syntax: ${quote(this.#text.slice(this.#at, this.#at + read + 1))}`
  }

  #string(delimiter: string): string | undefined {
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      const character = this.#text[i]
      if (character === delimiter) return this.#emit('string', this.#text.slice(this.#at, i + 1))
      if (delimiter === '`') continue
      if (character === '\n') break
      if (character === '\\') i++
    }
    return delimiter === '`' ? 'unterminated raw string' : 'unterminated quoted string'
  }
}

function characterQuoted(character: string): string {
  return character === "'" ? "'\\''" : `'${quote(character).slice(1, -1).replace('\\"', '"')}'`
}
