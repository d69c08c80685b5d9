import type { SignalId } from './catalog.ts'
import { eppEntries } from './epp.ts'
import { processEntries, signalboxEntries } from './own.ts'
import type { DialectEntry, DialectId } from './types.ts'
import { vllmEntries } from './vllm.ts'

/** Every entry of every dialect. */
export const dialectEntries: readonly DialectEntry[] = [...vllmEntries, ...eppEntries, ...signalboxEntries, ...processEntries]

/** The entries of the chosen dialects, in catalogue order. */
export function entriesOf(...dialects: readonly DialectId[]): readonly DialectEntry[] {
  return dialectEntries.filter((entry) => dialects.includes(entry.dialect))
}

/** Every name a signal has, current names before deprecated ones. */
export function entriesFor(signal: SignalId): readonly DialectEntry[] {
  return dialectEntries
    .filter((entry) => entry.signal === signal)
    .sort((a, b) => Number(a.replacedBy !== undefined) - Number(b.replacedBy !== undefined))
}
