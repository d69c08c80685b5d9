import { Labels } from '@signalbox/base'
import { type SignalId, signals } from './catalog.ts'
import { entriesFor } from './dialects.ts'
import { spellingsOf } from './names.ts'
import type { DialectEntry } from './types.ts'
import { fromDialect, isBlank } from './units.ts'

/** One line of a page. */
export interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** One value of a signal: its own labels, where the dialect has them, and its own unit. */
export interface SignalValue {
  readonly labels: Labels
  readonly value: number
}

/** What a page says of the signals one asked for. */
export interface PageReading {
  /** True when the page carries any name that was asked for, whether or not its values mean something. */
  readonly known: boolean
  /** The signal's values, one for each series, in an order that does not depend on that of the lines. */
  values(signal: SignalId): readonly SignalValue[]
}

export interface PageReader {
  /** The sample names it wants: everything else on a page may be skipped. */
  readonly names: ReadonlySet<string>
  read(samples: Iterable<Sample>): PageReading
}

/** A name the signal may come under; the lowest rank that has values wins. */
interface Candidate {
  readonly entry: DialectEntry
  readonly rank: number
}

/** A candidate's series: by their labels, without those of copies. */
type Series = Map<string, { readonly labels: Labels; value: number }>

/**
 * Reads counters and gauges in whatever dialect the page speaks.
 *
 * - Of the names of one signal, the first present wins, current names before deprecated ones: twins are never added up.
 * - Values are scaled to the signal's unit and labels renamed to its own; what means "not known" is dropped.
 * - Series that differ only in labels of copies (tensor-parallel ranks) are one, and the largest value counts.
 *
 * The reading does not depend on the order of the lines, nor on families that were not asked for.
 */
export function createPageReader(wanted: readonly SignalId[]): PageReader {
  const candidates = new Map<string, Candidate[]>()
  for (const signal of wanted) {
    let rank = 0
    for (const entry of entriesFor(signal)) {
      if (entry.type === 'histogram') continue
      for (const name of spellingsOf(entry)) {
        const list = candidates.get(name) ?? []
        candidates.set(name, [...list, { entry, rank }])
        rank += 1
      }
    }
  }
  return { names: new Set(candidates.keys()), read: (samples) => readPage(samples, candidates) }
}

function readPage(samples: Iterable<Sample>, candidates: ReadonlyMap<string, readonly Candidate[]>): PageReading {
  const found = new Map<SignalId, Map<Candidate, Series>>()
  let known = false
  for (const sample of samples) {
    for (const candidate of candidates.get(sample.name) ?? []) {
      known = true
      if (isSelected(candidate.entry, sample.labels) && !isBlank(candidate.entry, sample.value)) keep(found, candidate, sample)
    }
  }
  return { known, values: (signal) => valuesOf(found.get(signal)) }
}

function isSelected(entry: DialectEntry, labels: Labels): boolean {
  return entry.where === undefined || Object.entries(entry.where).every(([name, value]) => labels.get(name) === value)
}

function keep(found: Map<SignalId, Map<Candidate, Series>>, candidate: Candidate, { labels, value }: Sample): void {
  const byCandidate = found.get(candidate.entry.signal) ?? new Map<Candidate, Series>()
  found.set(candidate.entry.signal, byCandidate)
  const series: Series = byCandidate.get(candidate) ?? new Map()
  byCandidate.set(candidate, series)
  const own = candidate.entry.replicas === undefined ? labels : labels.omit(new Set(candidate.entry.replicas))
  const before = series.get(own.key)
  if (before === undefined) series.set(own.key, { labels: own, value })
  else before.value = Math.max(before.value, value)
}

function valuesOf(byCandidate: ReadonlyMap<Candidate, Series> | undefined): readonly SignalValue[] {
  let best: [Candidate, Series] | undefined
  for (const [candidate, series] of byCandidate ?? []) if (best === undefined || candidate.rank < best[0].rank) best = [candidate, series]
  if (best === undefined) return []
  const [{ entry }, series] = best
  return [...series.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { labels, value }]) => ({ labels: signalLabels(entry, labels), value: fromDialect(entry, value) }))
}

function signalLabels(entry: DialectEntry, labels: Labels): Labels {
  const pairs = new Map<string, string>()
  for (const { name, from } of entry.labels) {
    const value = labels.get(name)
    if (value !== '' && !pairs.has(from) && signals[entry.signal].labels.includes(from)) pairs.set(from, value)
  }
  return Labels.from(pairs)
}
