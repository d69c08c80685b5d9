import { failure, ok, type Result } from '@signalbox/base'
import { BACKSLASH, isBlank, isLabelNameCode, isMetricNameCode } from '../characters.ts'
import { unescapeLabelValue } from '../escape.ts'
import type { ExpositionErrorCode, ExpositionFormat } from '../types.ts'
import type { LineFault } from './line-fault.ts'

/** One sample as the line has it. Columns are from 1. */
export interface SampleLine {
  readonly name: string
  /** As written: unsorted, empty values included. Names are unique. */
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
  readonly valueColumn: number
  /** In the unit of the format: milliseconds of text, seconds of OpenMetrics. */
  readonly timestamp: number | undefined
  readonly timestampColumn: number
  readonly exemplar: ExemplarPart | undefined
}

export interface ExemplarPart {
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
  /** Seconds. */
  readonly timestamp: number | undefined
  /** Of its `#`. */
  readonly column: number
}

interface NumberToken {
  readonly value: number
  readonly column: number
}

// Linear: no two parts can match the same character.
const realNumber = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i
const openMetricsWord = /^(?:[+-]?inf(?:inity)?|nan)$/i
const textWord = /^[+-]?(?:inf|infinity|nan)$/i
const wholeNumber = /^-?[0-9]+$/

/**
 * Reads one line as a sample, by the letter of its format. OpenMetrics: one space between tokens and nowhere else, no trailing
 * comma. Text: blanks and tabs between tokens, a trailing comma, whole milliseconds, no exemplars.
 * SOURCE: OpenMetrics 1.0.0, section "ABNF"; Prometheus exposition format 0.0.4, section "Comments, help text, and type information".
 */
export function readSampleLine(line: string, format: ExpositionFormat): Result<SampleLine, LineFault> {
  const reader = new SampleLineReader(line, format)
  const sample = reader.read()
  return sample === undefined ? failure(reader.fault) : ok(sample)
}

/** The number that a `le` or `quantile` label spells: a real number, or `+Inf` in just this spelling. Undefined for anything else. */
export function readBound(text: string): number | undefined {
  if (text === '+Inf') return Infinity
  const value = realNumber.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

/** Each step answers undefined when the line is wrong; the fault is then in `fault`. */
class SampleLineReader {
  readonly #line: string
  readonly #isText: boolean
  #at = 0
  fault: LineFault = { code: 'bad-syntax', message: 'the line is not a sample', column: 1 }

  constructor(line: string, format: ExpositionFormat) {
    this.#line = line
    this.#isText = format === 'text'
  }

  read(): SampleLine | undefined {
    if (this.#isText) this.#skipBlanks()
    const name = this.#name()
    if (name === undefined) return undefined
    const labels = this.#hasBrace() ? this.#labels('bad-label') : new Map<string, string>()
    if (labels === undefined || !this.#gap('bad-value', 'a value')) return undefined
    const value = this.#number('bad-value', 'value')
    if (value === undefined) return undefined
    const timestamp = this.#optionalTimestamp('bad-timestamp')
    if (timestamp === undefined) return undefined
    const exemplar = this.#optionalExemplar()
    if (exemplar === undefined) return undefined
    return {
      name,
      labels,
      value: value.value,
      valueColumn: value.column,
      timestamp: timestamp?.value,
      timestampColumn: timestamp?.column ?? 1,
      exemplar: exemplar ?? undefined,
    }
  }

  #name(): string | undefined {
    const start = this.#at
    if (!isMetricNameCode(this.#code(), true)) return this.#fail('bad-syntax', 'expected a metric name, [a-zA-Z_:][a-zA-Z0-9_:]*')
    while (isMetricNameCode(this.#code(), false)) this.#at += 1
    return this.#line.slice(start, this.#at)
  }

  /** Whether labels follow; in text, blanks may stand before them. */
  #hasBrace(): boolean {
    const start = this.#at
    if (this.#isText) this.#skipBlanks()
    if (this.#line[this.#at] === '{') return true
    this.#at = start
    return false
  }

  #labels(code: ExpositionErrorCode): Map<string, string> | undefined {
    const labels = new Map<string, string>()
    this.#at += 1
    this.#blanks()
    while (this.#line[this.#at] !== '}' || (labels.size > 0 && !this.#isText)) {
      const column = this.#at
      const pair = this.#label(code)
      if (pair === undefined) return undefined
      if (labels.has(pair[0])) return this.#fail(code, `label ${pair[0]} is given twice; keep one`, column)
      labels.set(...pair)
      if (this.#line[this.#at] === ',') {
        this.#at += 1
        this.#blanks()
      } else if (this.#line[this.#at] === '}') break
      else return this.#fail(code, 'expected , or } after the label value')
    }
    this.#at += 1
    return labels
  }

  #label(code: ExpositionErrorCode): [string, string] | undefined {
    const start = this.#at
    if (!isLabelNameCode(this.#code(), true)) return this.#fail(code, 'expected a label name, [a-zA-Z_][a-zA-Z0-9_]*')
    while (isLabelNameCode(this.#code(), false)) this.#at += 1
    const name = this.#line.slice(start, this.#at)
    if (this.#isText ? name === '__name__' : name.startsWith('_'))
      return this.#fail(code, `the label name ${name} is reserved; use one without underscores in front`, start)
    this.#blanks()
    if (this.#line[this.#at] !== '=') return this.#fail(code, 'expected = after the label name')
    this.#at += 1
    this.#blanks()
    if (this.#line[this.#at] !== '"') return this.#fail(code, 'expected a label value in double quotes')
    const valueStart = this.#at + 1
    for (this.#at = valueStart; this.#line[this.#at] !== '"'; this.#at++) {
      if (this.#code() === BACKSLASH) this.#at += 1
      if (this.#at >= this.#line.length) return this.#fail(code, 'the label value does not end; close it with a double quote', start)
    }
    const value = unescapeLabelValue(this.#line.slice(valueStart, this.#at))
    this.#at += 1
    this.#blanks()
    return [name, value]
  }

  #number(code: ExpositionErrorCode, what: string): NumberToken | undefined {
    const start = this.#at
    const token = this.#token()
    if ((this.#isText ? textWord : openMetricsWord).test(token)) {
      const size = /nan$/i.test(token) ? Number.NaN : Infinity
      return { value: token.startsWith('-') ? -size : size, column: start + 1 }
    }
    if (!realNumber.test(token)) return this.#fail(code, `the ${what} is not a number: ${shown(token)}`, start)
    const value = Number(token)
    if (!Number.isFinite(value)) return this.#fail(code, `the ${what} is out of the range of a 64-bit float: ${shown(token)}`, start)
    return { value, column: start + 1 }
  }

  /** null: there is none. */
  #optionalTimestamp(code: ExpositionErrorCode): NumberToken | null | undefined {
    if (this.#isText) this.#skipBlanks()
    if (this.#isAtEnd() || this.#startsExemplar()) return null
    if (!this.#gap(code, 'a timestamp')) return undefined
    const start = this.#at
    const token = this.#token()
    if (this.#isText) {
      // The last instant of ECMAScript's time range.
      if (wholeNumber.test(token) && Math.abs(Number(token)) <= 8.64e15) return { value: Number(token), column: start + 1 }
      return this.#fail('bad-timestamp', `a timestamp of the text format is a whole number of milliseconds: ${shown(token)}`, start)
    }
    if (realNumber.test(token) && Number.isFinite(Number(token))) return { value: Number(token), column: start + 1 }
    return this.#fail('bad-timestamp', `a timestamp is a real number of seconds: ${shown(token)}`, start)
  }

  /** null: there is none. */
  #optionalExemplar(): ExemplarPart | null | undefined {
    if (this.#isText) this.#skipBlanks()
    if (this.#isAtEnd()) return null
    if (!this.#startsExemplar()) return this.#fail('bad-syntax', 'unexpected text at the end of the sample')
    if (this.#isText) return this.#fail('bad-exemplar', 'the text format has no exemplars; leave it out, or write OpenMetrics')
    const column = this.#at + 2
    this.#at += 2
    if (this.#line[this.#at] !== ' ' || this.#line[this.#at + 1] !== '{')
      return this.#fail('bad-exemplar', 'expected " {" after the # of the exemplar; without labels write {}')
    this.#at += 1
    const labels = this.#labels('bad-exemplar')
    if (labels === undefined || !this.#gap('bad-exemplar', "the exemplar's value")) return undefined
    const value = this.#number('bad-exemplar', "exemplar's value")
    if (value === undefined) return undefined
    const timestamp = this.#optionalTimestamp('bad-exemplar')
    if (timestamp === undefined) return undefined
    if (!this.#isAtEnd()) return this.#fail('bad-exemplar', 'unexpected text at the end of the exemplar')
    return { labels, value: value.value, timestamp: timestamp?.value, column }
  }

  /** What stands between tokens: one space in OpenMetrics, blanks or nothing in text. */
  #gap(code: ExpositionErrorCode, before: string): boolean {
    if (this.#isText) {
      this.#skipBlanks()
      return true
    }
    if (this.#line[this.#at] !== ' ') {
      this.#fail(code, `expected one space and ${before}`)
      return false
    }
    this.#at += 1
    return true
  }

  #token(): string {
    const start = this.#at
    while (!this.#isAtEnd() && !isBlank(this.#code())) this.#at += 1
    return this.#line.slice(start, this.#at)
  }

  #startsExemplar(): boolean {
    return this.#line.startsWith(this.#isText ? '#' : ' #', this.#at)
  }

  #isAtEnd(): boolean {
    return this.#at >= this.#line.length
  }

  /** Blanks that text allows where OpenMetrics has none. */
  #blanks(): void {
    if (this.#isText) this.#skipBlanks()
  }

  #skipBlanks(): void {
    while (isBlank(this.#code())) this.#at += 1
  }

  #code(): number | undefined {
    return this.#isAtEnd() ? undefined : this.#line.charCodeAt(this.#at)
  }

  #fail(code: ExpositionErrorCode, message: string, at = this.#at): undefined {
    this.fault = { code, message, column: Math.min(at, this.#line.length) + 1 }
  }
}

function shown(token: string): string {
  return token === '' ? 'nothing stands there' : JSON.stringify(token.slice(0, 40))
}
