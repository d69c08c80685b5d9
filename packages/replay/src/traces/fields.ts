import type { Problem } from './format.ts'

/** The largest number of tokens of one prompt or answer that is believed: a hundred million. */
export const tokensMax = 100_000_000

/**
 * Reads the named fields of one row and keeps the first thing that is wrong, so that a reader looks once, after all
 * fields. After a problem the answers are placeholders of the right type.
 */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>
  #problem: Problem | undefined

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  get problem(): Problem | undefined {
    return this.#problem
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined && this.raw(name) !== null
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
  }

  /** A whole number of tokens, from `least` to a hundred million. */
  tokens(name: string, least = 0): number {
    const value = this.number(name)
    if (Number.isInteger(value) && value >= least && value <= tokensMax) return value
    this.wrong(name, `expected a whole number from ${least} to ${tokensMax}`)
    return least
  }

  /** A finite number of at least 0. */
  amount(name: string): number {
    const value = this.number(name)
    if (value < 0) this.wrong(name, 'expected a number of at least 0')
    return value
  }

  /** A finite number: a JSON number, or a text that spells one, as in a CSV file. */
  number(name: string): number {
    const value = this.raw(name)
    const number = typeof value === 'string' && /^\s*-?\d/.test(value) ? Number(value) : value
    if (typeof number === 'number' && Number.isFinite(number)) return number
    this.wrong(name, 'expected a number')
    return 0
  }

  flag(name: string): boolean {
    const value = this.raw(name)
    if (typeof value === 'boolean') return value
    this.wrong(name, 'expected true or false')
    return false
  }

  text(name: string): string {
    const value = this.raw(name)
    if (typeof value === 'string') return value
    this.wrong(name, 'expected a text')
    return ''
  }

  /** A text or a number: what files name sessions and chats with. */
  name(name: string): string | number {
    const value = this.raw(name)
    if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return value
    this.wrong(name, 'expected a text or a number')
    return ''
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name)
    if (Array.isArray(value)) return value
    this.wrong(name, 'expected a list')
    return []
  }

  /** Says that a field is wrong; the first one counts. */
  wrong(field: string, expected: string): void {
    this.#problem ??= { field, expected: `${expected}, found ${this.#found(field)}` }
  }

  #found(field: string): string {
    const value = this.raw(field)
    if (value === undefined) return 'nothing'
    const text = JSON.stringify(value)
    return text.length > 60 ? `${text.slice(0, 57)}...` : text
  }
}

/** The fields of a line that is a JSON object. */
export function jsonFields(line: string): Fields | Problem {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { field: '', expected: `expected a JSON object, found what cannot be parsed: ${JSON.stringify(line.slice(0, 60))}` }
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Fields(value as Record<string, unknown>)
  return { field: '', expected: 'expected a JSON object' }
}
