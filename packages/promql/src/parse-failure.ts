import type { Place } from './ast.ts'
import type { ParseError, Span } from './types.ts'

/** Unwinds the recursive descent; `parse` turns it into a value, so none leaves the package. */
export class ParseFailure extends Error {
  override readonly name = 'ParseFailure'
  readonly span: Span

  constructor(reason: string, span: Span) {
    super(reason)
    this.span = span
  }
}

/** The place of a span in its text. */
export function placeOf(text: string, start: number, end: number): Place {
  let line = 1
  let lineStart = 0
  for (let i = text.indexOf('\n'); i >= 0 && i < start; i = text.indexOf('\n', i + 1)) {
    line++
    lineStart = i + 1
  }
  return { start, end, line, column: start - lineStart + 1 }
}

/** The error value of a failure, worded `line:column: parse error: reason`. */
export function toParseError(text: string, failure: ParseFailure): ParseError {
  const { line, column } = placeOf(text, failure.span.start, failure.span.end)
  return { code: 'parse', message: `${line}:${column}: parse error: ${failure.message}`, span: failure.span }
}
