import { type Dialect, dialects } from './dialect-list.ts'
import { dialectEntries, prefixRules } from './dialects.ts'
import { type KnownName, meaningsOf } from './names.ts'
import type { DialectEntry, DialectId } from './types.ts'
import { compareVersions, hull, intersection, overlap, type VersionRange, versionAfter } from './versions.ts'

/** Who speaks on a page. */
export interface DetectedDialect {
  readonly dialect: DialectId
  /** The versions that fit all names, as far as names tell. */
  readonly versions: VersionRange
  /** The other spelling that is used, such as Ray's 'ray_vllm:'. */
  readonly prefix?: string
  /** The names that decided: those only this dialect has, and those that bound the version. Sorted. */
  readonly telling: readonly string[]
  /** How many of the page's names are known as this engine's. */
  readonly known: number
}

/**
 * Tells from the names on a page (of samples or of families) which engine's dialect it is, and of which versions.
 * The engine is the one that most names belong to; its generation follows from the names that only one generation has and
 * from the versions that all names, present and missing, allow. Undefined when no name is an engine's.
 */
export function detectDialect(metricNames: Iterable<string>): DetectedDialect | undefined {
  const speakers = new Map<string, Map<string, readonly KnownName[]>>()
  for (const name of new Set(metricNames)) {
    const meanings = meaningsOf(name).filter(({ entry }) => dialects[entry.dialect].engine)
    const [first] = meanings
    if (first === undefined) continue
    const { speaker } = dialects[first.entry.dialect]
    const names = speakers.get(speaker) ?? new Map<string, readonly KnownName[]>()
    speakers.set(speaker, names.set(name, meanings))
  }
  let loudest: readonly [string, ReadonlyMap<string, readonly KnownName[]>] | undefined
  for (const speaker of speakerOrder) {
    const names = speakers.get(speaker)
    if (names !== undefined && (loudest === undefined || names.size > loudest[1].size)) loudest = [speaker, names]
  }
  return loudest === undefined ? undefined : generationOf(loudest[0], loudest[1])
}

const speakerOrder: readonly string[] = [...new Set(Object.values(dialects).map(({ speaker }) => speaker))]

function generationOf(speaker: string, names: ReadonlyMap<string, readonly KnownName[]>): DetectedDialect {
  const bounding: string[] = []
  let versions: VersionRange = {}
  let hiddenFrom: string | undefined
  for (const [name, meanings] of names) {
    const span = meanings.map(({ entry }) => spanOf(entry)).reduce(hull)
    if (span.from !== undefined || span.below !== undefined) bounding.push(name)
    versions = intersection(versions, span)
    for (const { entry } of meanings) if (entry.hiddenFrom !== undefined) hiddenFrom = earlier(hiddenFrom, entry.hiddenFrom)
  }
  // A name that is shown on request only hardly shows in the versions that hide it, unless others say that it does.
  for (const hint of [hiddenFrom === undefined ? {} : { below: hiddenFrom }, ...absences(speaker, names)]) {
    if (overlap(versions, hint)) versions = intersection(versions, hint)
  }
  const dialect = mostOwnNames(speaker, names, versions)
  const own = [...names].filter(([, meanings]) => meanings.every(({ entry }) => entry.dialect === dialect)).map(([name]) => name)
  const spellings = new Set([...names.values()].flat().map(({ spelling }) => spelling))
  const prefix = prefixRules.find((rule) => spellings.has(rule))?.prefix
  return {
    dialect,
    versions,
    ...(prefix === undefined ? {} : { prefix }),
    telling: [...new Set([...own, ...bounding])].sort(),
    known: names.size,
  }
}

function spanOf({ since, until }: DialectEntry): VersionRange {
  return { ...(since === undefined ? {} : { from: since }), ...(until === undefined ? {} : { below: versionAfter(until) }) }
}

function earlier(a: string | undefined, b: string): string {
  return a === undefined || compareVersions(b, a) < 0 ? b : a
}

/** What the absence of names that are on every page says of the version. */
function absences(speaker: string, names: ReadonlyMap<string, readonly KnownName[]>): VersionRange[] {
  const present = new Set([...names.values()].flat().map(({ entry }) => entry))
  return dialectEntries
    .filter((entry) => entry.standing === true && dialects[entry.dialect].speaker === speaker && !present.has(entry))
    .map(({ since, hiddenFrom }) => (hiddenFrom !== undefined ? { from: hiddenFrom } : since !== undefined ? { below: since } : {}))
}

/** Of the speaker's generations that the versions allow, the one with the most names that no other has; of equals the newest. */
function mostOwnNames(speaker: string, names: ReadonlyMap<string, readonly KnownName[]>, versions: VersionRange): DialectId {
  const counts = new Map<DialectId, number>()
  for (const meanings of names.values()) {
    const owners = new Set(meanings.map(({ entry }) => entry.dialect))
    const [owner] = owners
    if (owners.size === 1 && owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  }
  const generations = (Object.entries(dialects) as [DialectId, Dialect][]).filter(([, dialect]) => dialect.speaker === speaker)
  const possible = generations.filter(([, dialect]) => overlap(dialect.versions, versions))
  let best: DialectId | undefined
  for (const [id] of possible.length > 0 ? possible : generations) {
    if (best === undefined || (counts.get(id) ?? 0) > (counts.get(best) ?? 0)) best = id
  }
  return best as DialectId
}
