import { type DialectEntry, entriesFor, inSpelling, type PrefixRule, type SamplePart, type SignalId, signals } from '@signalbox/signals'
import type { Scope, Spoken } from './types.ts'

/** One condition on a signal's label; dialects without the label are taken whole. */
export interface LabelCondition {
  /** As the signal calls it. */
  readonly label: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** Labels that the scrape adds, the same for every dialect; a signal label of the same name is something else. */
const SCRAPED: ReadonlySet<string> = new Set(['instance', 'job'])

/** An entry under one of its spellings: `name` and `replacedBy` are spelled so. */
export interface SpelledEntry extends DialectEntry {
  /** Absent where the names are the dialect's own. */
  readonly spelling?: PrefixRule
}

/** The names that the scope's dialects have for a signal, current before deprecated, each in its own spelling first; empty when none of them has one. */
export function entriesIn(signal: SignalId, scope: Spoken): readonly SpelledEntry[] {
  return entriesFor(signal)
    .filter(({ dialect }) => scope.dialects.includes(dialect))
    .flatMap((entry) => [entry, ...(scope.spellings ?? []).flatMap((spelling) => respelled(entry, spelling))])
}

function respelled(entry: DialectEntry, spelling: PrefixRule): SpelledEntry[] {
  const name = inSpelling(entry.name, spelling)
  if (name === undefined) return []
  const replacedBy = entry.replacedBy === undefined ? undefined : inSpelling(entry.replacedBy, spelling)
  return [{ ...entry, name, spelling, ...(replacedBy === undefined ? {} : { replacedBy }) }]
}

/** What the label of a signal is called in results: as the scope's preferred name of the signal spells it. */
export function labelOf(signal: SignalId, label: string, scope: Scope): string {
  if (SCRAPED.has(label)) return label
  for (const entry of entriesIn(signal, scope)) {
    const spelled = spelledIn(entry, label)
    if (spelled !== undefined) return spelled
  }
  return label
}

/** The dialect's own spelling of a signal's label; undefined where it has none. */
export function spelledIn(entry: DialectEntry, label: string): string | undefined {
  return entry.labels.find(({ from }) => from === label)?.name
}

/** A selector of the entry's series: those of the signal within their family, of the scope's model, that meet the conditions. */
export function selectorOf(entry: DialectEntry, part: SamplePart, scope: Scope, where: readonly LabelCondition[] = []): string {
  const matchers = Object.entries(entry.where ?? {}).map(([name, value]) => `${name}=${quoted(value)}`)
  const { labels } = signals[entry.signal]
  if (scope.model !== '' && (labels as readonly string[]).includes('model')) {
    // A dialect without the label can still be told by one that the scrape configuration attached.
    const name = spelledIn(entry, 'model') ?? 'model'
    matchers.push(isVariable(scope.model) ? `${name}=~"${scope.model}"` : `${name}=${quoted(scope.model)}`)
  }
  for (const { label, op, value } of where) {
    const name = spelledIn(entry, label)
    if (name !== undefined) matchers.push(`${name}${op}${quoted(value)}`)
  }
  return `${entry.name}${part}${matchers.length === 0 ? '' : `{${matchers.join(', ')}}`}`
}

/** True for a model that another program fills in, as a regular expression: `$model`, `${model}`, `${model:regex}`. */
export function isVariable(model: string): boolean {
  return /^\$(\w+|\{\w+(:\w+)?\})$/.test(model)
}

/** A PromQL string literal. */
export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

/** Where names of models stand: the values of a label on the series that the selectors match. */
export interface ModelSource {
  readonly label: string
  readonly match: readonly string[]
}

/** Where engines say which models they serve: on the requests in their running batches, by how the label is spelled there. */
export function modelSources(spoken: Spoken): readonly ModelSource[] {
  const scope: Scope = { ...spoken, model: '', window: '' }
  const matches = new Map<string, string[]>()
  for (const entry of entriesIn('engine.requests_running', scope)) {
    const label = spelledIn(entry, 'model')
    if (label === undefined) continue
    const selector = selectorOf(entry, '', scope)
    const found = matches.get(label) ?? []
    if (!found.includes(selector)) matches.set(label, [...found, selector])
  }
  return [...matches].map(([label, match]) => ({ label, match }))
}
