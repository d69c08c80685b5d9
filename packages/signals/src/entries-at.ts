import { dialectEntries } from './dialects.ts'
import type { DialectEntry, DialectId } from './types.ts'
import { compareVersions, versionAfter } from './versions.ts'

/**
 * The entries of the chosen dialects that a page of `version` shows, in catalogue order: those of names that exist in it and
 * are not hidden by default. Entries that are only understood when read are left out.
 */
export function entriesAt(dialects: readonly DialectId[], version: string): readonly DialectEntry[] {
  return dialectEntries.filter((entry) => dialects.includes(entry.dialect) && entry.readOnly !== true && isShownAt(entry, version))
}

function isShownAt({ since, until, hiddenFrom }: DialectEntry, version: string): boolean {
  return (
    (since === undefined || compareVersions(since, version) <= 0) &&
    (until === undefined || compareVersions(version, versionAfter(until)) < 0) &&
    (hiddenFrom === undefined || compareVersions(version, hiddenFrom) < 0)
  )
}
