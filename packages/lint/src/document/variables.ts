import type { MappedText } from './mapped-text.ts'

/** `$name`, `${name}`, `${name:format}`, `${name.field}` and the older `[[name]]`. SOURCE: Grafana's variable syntax. */
const VARIABLE = /\$(\w+)|\$\{(\w+)(?:\.[^}:]*)?(?::[^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]/g

/** What a variable outside a string may stand for. */
type Kind = 'duration' | 'number' | 'word'

export interface WithStandIns {
  readonly text: MappedText
  /** Every variable named, those inside strings too. */
  readonly variables: readonly string[]
  /** Stand-ins whose kind was only guessed. */
  readonly guessed: number
}

/** A duration that no window rule minds; a number that most functions take; a name that nobody has. */
const STAND_INS: Readonly<Record<Kind, string>> = { duration: '5m', number: '1', word: 'standin' }

/**
 * The query with words in place of the variables, so that it can be parsed. A variable in brackets, or after `offset`, is a length of time,
 * one inside a string stays as it is, one in a list of labels or before `[` or `{` is a name; of all others `guess` is the kind.
 */
export function withStandIns(text: MappedText, guess: 'number' | 'word'): WithStandIns {
  const source = text.text
  const variables: string[] = []
  const indices: number[] = []
  let guessed = 0
  let out = ''
  let last = 0
  const strings = stringRanges(source)
  const copy = (to: number): void => {
    for (; last < to; last++) {
      out += source.charAt(last)
      indices.push(last)
    }
  }
  for (const match of source.matchAll(VARIABLE)) {
    const start = match.index
    const end = start + match[0].length
    const name = match[1] ?? match[2] ?? match[3] ?? ''
    if (/^\d+$/.test(name)) continue
    variables.push(name)
    if (strings.some(([from, to]) => start >= from && start < to)) continue
    const known = kindAt(source, start, end)
    if (known === undefined) guessed++
    copy(start)
    for (const unit of standIn(name, known ?? guess)) {
      out += unit
      indices.push(start)
    }
    last = end
  }
  copy(source.length)
  indices.push(source.length)
  return { text: text.derive(out, indices), variables, guessed }
}

function standIn(name: string, kind: Kind): string {
  if (kind === 'duration' && /(_ms|_s)$/.test(name) && name.startsWith('__')) return '300'
  return STAND_INS[kind]
}

function kindAt(source: string, start: number, end: number): Kind | undefined {
  const before = source.slice(0, start).trimEnd()
  const after = source.slice(end).trimStart()
  if (/[\w:]$/.test(source.slice(0, start)) || /^[\w:]/.test(source.slice(end))) return 'word'
  if (/\boffset(\s*-)?$/i.test(before)) return 'duration'
  const open = before.lastIndexOf('[')
  if (open >= 0 && !before.slice(open).includes(']') && !before.slice(open).includes('(')) return 'duration'
  if (after.startsWith('[') || after.startsWith('{')) return 'word'
  if (/\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*$/i.test(before)) return 'word'
  if (/\{[^{}]*$/.test(before) && /^(=|!)/.test(after)) return 'word'
  return undefined
}

/** The string literals of a query, quotes included. */
function stringRanges(source: string): readonly (readonly [number, number])[] {
  return [...source.matchAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g)].map((match) => [match.index, match.index + match[0].length])
}
