import type { Aggregate, Expr, VectorSelector } from '@signalbox/promql'
import { type DialectEntry, dialectEntries, type KnownName } from '@signalbox/signals'
import type { MappedText } from './document/mapped-text.ts'
import { type Spot, selectorsIn } from './expression/walk.ts'
import type { ParsedQuery } from './rule.ts'
import type { Edit } from './types.ts'
import { metricOf } from './vocabulary.ts'

/** A deprecated name's current one, with what else changed. */
export interface Rename {
  readonly name: string
  /** Labels that are called otherwise now. */
  readonly labels: ReadonlyMap<string, string>
  /** Labels that only the current name has: there are more series of it. */
  readonly newLabels: readonly string[]
  /** Labels that the current name has not. */
  readonly lostLabels: readonly string[]
  /** Same type, same unit: the new name alone says the same. */
  readonly exact: boolean
  /** The buckets are other ones: `le` cannot be kept. */
  readonly otherBounds: boolean
}

/** The one current name of everything that the name meant; undefined where there is none, or several. */
export function renameOf(meanings: readonly KnownName[]): Rename | undefined {
  const [first] = meanings
  const current = first?.entry.replacedBy
  if (first === undefined || current === undefined || meanings.some(({ entry }) => entry.replacedBy !== current)) return undefined
  const old = meanings.map(({ entry }) => entry)
  const next = dialectEntries.find((entry) => entry.name === current && entry.signal === first.entry.signal && entry.replacedBy === undefined)
  if (next === undefined) return undefined
  const from = new Map(next.labels.map((label) => [label.from, label.name]))
  const mappings = old.flatMap(({ labels }) => labels)
  const spelled = first.spelling === undefined ? current : respelled(current, first.spelling.prefix, first.spelling.replaces)
  return {
    name: `${spelled}${first.part}`,
    labels: new Map(
      mappings.flatMap((label) =>
        from.has(label.from) && from.get(label.from) !== label.name ? [[label.name, from.get(label.from) as string] as const] : [],
      ),
    ),
    newLabels: next.labels.map((label) => label.from).filter((label) => !mappings.some((one) => one.from === label)),
    lostLabels: mappings.filter((label) => !from.has(label.from)).map(({ name }) => name),
    exact: old.every((entry) => entry.type === next.type && entry.scale === next.scale && sameSelection(entry, next)),
    otherBounds: old.some((entry) => entry.bounds?.join() !== next.bounds?.join()),
  }
}

function sameSelection(a: DialectEntry, b: DialectEntry): boolean {
  return JSON.stringify(a.where ?? {}) === JSON.stringify(b.where ?? {})
}

function respelled(name: string, prefix: string, replaces: string): string {
  return name.startsWith(replaces) ? `${prefix}${name.slice(replaces.length)}` : name
}

/**
 * The edits that give a selector its current name, with the labels that changed: in its matchers, in the groupings around it, in the legend.
 * Empty where names alone do not do: another unit or other buckets, a label that is gone or new where nothing aggregates, one that other
 * series of the query share or that a text beside the query names.
 */
export function renameEdits(query: ParsedQuery, spot: Spot<VectorSelector>, rename: Rename): readonly Edit[] {
  const { expr: selector, around } = spot
  if (!rename.exact || selector.name === '') return []
  if (rename.newLabels.length > 0 && !around.some((one) => one.kind === 'aggregate')) return []
  if (rename.otherBounds && selector.matchers.some(({ name }) => name === 'le')) return []
  const text = query.plain.text
  const nameEdit = editOf(query.plain, selector.place.start, selector.place.start + selector.name.length, rename.name)
  if (nameEdit === undefined || text.slice(selector.place.start, selector.place.start + selector.name.length) !== selector.name) return []
  const touched = [...rename.labels.keys(), ...rename.lostLabels].filter((label) => mentions(query, label))
  if (touched.length === 0) return [nameEdit]
  if (touched.some((label) => rename.lostLabels.includes(label)) || !isAlone(query.expr, rename)) return []
  if (query.beside.some((other) => touched.some((label) => isWordIn(other.text, label)))) return []
  const groupings = around.filter((one): one is Aggregate => one.kind === 'aggregate' && one.grouping.length > 0)
  const edits: (Edit | undefined)[] = [nameEdit]
  for (const label of touched) {
    const next = rename.labels.get(label) ?? label
    const places = [
      ...matcherLabels(text, selector, label),
      ...groupings.filter(({ grouping }) => grouping.includes(label)).flatMap((one) => groupingLabels(text, one, label)),
    ]
    // Every mention must be one that is rewritten: none in a string, a matching or another selector.
    if (places.length !== countWord(text, label)) return []
    edits.push(...places.map((start) => editOf(query.plain, start, start + label.length, next)))
    if (query.legend !== undefined) {
      for (const match of query.legend.text.matchAll(new RegExp(`\\{\\{\\s*(${label})\\s*\\}\\}`, 'g'))) {
        const start = match.index + match[0].indexOf(label)
        edits.push(editOf(query.legend, start, start + label.length, next))
      }
    }
  }
  return edits.every((edit) => edit !== undefined) ? edits : []
}

/** True where no series of the query keep the old label: there is one selector, or all have the same rename of labels. */
function isAlone(expr: Expr, rename: Rename): boolean {
  return selectorsIn(expr).every(({ expr: selector }) => {
    const other = renameOf(metricOf(selector).meanings)
    return other !== undefined && JSON.stringify([...other.labels]) === JSON.stringify([...rename.labels])
  })
}

function mentions(query: ParsedQuery, label: string): boolean {
  return [query.plain, ...(query.legend === undefined ? [] : [query.legend]), ...query.beside].some(({ text }) => isWordIn(text, label))
}

function isWordIn(text: string, word: string): boolean {
  return countWord(text, word) > 0
}

function countWord(text: string, word: string): number {
  return [...text.matchAll(new RegExp(`(?<![\\w:])${word}(?![\\w:])`, 'g'))].length
}

/** Where a selector's matchers name the label. */
function matcherLabels(text: string, { place }: VectorSelector, label: string): readonly number[] {
  const open = text.indexOf('{', place.start)
  if (open < 0 || open >= place.end) return []
  const starts: number[] = []
  for (let i = open; i < place.end; i++) {
    const unit = text.charAt(i)
    if (unit === '"' || unit === "'" || unit === '`') i = endOfString(text, i)
    else if (text.startsWith(label, i) && !/[\w:]/.test(text.charAt(i - 1)) && /^\s*[=!]/.test(text.slice(i + label.length))) starts.push(i)
  }
  return starts
}

/** Where an aggregation's list of labels names the label: before its argument or after. */
function groupingLabels(text: string, { place, expr }: Aggregate, label: string): readonly number[] {
  const starts: number[] = []
  for (const [from, to] of [
    [place.start, expr.place.start],
    [expr.place.end, place.end],
  ] as const) {
    for (const match of text.slice(from, to).matchAll(new RegExp(`(?<![\\w:])${label}(?![\\w:])`, 'g'))) starts.push(from + match.index)
  }
  return starts
}

function endOfString(text: string, from: number): number {
  const quote = text.charAt(from)
  let i = from + 1
  while (i < text.length && text.charAt(i) !== quote) i += text.charAt(i) === '\\' && quote !== '`' ? 2 : 1
  return i
}

/** A replacement of a part of a text of the file; undefined where the part is not written there letter by letter. */
function editOf(text: MappedText, start: number, end: number, replacement: string): Edit | undefined {
  const [from, to] = [text.at(start), text.at(end - 1) + 1]
  return to - from === end - start ? { start: from, end: to, text: replacement } : undefined
}

/** The edit that puts another name in place of a selector's. */
export function nameEdits(query: ParsedQuery, selector: VectorSelector, name: string): readonly Edit[] {
  if (selector.name === '') return []
  const edit = editOf(query.plain, selector.place.start, selector.place.start + selector.name.length, name)
  return edit === undefined ? [] : [edit]
}
