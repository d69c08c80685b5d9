import { type DialectId, dialects, meaningsOf, type PrefixRule, prefixRules } from '@signalbox/signals'

const newestFirst = Object.keys(dialects) as DialectId[]

/**
 * The dialects that a store holds, told by the names of its series; in the catalogue's order, empty where no name is known. A
 * dialect is there when some name is its alone; a name that several generations share adds the newest of them only where none of
 * them is there by a name of its own. Names without a prefix can be somebody else's: those are believed.
 */
export function presentDialects(names: Iterable<string>): DialectId[] {
  const present = new Set<DialectId>()
  const shared: (readonly DialectId[])[] = []
  for (const name of new Set(names)) {
    const owners = [...new Set(meaningsOf(name).map(({ entry }) => entry.dialect))]
    const [only] = owners
    if (only === undefined) continue
    if (owners.length === 1) present.add(only)
    else shared.push(owners)
  }
  for (const owners of shared) {
    if (owners.some((owner) => present.has(owner))) continue
    const newest = newestFirst.find((id) => owners.includes(id))
    if (newest !== undefined) present.add(newest)
  }
  return newestFirst.filter((id) => present.has(id))
}

/** The other spellings of dialects that a store's series are named in; in the catalogue's order, empty where all names are the dialects' own. */
export function presentSpellings(names: Iterable<string>): PrefixRule[] {
  const present = new Set([...new Set(names)].map((name) => meaningsOf(name)[0]?.spelling))
  return prefixRules.filter((rule) => present.has(rule))
}
