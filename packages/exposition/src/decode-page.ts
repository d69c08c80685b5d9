import { failure, ok, type Result } from '@signalbox/base'
import { BACKSLASH, CLOSE, COMMA, EQUALS, HASH, isBlank, isLabelNameCode, isMetricNameCode, NEWLINE, OPEN, QUOTE, RETURN } from './characters.ts'
import { unescapeHelp } from './escape.ts'
import { decodeNumber } from './number.ts'
import { PageText } from './page-text.ts'
import type { ExpositionError, ExpositionFormat, MetricType, PageHandler } from './types.ts'

export interface DecodeOptions {
  /** Default: OpenMetrics when the page ends with its mandatory `# EOF`, otherwise text. Decides the unit of timestamps. */
  readonly format?: ExpositionFormat
  /** A longer page is refused whole with 'too-large'. Default `pageBytesMaxDefault`. */
  readonly pageBytesMax?: number
}

/** 64 MiB: about 500,000 series. */
export const pageBytesMaxDefault = 64 * 1024 * 1024

/**
 * Reads one exposition page and tells `handler` what it says, in page order; answers how many samples it handed over.
 * Stops at the first error, so a caller that must not act on half a page collects first.
 *
 * Lenient where real exporters differ: blanks anywhere between tokens, CRLF, a trailing comma, a missing last newline,
 * OpenMetrics exemplars on either format (skipped), `# TYPE` of an unknown kind ('unknown'), malformed metadata (a comment). Strict
 * about samples: each `series` handed over is well-formed, so `parseSeries` can only refuse it for repeated or reserved label names.
 * A page given as 'openmetrics' must end with `# EOF`, else it was cut. Names in quotes (UTF-8 names) are refused.
 *
 * One pass over the bytes, no regular expressions. Measured, bundled, on a vLLM-like page of 5,500 series and 606 kB: 1.7 ms (350 MB/s), 2.8 ms
 * with a Map lookup of each series, 8.7 ms with each series parsed, 1.0 ms when nothing is wanted.
 *
 * Errors: 'too-large'; 'bad-syntax', also for bytes that are not UTF-8; 'bad-label', 'bad-value', 'bad-timestamp'.
 * SOURCE: Prometheus exposition formats 0.0.4; OpenMetrics 1.0.0, section "Text format".
 */
export function decodePage(page: Uint8Array, handler: PageHandler, options: DecodeOptions = {}): Result<{ samples: number }, ExpositionError> {
  const bytesMax = options.pageBytesMax ?? pageBytesMaxDefault
  if (page.length > bytesMax) {
    return failure({ code: 'too-large', message: `the page has ${page.length} bytes, the limit is ${bytesMax}`, line: 1, column: 1 })
  }
  return new PageDecoder(page, handler, options.format).decode()
}

type FaultCode = ExpositionError['code']

/** What every step answers instead of an offset when the page is wrong; the fault is then in `#fault`. */
const FAULT = -1

const metricTypes: ReadonlySet<string> = new Set<MetricType>([
  'counter',
  'gauge',
  'histogram',
  'summary',
  'unknown',
  'info',
  'stateset',
  'gaugehistogram',
])

/**
 * One run over one page. Each step takes an offset and answers the next one or FAULT.
 *
 *     name [ '{' label '=' '"' value '"' ',' ... '}' ] value [ timestamp ] [ '#' exemplar ] newline
 */
class PageDecoder {
  readonly #page: Uint8Array
  readonly #text: PageText
  readonly #handler: PageHandler
  readonly #openMetrics: boolean
  readonly #mustEnd: boolean
  readonly #wanted = new Map<string, boolean>()
  /** Name of the last sample as a range of the page, and whether it is wanted: samples of one name follow each other. */
  #lastName = 0
  #lastNameLength = 0
  #lastWanted = true
  #samples = 0
  #ended = false
  #fault: { code: FaultCode; message: string; offset: number } | undefined

  constructor(page: Uint8Array, handler: PageHandler, format: ExpositionFormat | undefined) {
    this.#page = page
    this.#text = new PageText(page)
    this.#handler = handler
    this.#openMetrics = format === 'openmetrics' || (format === undefined && endsWithEof(page))
    this.#mustEnd = format === 'openmetrics'
  }

  decode(): Result<{ samples: number }, ExpositionError> {
    const { brokenAt } = this.#text
    if (brokenAt !== undefined) this.#fail('bad-syntax', brokenAt, 'the line is not UTF-8')
    let at = 0
    while (this.#fault === undefined && at < this.#page.length) at = this.#line(at)
    if (this.#fault === undefined && this.#mustEnd && !this.#ended) {
      this.#fail('bad-syntax', this.#page.length, 'the page was cut: it does not end with # EOF')
    }
    if (this.#fault === undefined) return ok({ samples: this.#samples })
    const { code, message, offset } = this.#fault
    return failure({ code, message, ...this.#text.position(offset) })
  }

  /** Any one line, from its start to the next one's. */
  #line(lineStart: number): number {
    const at = this.#skipBlanks(lineStart)
    const code = this.#page[at]
    if (code === NEWLINE) return at + 1
    if (this.#ended && at < this.#page.length) return this.#fail('bad-syntax', at, 'text after # EOF')
    if (code === HASH) return this.#comment(at)
    if (at === this.#page.length || code === RETURN) return this.#endOfLine(at, 'line')
    return this.#sample(at)
  }

  #sample(start: number): number {
    const page = this.#page
    let at = start
    if (isMetricNameCode(page[at], true)) at += 1
    while (isMetricNameCode(page[at], false) && at > start) at += 1
    if (at === start) return this.#fail('bad-syntax', at, 'expected a metric name')
    if (!this.#wants(start, at)) return this.#nextLine(at)

    let seriesEnd = at
    at = this.#skipBlanks(at)
    if (page[at] === OPEN) {
      at = this.#labels(at + 1)
      if (at === FAULT) return FAULT
      seriesEnd = at
      at = this.#skipBlanks(at)
    }
    const valueEnd = this.#tokenEnd(at)
    const value = decodeNumber(page, at, valueEnd)
    if (value === undefined) return this.#fail('bad-value', at, valueEnd === at ? 'expected a value' : 'the value is not a number')
    at = this.#skipBlanks(valueEnd)

    let timestampMs: number | undefined
    if (at < page.length && page[at] !== NEWLINE && page[at] !== HASH && page[at] !== RETURN) {
      const timestampEnd = this.#tokenEnd(at)
      timestampMs = this.#timestamp(at, timestampEnd)
      if (timestampMs === undefined) return this.#fail('bad-timestamp', at, 'the timestamp is not a number of the range of dates')
      at = this.#skipBlanks(timestampEnd)
    }
    at = page[at] === HASH ? this.#nextLine(at) : this.#endOfLine(at, 'sample')
    if (at === FAULT) return FAULT
    this.#samples += 1
    this.#handler.sample(this.#text.slice(start, seriesEnd), value, timestampMs)
    return at
  }

  /** From after `{` to after `}`. Checks the syntax only: names and values are cut out by `parseSeries`, for new series. */
  #labels(start: number): number {
    const page = this.#page
    let at = this.#skipBlanks(start)
    while (page[at] !== CLOSE) {
      const nameStart = at
      if (!isLabelNameCode(page[at], true)) return this.#fail('bad-label', at, 'expected a label name or }')
      while (isLabelNameCode(page[at], false)) at += 1
      at = this.#skipBlanks(at)
      if (page[at] !== EQUALS) return this.#fail('bad-label', at, 'expected = after the label name')
      at = this.#skipBlanks(at + 1)
      if (page[at] !== QUOTE) return this.#fail('bad-label', at, 'expected a label value in quotes')
      at += 1
      for (let code = page[at]; code !== QUOTE; code = page[at]) {
        if (code === BACKSLASH) at += 1
        if (at >= page.length || page[at] === NEWLINE) return this.#fail('bad-label', nameStart, 'the label value does not end')
        at += 1
      }
      at = this.#skipBlanks(at + 1)
      if (page[at] === COMMA) at = this.#skipBlanks(at + 1)
      else if (page[at] !== CLOSE) return this.#fail('bad-label', at, 'expected , or } after the label value')
    }
    return at + 1
  }

  /** Text: whole milliseconds. OpenMetrics: seconds, rounded to the millisecond. */
  #timestamp(start: number, end: number): number | undefined {
    const written = decodeNumber(this.#page, start, end)
    if (written === undefined) return undefined
    const ms = this.#openMetrics ? Math.round(written * 1000) : written
    // The last instant of ECMAScript's time range; rejects NaN and the infinities too.
    return Number.isInteger(ms) && Math.abs(ms) <= 8.64e15 ? ms : undefined
  }

  /** `# TYPE name kind`, `# HELP name text`, `# EOF`, or a comment. */
  #comment(hash: number): number {
    const next = this.#nextLine(hash)
    const lineEnd = this.#lineEnd(next)
    const wordStart = this.#skipBlanks(hash + 1)
    const keyword = this.#keyword(wordStart)
    if (keyword === undefined) return next
    if (keyword === 'EOF') {
      // In the text format this is a comment like any other.
      this.#ended = this.#openMetrics && wordStart + 3 === lineEnd
      return next
    }
    const nameStart = this.#skipBlanks(wordStart + 4)
    const nameEnd = Math.min(this.#tokenEnd(nameStart), lineEnd)
    if (nameStart >= nameEnd) return next
    const restStart = Math.min(this.#skipBlanks(nameEnd), lineEnd)
    const family = this.#text.slice(nameStart, nameEnd)
    if (keyword === 'HELP') this.#handler.help?.(family, unescapeHelp(this.#text.slice(restStart, lineEnd), this.#openMetrics))
    else if (this.#handler.type !== undefined) {
      const kind = this.#text.slice(restStart, lineEnd).trim()
      if (kind !== '') this.#handler.type(family, metricTypes.has(kind) ? (kind as MetricType) : 'unknown')
    }
    return next
  }

  #keyword(start: number): 'TYPE' | 'HELP' | 'EOF' | undefined {
    const { type, help } = this.#handler
    if (type !== undefined && this.#spells(start, 'TYPE') && isBlank(this.#page[start + 4])) return 'TYPE'
    if (help !== undefined && this.#spells(start, 'HELP') && isBlank(this.#page[start + 4])) return 'HELP'
    return this.#spells(start, 'EOF') ? 'EOF' : undefined
  }

  #spells(start: number, word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.#page[start + i] !== word.charCodeAt(i)) return false
    return true
  }

  #wants(start: number, end: number): boolean {
    if (this.#handler.wants === undefined || this.#isLastName(start, end)) return this.#lastWanted
    const name = this.#text.slice(start, end)
    let wanted = this.#wanted.get(name)
    if (wanted === undefined) {
      wanted = this.#handler.wants(name)
      this.#wanted.set(name, wanted)
    }
    this.#lastName = start
    this.#lastNameLength = end - start
    this.#lastWanted = wanted
    return wanted
  }

  #isLastName(start: number, end: number): boolean {
    const length = end - start
    if (length !== this.#lastNameLength) return false
    // From the end: `x_sum`, `x_count` and `x_bucket` begin alike.
    for (let i = length - 1; i >= 0; i--) if (this.#page[start + i] !== this.#page[this.#lastName + i]) return false
    return true
  }

  #skipBlanks(start: number): number {
    let at = start
    while (isBlank(this.#page[at])) at += 1
    return at
  }

  /** The end of what stands at `start` without a blank or line end. */
  #tokenEnd(start: number): number {
    let at = start
    for (; at < this.#page.length; at++) {
      const code = this.#page[at]
      if (isBlank(code) || code === NEWLINE || code === RETURN) break
    }
    return at
  }

  #endOfLine(start: number, what: string): number {
    const at = this.#page[start] === RETURN ? start + 1 : start
    if (at >= this.#page.length || this.#page[at] === NEWLINE) return at + 1
    return this.#fail('bad-syntax', at, `unexpected text at the end of the ${what}`)
  }

  /** The start of the next line, or one past the end of the page. */
  #nextLine(start: number): number {
    const newline = this.#page.indexOf(NEWLINE, start)
    return newline < 0 ? this.#page.length + 1 : newline + 1
  }

  /** The end of the line before `next`, without its CR LF. */
  #lineEnd(next: number): number {
    const end = next - 1
    return this.#page[end - 1] === RETURN ? end - 1 : end
  }

  #fail(code: FaultCode, offset: number, message: string): typeof FAULT {
    this.#fault = { code, message, offset: Math.min(offset, this.#page.length) }
    return FAULT
  }
}

function endsWithEof(page: Uint8Array): boolean {
  let end = page.length
  while (end > 0 && (page[end - 1] === NEWLINE || page[end - 1] === RETURN)) end -= 1
  const word = '\n# EOF'
  for (let i = 1; i <= word.length; i++) {
    // The newline before it may be the start of the page.
    if (i === word.length && end - i < 0) return true
    if (page[end - i] !== word.charCodeAt(word.length - i)) return false
  }
  return true
}
