import { dialectEntries, prefixRules } from './dialects.ts'
import type { DialectEntry, PrefixRule } from './types.ts'

/** What follows a histogram's family name in its samples; '' for everything that is sampled under its own name. */
export type SamplePart = '' | '_bucket' | '_sum' | '_count'

/** What a name on a page can mean. */
export interface KnownName {
  readonly entry: DialectEntry
  readonly part: SamplePart
  /** The other spelling by which it was recognised. */
  readonly spelling?: PrefixRule
}

const PARTS = ['_bucket', '_sum', '_count'] as const

const byName: ReadonlyMap<string, readonly DialectEntry[]> = groupedByName(dialectEntries)

/**
 * Everything that a sample's name, or a family's, is known to mean, in catalogue order; empty for a name nobody has.
 * A name has several meanings where generations of a dialect share it or labels pick the signal out of a family.
 */
export function meaningsOf(name: string): readonly KnownName[] {
  const plain = meaningsAsSpelled(name)
  if (plain.length > 0) return plain
  for (const spelling of prefixRules) {
    if (!name.startsWith(spelling.prefix)) continue
    const meanings = meaningsAsSpelled(`${spelling.replaces}${name.slice(spelling.prefix.length)}`)
    if (meanings.length > 0) return meanings.map((meaning) => ({ ...meaning, spelling }))
  }
  return []
}

/** Every spelling of an entry's name, its own first. */
export function spellingsOf(entry: DialectEntry): readonly string[] {
  return [entry.name, ...prefixRules.flatMap((rule) => inSpelling(entry.name, rule) ?? [])]
}

/** A dialect's own name in another spelling; undefined where the rule says nothing about it. */
export function inSpelling(name: string, { prefix, replaces }: PrefixRule): string | undefined {
  return name.startsWith(replaces) ? `${prefix}${name.slice(replaces.length)}` : undefined
}

function meaningsAsSpelled(name: string): readonly KnownName[] {
  const whole = byName.get(name)
  if (whole !== undefined) return whole.map((entry) => ({ entry, part: '' }))
  for (const part of PARTS) {
    if (!name.endsWith(part)) continue
    const family = byName.get(name.slice(0, -part.length)) ?? []
    return family.filter((entry) => entry.type === 'histogram').map((entry) => ({ entry, part }))
  }
  return []
}

function groupedByName(entries: readonly DialectEntry[]): ReadonlyMap<string, readonly DialectEntry[]> {
  const groups = new Map<string, DialectEntry[]>()
  for (const entry of entries) {
    const group = groups.get(entry.name)
    if (group === undefined) groups.set(entry.name, [entry])
    else group.push(entry)
  }
  return groups
}
