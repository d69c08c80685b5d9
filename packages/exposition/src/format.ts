import type { ExpositionFormat } from './types.ts'

/** A value as both formats write it: `+Inf`, `-Inf`, `NaN`, else the shortest decimal that reads back the same, `-0` included. */
export function formatValue(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The Content-Type of a page. */
export function contentTypeOf(format: ExpositionFormat): string {
  return format === 'openmetrics' ? 'application/openmetrics-text; version=1.0.0; charset=utf-8' : 'text/plain; version=0.0.4; charset=utf-8'
}

/**
 * The format to answer with: OpenMetrics when `accept` names `application/openmetrics-text` (version 1.0.0 or none)
 * with a quality above 0 and at least that of `text/plain`; otherwise, also without a header, text. The
 * quality of `text/plain` is its own, else that of `text/*`, else that of the range of all types, else 0.
 * SOURCE: RFC 9110 section 12.5.1.
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  if (accept === undefined) return 'text'
  let openMetrics = 0
  let text: number | undefined
  let textSpecificity = 0
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const quality = qualityOf(parameters)
    const specificity = textRanges.indexOf(type) + 1
    if (type === 'application/openmetrics-text') {
      if (isVersionServed(parameters)) openMetrics = Math.max(openMetrics, quality)
    } else if (specificity > textSpecificity) {
      text = quality
      textSpecificity = specificity
    } else if (specificity > 0 && specificity === textSpecificity) text = Math.max(text ?? 0, quality)
  }
  return openMetrics > 0 && openMetrics >= (text ?? 0) ? 'openmetrics' : 'text'
}

/** Ranges that hold `text/plain`, the most specific last. */
const textRanges: readonly string[] = ['*/*', 'text/*', 'text/plain']

function qualityOf(parameters: readonly string[]): number {
  const written = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  if (written === undefined) return 1
  const quality = Number(written)
  return written !== '' && quality >= 0 && quality <= 1 ? quality : 0
}

function isVersionServed(parameters: readonly string[]): boolean {
  const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice('version='.length)
  return version === undefined || version === '1.0.0' || version === '"1.0.0"'
}
