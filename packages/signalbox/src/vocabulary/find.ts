import { type DialectEntry, type DialectId, entriesFor, meaningsOf, type SignalId, signals, spellingsOf } from '@signalbox/signals'
import { nearest } from '../config/closest.ts'

/** What a word means: one name exactly, or the signals whose id or names it is part of; else what it may have been meant to be. */
export type Found =
  | { readonly kind: 'name'; readonly name: string; readonly entries: readonly DialectEntry[] }
  | { readonly kind: 'signals'; readonly ids: readonly SignalId[] }
  | { readonly kind: 'nothing'; readonly suggestions: readonly string[] }

const allIds = Object.keys(signals) as SignalId[]
const SUGGESTIONS_MAX = 3

/** Signals with a name in the dialect, all where none is given, in the catalogue's order. */
export function signalsIn(dialect: DialectId | undefined): readonly SignalId[] {
  return allIds.filter((id) => namesOf(id, dialect).length > 0)
}

/** The names of a signal, current before deprecated ones, of one dialect where it is given. */
export function namesOf(id: SignalId, dialect: DialectId | undefined): readonly DialectEntry[] {
  return entriesFor(id).filter((entry) => dialect === undefined || entry.dialect === dialect)
}

/** Upper and lower case are one in a part of a name; a name is matched exactly, in any of its spellings. */
export function find(word: string, dialect: DialectId | undefined): Found {
  const entries = meaningsOf(word)
    .map(({ entry }) => entry)
    .filter((entry) => dialect === undefined || entry.dialect === dialect)
  if (entries.length > 0) return { kind: 'name', name: word, entries }
  const part = word.toLowerCase()
  const candidates = signalsIn(dialect)
  const named = candidates.filter((id) => id.includes(part) || namesOf(id, dialect).some(({ name }) => name.toLowerCase().includes(part)))
  const ids = named.length > 0 ? named : candidates.filter((id) => `${signals[id].definition} ${signals[id].purpose}`.toLowerCase().includes(part))
  if (ids.length > 0) return { kind: 'signals', ids }
  // People ask for `ttft`, not for `engine.ttft`.
  const known = candidates.flatMap((id) => [id, id.slice(id.indexOf('.') + 1), ...namesOf(id, dialect).flatMap(spellingsOf)])
  return { kind: 'nothing', suggestions: nearest(word, [...new Set(known)], SUGGESTIONS_MAX) }
}
