import { failure, ok, type Result } from '@signalbox/base'
import { BACKSLASH, CLOSE, COMMA, EQUALS, HASH, isBlank, isLabelNameCode, isMetricNameCode, NEWLINE, OPEN, QUOTE, RETURN } from './characters.ts'
import { CommentReader } from './comment.ts'
import { parseExemplar } from './exemplar.ts'
import { decodeNumber } from './number.ts'
import { PageText } from './page-text.ts'
import type { SeriesTable } from './series-table.ts'
import type { ExpositionError, NumberedHandler, PageHandler } from './types.ts'

/** One of the two ways in which samples are handed over. */
export type Receiver =
  | { readonly table: undefined; readonly handler: PageHandler }
  | { readonly table: SeriesTable; readonly handler: NumberedHandler }

interface PageRules {
  readonly openMetrics: boolean
  readonly mustEnd: boolean
  readonly skipsBadExemplars: boolean
}

type FaultCode = ExpositionError['code']

/** What every step answers instead of an offset when the page is wrong; the fault is then in `#fault`. */
const FAULT = -1
/** What `#series` answers for a series that nobody wants. */
const UNWANTED = -2
/** What a table answers for a line that it did not expect. */
const UNKNOWN = -1

/**
 * One run over one page. Each step takes an offset and answers the next one or FAULT.
 *
 *     name [ '{' label '=' '"' value '"' ',' ... '}' ] value [ timestamp ] [ '#' exemplar ] newline
 */
export class PageDecoder {
  readonly #page: Uint8Array
  readonly #text: PageText
  readonly #receiver: Receiver
  readonly #comments: CommentReader
  readonly #openMetrics: boolean
  readonly #mustEnd: boolean
  readonly #skipsBadExemplars: boolean
  readonly #wanted = new Map<string, boolean>()
  /** Name of the last sample as a range of the page, and whether it is wanted: samples of one name follow each other. */
  #lastName = 0
  #lastNameLength = 0
  #lastWanted = true
  #samples = 0
  #ended = false
  #fault: { code: FaultCode; message: string; offset: number } | undefined

  constructor(page: Uint8Array, receiver: Receiver, { openMetrics, mustEnd, skipsBadExemplars }: PageRules) {
    this.#page = page
    this.#text = new PageText(page)
    this.#receiver = receiver
    this.#comments = new CommentReader({ page, text: this.#text, handler: receiver.handler, openMetrics })
    this.#openMetrics = openMetrics
    this.#mustEnd = mustEnd
    this.#skipsBadExemplars = skipsBadExemplars
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
    if (code === HASH) {
      const next = this.#nextLine(at)
      this.#ended = this.#comments.read(at, this.#lineEnd(next))
      return next
    }
    if (at === this.#page.length || code === RETURN) return this.#endOfLine(at, 'line')
    return this.#sample(at)
  }

  #sample(start: number): number {
    const page = this.#page
    const { table } = this.#receiver
    let seriesEnd = table === undefined ? UNKNOWN : table.follow(page, start)
    const isFollowed = seriesEnd !== UNKNOWN
    if (!isFollowed) {
      seriesEnd = this.#series(start)
      if (seriesEnd === FAULT) return FAULT
      if (seriesEnd === UNWANTED) return this.#nextLine(start)
    }
    let at = this.#skipBlanks(seriesEnd)
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
    const exemplarAt = page[at] === HASH ? at : undefined
    at = exemplarAt === undefined ? this.#endOfLine(at, 'sample') : this.#nextLine(at)
    if (at === FAULT) return FAULT
    this.#samples += 1
    if (this.#receiver.table === undefined) this.#receiver.handler.sample(this.#text.slice(start, seriesEnd), value, timestampMs)
    else {
      const { table, handler } = this.#receiver
      handler.sample(isFollowed ? table.current : table.number(page, start, seriesEnd), value, timestampMs)
    }
    return exemplarAt === undefined || this.#receiver.handler.exemplar === undefined ? at : this.#exemplar(exemplarAt, at)
  }

  /** The end of name and labels, or UNWANTED. */
  #series(start: number): number {
    const page = this.#page
    let at = start
    if (isMetricNameCode(page[at], true)) at += 1
    while (isMetricNameCode(page[at], false) && at > start) at += 1
    if (at === start) return this.#fail('bad-syntax', at, 'expected a metric name')
    if (!this.#wants(start, at)) return UNWANTED
    const brace = this.#skipBlanks(at)
    return page[brace] === OPEN ? this.#labels(brace + 1) : at
  }

  #exemplar(hash: number, next: number): number {
    const parsed = parseExemplar(this.#text.slice(hash + 1, Math.max(hash + 1, this.#lineEnd(next))))
    if (parsed.ok) this.#receiver.handler.exemplar?.(parsed.value)
    else if (!this.#skipsBadExemplars) return this.#fail('bad-exemplar', hash, parsed.error)
    return next
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

  #wants(start: number, end: number): boolean {
    const { handler } = this.#receiver
    if (handler.wants === undefined || this.#isLastName(start, end)) return this.#lastWanted
    const name = this.#text.slice(start, end)
    let wanted = this.#wanted.get(name)
    if (wanted === undefined) {
      wanted = handler.wants(name)
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
