import { failure, ok, type Result } from '@signalbox/base'
import { BACKSLASH, CLOSE, QUOTE } from './characters.ts'
import { decodeNumber } from './number.ts'
import { parseSeries } from './parse-series.ts'
import type { Exemplar } from './types.ts'

/**
 * Reads an exemplar from after its `#` to the end of the line: `{trace_id="a"} 0.5 1520879607.789`, the timestamp in seconds,
 * blanks anywhere between. The error is its message.
 */
export function parseExemplar(text: string): Result<Exemplar, string> {
  const open = text.search(/[^ \t]/)
  if (text[open] !== '{') return failure('expected { after the # of an exemplar')
  const close = labelsEnd(text, open)
  if (close < 0) return failure('the labels of the exemplar do not end')
  const series = parseSeries(`x${text.slice(open, close + 1)}`)
  if (!series.ok) return failure(`the exemplar's labels: ${series.error.message}`)
  const [value = '', timestamp, ...rest] = text
    .slice(close + 1)
    .trim()
    .split(/[ \t]+/)
  if (rest.length > 0) return failure('unexpected text after the exemplar')
  const number = numberOf(value)
  if (number === undefined) return failure("the exemplar's value is not a number")
  const seconds = timestamp === undefined ? undefined : numberOf(timestamp)
  const timestampMs = seconds === undefined ? undefined : Math.round(seconds * 1000)
  // The last instant of ECMAScript's time range; rejects NaN and the infinities too.
  if (timestamp !== undefined && !(Math.abs(timestampMs ?? Number.NaN) <= 8.64e15)) return failure("the exemplar's timestamp is not a time")
  return ok({ labels: series.value.labels, value: number, timestampMs })
}

/** The offset of the closing brace, which may also stand inside values. */
function labelsEnd(text: string, open: number): number {
  let isQuoted = false
  for (let at = open; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isQuoted && code === BACKSLASH) at += 1
    else if (code === QUOTE) isQuoted = !isQuoted
    else if (code === CLOSE && !isQuoted) return at
  }
  return -1
}

function numberOf(text: string): number | undefined {
  const bytes = new TextEncoder().encode(text)
  return decodeNumber(bytes, 0, bytes.length)
}
