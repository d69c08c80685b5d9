import { type SignalId, signals } from './catalog.ts'
import { dialects } from './dialect-list.ts'
import { entriesFor, prefixRules } from './dialects.ts'
import type { DialectEntry, Signal } from './types.ts'
import { unitOf } from './units.ts'
import { rangeText, versionAfter } from './versions.ts'

const GOOD: Readonly<Record<Signal['good'], string>> = { up: 'more is better', down: 'less is better', neither: 'neither way is better' }

/** The text of docs/metrics.md: every signal with its names, from the data itself. */
export function metricsDocument(): string {
  const lines = [
    '# Metrics',
    '',
    'Every signal that Signalbox knows, what it is for, and every name it has. A name that is struck through is deprecated; a page may show it beside the current one,',
    'and both then say the same: they are never added up. Histograms are listed by their family name. Labels are written as the dialect spells them; `a`=b is the',
    "signal's label b. Versions are those of the system that speaks the dialect; none where all known versions do, or where it is not known.",
    '',
    'This page is written from the data in `packages/signals` (`UPDATE_GOLDEN=1 npx vitest run packages/signals`).',
    '',
    '## Dialects',
    '',
    '| Dialect | Of | Names |',
    '|---|---|---|',
  ]
  const ids = Object.keys(signals) as SignalId[]
  const counts = new Map<string, number>()
  for (const entry of ids.flatMap(entriesFor)) counts.set(entry.dialect, (counts.get(entry.dialect) ?? 0) + 1)
  for (const [id, { title }] of Object.entries(dialects)) lines.push(`| \`${id}\` | ${title} | ${counts.get(id) ?? 0} |`)
  lines.push('', 'Other spellings of whole dialects:', '')
  for (const { prefix, replaces, labels } of prefixRules) {
    lines.push(`- \`${prefix}…\` for \`${replaces}…\`${labels.length === 0 ? '' : `, with the further labels ${codes(labels)}`}`)
  }
  let owner = ''
  for (const id of ids) {
    const next = id.slice(0, id.indexOf('.'))
    if (next !== owner) lines.push('', `## ${next}`)
    owner = next
    lines.push('', ...section(id))
  }
  return `${lines.join('\n')}\n`
}

function section(id: SignalId): string[] {
  const signal = signals[id]
  const notes = entriesFor(id).filter(({ note }) => note !== undefined)
  return [
    `### ${id}`,
    '',
    `${signal.definition} ${capital(signal.kind)}, ${signal.unit === 'none' ? 'no unit' : signal.unit}, ${GOOD[signal.good]}. For: ${signal.purpose}.`,
    '',
    '| Name | Dialect | Unit | Labels | Versions |',
    '|---|---|---|---|---|',
    ...entriesFor(id).map(row),
    ...(notes.length === 0 ? [] : ['', ...notes.map(({ name, dialect, note }) => `- \`${name}\` (${dialect}): ${note}`)]),
  ]
}

function row(entry: DialectEntry): string {
  const selector = Object.entries(entry.where ?? {}).map(([name, value]) => `${name}="${value}"`)
  const name = `\`${entry.name}${selector.length === 0 ? '' : `{${selector.join(',')}}`}\``
  const unit = unitOf(entry)
  const labels = entry.labels.map(({ name: label, from }) => (label === from ? `\`${label}\`` : `\`${label}\`=${from}`))
  const population = Object.entries(entry.population ?? {}).map(([label, value]) => `where ${label} is ${value}`)
  const cells = [
    entry.replacedBy === undefined ? name : `~~${name}~~`,
    entry.dialect,
    unit === 'none' ? '' : unit,
    [labels.join(' '), ...population].join(', '),
    versionsOf(entry),
  ]
  return `| ${cells.join(' | ')} |`
}

/** The versions that speak an entry, for people: '0.9.2 to below 0.11', 'from 0.11, on request from 0.12'; '' where all do, or none is known. */
export function versionsOf({ since, until, hiddenFrom }: DialectEntry): string {
  const range = rangeText({ ...(since === undefined ? {} : { from: since }), ...(until === undefined ? {} : { below: versionAfter(until) }) })
  return hiddenFrom === undefined ? range : `${range}${range === '' ? '' : ', '}on request from ${hiddenFrom}`
}

function codes(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(' ')
}

function capital(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`
}
