import type { SignalId } from './catalog.ts'
import { dcgmEntries } from './dialects/dcgm.ts'
import { eppEntries } from './dialects/epp.ts'
import { eppCurrentEntries, eppPrefixes } from './dialects/epp-current.ts'
import { eppPastEntries } from './dialects/epp-past.ts'
import { llumnixEntries } from './dialects/llumnix.ts'
import { llamacppEntries, sglangEntries, sglangPrefixes, tgiEntries, tritonEntries, trtllmEntries } from './dialects/other-engines.ts'
import { goEntries, processEntries, signalboxEntries } from './dialects/own.ts'
import { vllmDeprecatedEntries, vllmEntries, vllmPrefixes, vllmV0Entries } from './dialects/vllm.ts'
import type { DialectEntry, DialectId, PrefixRule } from './types.ts'
import { compareVersions, versionAfter } from './versions.ts'

/** Every entry of every dialect; of two that name one signal the earlier is preferred when a page shows both, but a current name always to a deprecated one. */
export const dialectEntries: readonly DialectEntry[] = [
  ...vllmEntries,
  ...vllmDeprecatedEntries,
  ...vllmV0Entries,
  ...sglangEntries,
  ...trtllmEntries,
  ...tritonEntries,
  ...tgiEntries,
  ...llamacppEntries,
  ...eppEntries,
  ...eppCurrentEntries,
  ...eppPastEntries,
  ...signalboxEntries,
  ...processEntries,
  ...goEntries,
  ...dcgmEntries,
  ...llumnixEntries,
]

/** Every other spelling of a dialect. */
export const prefixRules: readonly PrefixRule[] = [...vllmPrefixes, ...sglangPrefixes, ...eppPrefixes]

/** The entries to render of the chosen dialects, in catalogue order; those that are only understood when read are left out. */
export function entriesOf(...dialects: readonly DialectId[]): readonly DialectEntry[] {
  return dialectEntries.filter((entry) => dialects.includes(entry.dialect) && entry.readOnly !== true)
}

/**
 * The entries to render as `version` of the dialects' speaker shows them without further flags: those that it knows already,
 * still has, and does not hide. With 'vllm' and 'vllm-0.9' and version 0.9.2: KV usage under both of its names, and
 * inter-token latency under the old one only. `version` is dotted numbers; entries of unknown range are of every version.
 */
export function entriesAt(dialects: readonly DialectId[], version: string): readonly DialectEntry[] {
  return entriesOf(...dialects).filter(
    ({ since, until, hiddenFrom }) =>
      (since === undefined || compareVersions(since, version) <= 0) &&
      (until === undefined || compareVersions(version, versionAfter(until)) < 0) &&
      (hiddenFrom === undefined || compareVersions(version, hiddenFrom) < 0),
  )
}

/** Every name a signal has, current names before deprecated ones. */
export function entriesFor(signal: SignalId): readonly DialectEntry[] {
  return dialectEntries
    .filter((entry) => entry.signal === signal)
    .sort((a, b) => Number(a.replacedBy !== undefined) - Number(b.replacedBy !== undefined))
}
