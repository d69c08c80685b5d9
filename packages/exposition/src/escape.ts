/** Escapes a label value for either format: backslash, double quote and newline. */
export function escapeLabelValue(value: string): string {
  if (!/[\\"\n]/.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** Escapes a `# HELP` text: backslash and newline. OpenMetrics would let quotes be escaped too, and reads them bare as well. */
export function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** Undoes `escapeLabelValue`. An escape that the formats do not define stands for itself, backslash included. */
export function unescapeLabelValue(text: string): string {
  return undoEscapes(text, true)
}

/** Undoes `escapeHelp`; `quotes` for OpenMetrics, whose writers may escape double quotes here. */
export function unescapeHelp(text: string, quotes: boolean): string {
  return undoEscapes(text, quotes)
}

function undoEscapes(text: string, quotes: boolean): string {
  let backslash = text.indexOf('\\')
  if (backslash < 0) return text
  let plain = ''
  let copied = 0
  while (backslash >= 0) {
    const escaped = text[backslash + 1]
    const character = escaped === 'n' ? '\n' : escaped === '\\' || (quotes && escaped === '"') ? escaped : undefined
    if (character !== undefined) {
      plain += text.slice(copied, backslash) + character
      copied = backslash + 2
    }
    backslash = text.indexOf('\\', backslash + (character === undefined ? 1 : 2))
  }
  return plain + text.slice(copied)
}
