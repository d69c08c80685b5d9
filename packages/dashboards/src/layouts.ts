import { assert } from '@signalbox/base'
import { type DialectId, dialectEntries, dialects, inSpelling, type SignalId } from '@signalbox/signals'
import { entriesIn, type SpelledEntry } from './selectors.ts'
import type { Scope } from './types.ts'

/** An entry, and what tells its series from those of another layout under the same name. */
export interface GuardedEntry {
  readonly entry: SpelledEntry
  /** A set operation to append to an instant vector of the entry's series; '' where the name says it all. */
  readonly guard: string
}

/** The names of a histogram whose buckets can be added up: their bounds are equal. */
export interface Layout {
  /** The dialect of the first of them. */
  readonly dialect: DialectId
  /** What its line is called beside those of other layouts; unique among the signal's layouts. */
  readonly title: string
  readonly entries: readonly GuardedEntry[]
}

/**
 * A signal's histograms in the scope by bucket layout, in the order of the dialects, which is the same for every signal. Layouts of which one is a part of the other are
 * kept apart as well: the longer one's upper buckets would lack what the shorter one counts. An entry whose bounds are not known is a layout of its own.
 */
export function layoutsOf(signal: SignalId, scope: Scope): readonly Layout[] {
  const entries = entriesIn(signal, scope)
  const groups = new Map<string, SpelledEntry[]>()
  for (const entry of entries) {
    const key = layoutKey(entry)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [entry])
    else group.push(entry)
  }
  const titles = new Set<string>()
  return inOrder([...groups.values()]).map((group) => {
    const [first] = group
    assert(first !== undefined, 'a layout without a name')
    const plain = dialects[first.dialect].title
    const title = titles.has(plain) ? `${plain}, ${first.name}` : plain
    titles.add(title)
    return { dialect: first.dialect, title, entries: group.map((entry) => ({ entry, guard: guardOf(entry, entries, scope) })) }
  })
}

/** By the dialect of their first entry, whether its name is current or deprecated. */
function inOrder(groups: readonly (readonly SpelledEntry[])[]): readonly (readonly SpelledEntry[])[] {
  const order = Object.keys(dialects)
  const placeOf = ([first]: readonly SpelledEntry[]) => order.indexOf(first?.dialect ?? '')
  return [...groups].sort((a, b) => placeOf(a) - placeOf(b))
}

/** The same for all spellings of an entry. */
function layoutKey({ name, spelling, dialect, scale, bounds }: SpelledEntry): string {
  if (bounds !== undefined) return `${scale} ${bounds.join()}`
  const own = spelling === undefined ? name : `${spelling.replaces}${name.slice(spelling.prefix.length)}`
  return `${dialect} ${own}`
}

/**
 * Two things can pollute an entry's layout: a rival generation that shows other bounds under the same name, told by the names
 * that only one of the generations has; and a page that shows the current name beside this deprecated one, which then counts.
 */
function guardOf(entry: SpelledEntry, entries: readonly SpelledEntry[], scope: Scope): string {
  const others = entries.filter((other) => layoutKey(other) !== layoutKey(entry))
  const rivals = others.filter(({ name }) => name === entry.name)
  const current = others.find(({ name }) => name === entry.replacedBy)
  const superseded = current === undefined ? '' : ` unless on (instance) ${current.name}_count`
  const older = oldestOf([entry, ...rivals])
  const markers = rivals.length === 0 ? [] : markersAgainst(older, scope)
  if (markers.length === 0) return superseded
  const marker = markers.length === 1 ? markers.join() : `(${markers.join(' or ')})`
  return entry === older ? ` unless on (instance) ${marker}` : ` and on (instance) ${marker}${superseded}`
}

function oldestOf(entries: readonly SpelledEntry[]): SpelledEntry {
  const order = Object.keys(dialects)
  return entries.reduce((oldest, entry) => (order.indexOf(entry.dialect) > order.indexOf(oldest.dialect) ? entry : oldest))
}

/** Names that each later generation of the same speaker shows and the older one never does, preferably standing ones; in the older one's spelling. */
function markersAgainst(older: SpelledEntry, scope: Scope): string[] {
  const { speaker } = dialects[older.dialect]
  const taken = new Set(dialectEntries.filter(({ dialect }) => dialect === older.dialect).map(({ name }) => name))
  const markers: string[] = []
  for (const dialect of scope.dialects) {
    if (dialect === older.dialect || dialects[dialect].speaker !== speaker) continue
    const own = dialectEntries.filter((entry) => entry.dialect === dialect && entry.type !== 'histogram' && !taken.has(entry.name))
    const marker = own.find(({ standing }) => standing === true) ?? own[0]
    if (marker === undefined) continue
    markers.push((older.spelling && inSpelling(marker.name, older.spelling)) ?? marker.name)
  }
  return markers
}
