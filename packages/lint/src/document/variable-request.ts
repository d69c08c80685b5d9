import type { MappedText } from './mapped-text.ts'

/** What a query variable asks of Prometheus. */
export interface LabelRequest {
  readonly label: string | undefined
  /** The series or the expression that is asked, where there is one. */
  readonly query: MappedText | undefined
}

/**
 * `label_values(series, label)`, `label_values(label)`, `query_result(expr)`; undefined for what asks no series (`metrics(...)`, `label_names()`).
 * SOURCE: Grafana's Prometheus data source, template variables.
 */
export function labelRequest(request: MappedText): LabelRequest | undefined {
  const match = /^\s*(label_values|query_result)\s*\(([\s\S]*)\)\s*$/.exec(request.text)
  if (match === null) return undefined
  const inner = match[2] ?? ''
  const from = request.text.indexOf('(') + 1
  if (match[1] === 'query_result') return { label: undefined, query: part(request, from, from + inner.length) }
  const comma = lastComma(inner)
  if (comma < 0) return { label: inner.trim(), query: undefined }
  return { label: inner.slice(comma + 1).trim(), query: part(request, from, from + comma) }
}

/** The comma outside braces, brackets and strings that comes last; -1 without one. */
function lastComma(text: string): number {
  let depth = 0
  let last = -1
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i)
    if (unit === '"') i = endOfString(text, i)
    else if ('({['.includes(unit)) depth++
    else if (')}]'.includes(unit)) depth--
    else if (unit === ',' && depth === 0) last = i
  }
  return last
}

function endOfString(text: string, from: number): number {
  let i = from + 1
  while (i < text.length && text.charAt(i) !== '"') i += text.charAt(i) === '\\' ? 2 : 1
  return i
}

function part(text: MappedText, start: number, end: number): MappedText {
  const indices = Array.from({ length: end - start + 1 }, (_, i) => start + i)
  return text.derive(text.text.slice(start, end), indices)
}
