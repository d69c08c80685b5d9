import { failure, Labels, ok, type Result } from '@signalbox/base'
import { BACKSLASH, CLOSE, COMMA, EQUALS, isBlank, isLabelNameCode, isMetricNameCode, OPEN, QUOTE } from './characters.ts'
import { unescapeLabelValue } from './escape.ts'
import { owned } from './page-text.ts'
import type { ExpositionError } from './types.ts'

/** A series' text taken apart. */
export interface ParsedSeries {
  readonly name: string
  /** Without the name. Sorted, without empty values, sharing no memory with the text. */
  readonly labels: Labels
}

/**
 * Takes a series' text (`up{job="x"}`) apart. Blanks are allowed between tokens, also around the whole; so are an
 * empty label set and a trailing comma. Escapes `\\`, `\"` and `\n` are undone, others stay.
 * Errors, with their column on line 1: 'bad-syntax' for the name and for what follows the labels; 'bad-label', also for a label name
 * given twice and for `__name__`, which is the name's own.
 */
export function parseSeries(series: string): Result<ParsedSeries, ExpositionError> {
  const nameStart = skipBlanks(series, 0)
  let at = nameStart
  if (!isMetricNameCode(code(series, at), true)) return fault('bad-syntax', at, 'expected a metric name')
  while (isMetricNameCode(code(series, at), false)) at += 1
  const name = owned(series.slice(nameStart, at))
  at = skipBlanks(series, at)
  if (at === series.length) return ok({ name, labels: Labels.empty })
  if (series.charCodeAt(at) !== OPEN) return fault('bad-syntax', at, 'expected {')

  const pairs = new Map<string, string>()
  at = skipBlanks(series, at + 1)
  while (code(series, at) !== CLOSE) {
    const pair = parsePair(series, at)
    if (!pair.ok) return pair
    const { label, value, end } = pair.value
    if (label === '__name__') return fault('bad-label', at, '__name__ is reserved for the metric name')
    if (pairs.has(label)) return fault('bad-label', at, `label ${label} is given twice`)
    pairs.set(label, value)
    at = end
  }
  at = skipBlanks(series, at + 1)
  if (at !== series.length) return fault('bad-syntax', at, 'unexpected text after the labels')
  return ok({ name, labels: Labels.from(pairs) })
}

/** One `label="value"` with the blanks and the comma behind it. */
function parsePair(series: string, start: number): Result<{ label: string; value: string; end: number }, ExpositionError> {
  let at = start
  if (!isLabelNameCode(code(series, at), true)) return fault('bad-label', at, 'expected a label name or }')
  while (isLabelNameCode(code(series, at), false)) at += 1
  const label = owned(series.slice(start, at))
  at = skipBlanks(series, at)
  if (code(series, at) !== EQUALS) return fault('bad-label', at, 'expected = after the label name')
  at = skipBlanks(series, at + 1)
  if (code(series, at) !== QUOTE) return fault('bad-label', at, 'expected a label value in quotes')
  const valueStart = at + 1
  at = valueEnd(series, valueStart)
  if (at < 0) return fault('bad-label', start, 'the label value does not end')
  const value = owned(unescapeLabelValue(series.slice(valueStart, at)))
  at = skipBlanks(series, at + 1)
  if (code(series, at) === COMMA) at = skipBlanks(series, at + 1)
  else if (code(series, at) !== CLOSE) return fault('bad-label', at, 'expected , or } after the label value')
  return ok({ label, value, end: at })
}

/** The offset of the closing quote, -1 without one. */
function valueEnd(series: string, start: number): number {
  for (let at = start; at < series.length; at++) {
    const current = series.charCodeAt(at)
    if (current === QUOTE) return at
    if (current === BACKSLASH) at += 1
  }
  return -1
}

/** undefined past the end, where charCodeAt would answer NaN. */
function code(series: string, at: number): number | undefined {
  return at < series.length ? series.charCodeAt(at) : undefined
}

function skipBlanks(series: string, start: number): number {
  let at = start
  while (isBlank(code(series, at))) at += 1
  return at
}

function fault(code: ExpositionError['code'], offset: number, message: string): { readonly ok: false; readonly error: ExpositionError } {
  return failure({ code, message, line: 1, column: offset + 1 })
}
