export type ScalarStyle = 'plain' | 'single' | 'double' | 'block'

export interface ScalarSource {
  readonly style: ScalarStyle
  /** Where the scalar's text begins: after an opening quote, at the first line of a block's content. */
  readonly start: number
  readonly end: number
}

/** How long an escape of a double-quoted scalar is, by the character after the backslash; all others are 2. */
const ESCAPE_LENGTH: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 }

/**
 * For each character of a YAML or JSON scalar's value, the index in `source` that it comes from, and the end. The two are walked along each
 * other: letters must agree, escapes count as one, and blanks, which folding and indentation change, have the place after the letter before.
 * undefined where the two do not fit together.
 */
export function scalarIndices(source: string, { style, start, end }: ScalarSource, value: string): Uint32Array | undefined {
  const indices = new Uint32Array(value.length + 1)
  let at = start
  for (let i = 0; i < value.length; i++) {
    const wanted = value.charAt(i)
    const blank = isBlank(wanted)
    if (style === 'double') at = pastContinuations(source, at)
    if (!blank && source.charAt(at) !== wanted && source.charAt(at) !== '\\') {
      at = pastBlanks(source, at, end)
      if (style === 'double') at = pastContinuations(source, at)
    }
    indices[i] = at
    if (style === 'double' && source.charAt(at) === '\\') {
      const length = ESCAPE_LENGTH[source.charAt(at + 1)] ?? 2
      // A character beyond the basic plane is two units of the value and one long escape of the source.
      if (length === 10 && isHighSurrogate(wanted)) indices[++i] = at
      at += length
    } else if (blank) {
      if (style === 'double' && source.charAt(at) === '\n') at = pastBlanks(source, at, end)
      else if (source.charAt(at) === wanted) at++
    } else {
      if (source.charAt(at) !== wanted || at >= end) return undefined
      at += style === 'single' && wanted === "'" ? 2 : 1
    }
  }
  indices[value.length] = Math.min(at, end)
  return indices
}

/** Past `\` at the end of a line and the indentation of the next. */
function pastContinuations(source: string, from: number): number {
  let at = from
  while (source.charAt(at) === '\\' && /^\\\r?\n/.test(source.slice(at, at + 3))) {
    at = source.indexOf('\n', at) + 1
    while (source.charAt(at) === ' ' || source.charAt(at) === '\t') at++
  }
  return at
}

function pastBlanks(source: string, from: number, end: number): number {
  let at = from
  while (at < end && isBlank(source.charAt(at))) at++
  return at
}

function isBlank(unit: string): boolean {
  return unit === ' ' || unit === '\n' || unit === '\t' || unit === '\r'
}

function isHighSurrogate(unit: string): boolean {
  const code = unit.charCodeAt(0)
  return code >= 0xd800 && code < 0xdc00
}
