import { type DialectEntry, dialects, entriesFor, type Signal, type SignalId, signals, unitOf, versionsOf } from '@signalbox/signals'

const GOOD: Readonly<Record<Signal['good'], string>> = { up: 'more is better', down: 'less is better', neither: 'neither way is better' }

/** A signal and `names` of it, for people at a terminal. */
export function explainSignal(id: SignalId, names: readonly DialectEntry[]): string {
  const { definition, purpose, labels } = signals[id]
  const lines = [`${id}: ${shapeOf(id)}`, `  ${definition}`, `  For: ${purpose}.`]
  if (labels.length > 0) lines.push(`  Labels: ${labels.join(', ')}`)
  for (const entry of names) lines.push('', ...details(entry))
  return lines.join('\n')
}

/** A name as somebody met it: each thing that it can mean, and what to use in its place. `entries`: its meanings. */
export function explainName(name: string, entries: readonly DialectEntry[]): string {
  return entries.map((entry) => meaning(name, entry)).join('\n\n')
}

function meaning(name: string, entry: DialectEntry): string {
  const { definition, purpose } = signals[entry.signal]
  const spelled = name === entry.name ? '' : `, there ${entry.name}`
  const lines = [`${name}: ${entry.signal} in ${dialects[entry.dialect].title} (${entry.dialect}${spelled})`, `  ${definition}`, `  For: ${purpose}.`]
  if (entry.replacedBy !== undefined) lines.push(`  Deprecated: use ${entry.replacedBy}, which says the same.`)
  lines.push('', ...details(entry))
  const others = entriesFor(entry.signal).filter((other) => other !== entry)
  if (others.length > 0)
    lines.push(
      '',
      '  Elsewhere:',
      ...others.map((other) => `    ${other.name} (${other.dialect}${other.replacedBy === undefined ? '' : ', deprecated'})`),
    )
  return lines.join('\n')
}

function details(entry: DialectEntry): string[] {
  const where = Object.entries(entry.where ?? {}).map(([label, value]) => `${label}="${value}"`)
  const rows: (readonly [string, string | undefined])[] = [
    ['labels', entry.labels.map(({ name, from }) => (name === from ? name : `${name}=${from}`)).join(' ')],
    ['buckets', entry.bounds?.join(' ')],
    ['versions', versionsOf(entry)],
    [
      'counts',
      Object.entries(entry.population ?? {})
        .map(([label, value]) => `${label}="${value}" only`)
        .join(', '),
    ],
    ['replaced', entry.replacedBy === undefined ? undefined : `by ${entry.replacedBy}`],
    ['note', entry.note],
    ['source', entry.source],
  ]
  const unit = unitOf(entry)
  return [
    `  ${entry.name}${where.length === 0 ? '' : `{${where.join(',')}}`}: ${entry.dialect}, ${entry.type}${unit === undefined || unit === 'none' ? '' : `, ${unit}`}`,
    ...rows.filter(([, text]) => text !== undefined && text !== '').map(([title, text]) => `    ${title.padEnd(9)} ${text}`),
  ]
}

function shapeOf(id: SignalId): string {
  const { kind, unit, good } = signals[id]
  return [kind, ...(unit === 'none' ? [] : [unit]), GOOD[good]].join(', ')
}
