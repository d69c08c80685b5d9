import { type DialectEntry, type DialectId, dialects, type SignalId, signals, unitOf } from '@signalbox/signals'
import { Command } from 'commander'
import { nearest } from '../config/closest.ts'
import { StartError } from '../supervisor/role-process.ts'
import { explainName, explainSignal } from '../vocabulary/explain.ts'
import { find, namesOf, signalsIn } from '../vocabulary/find.ts'
import { type MissingName, missingNames } from '../vocabulary/missing.ts'

interface MetricsFlags {
  readonly dialect?: string
  readonly json?: boolean
  readonly missing?: boolean
}

export function metricsCommand(): Command {
  return new Command('metrics')
    .description('every signal and every name it has; with a word, what is known of the names and signals that match')
    .argument('[word]', 'a metric name, such as vllm:gpu_cache_usage_perc, or a part of a name or signal, such as ttft')
    .option('--dialect <name>', `only the names of one dialect: ${Object.keys(dialects).join(', ')}`)
    .option('--missing', 'the names that no part of Signalbox fills, with the reason')
    .option('--json', 'the same as JSON')
    .action((word: string | undefined, flags: MetricsFlags) => console.log(metricsText(word, flags)))
}

/** What the command prints. Throws a StartError for a word or a dialect that nobody knows. */
export function metricsText(word: string | undefined, flags: MetricsFlags): string {
  const dialect = dialectOf(flags.dialect)
  const json = flags.json === true
  if (flags.missing === true) return missingText(word, dialect, json)
  if (word === undefined) return json ? signalsJson(signalsIn(dialect), dialect) : signalList(signalsIn(dialect), dialect)
  const found = find(word, dialect)
  switch (found.kind) {
    case 'name':
      return json ? JSON.stringify(found.entries.map(entryJson), null, 2) : explainName(found.name, found.entries)
    case 'signals':
      return json ? signalsJson(found.ids, dialect) : found.ids.map((id) => explainSignal(id, namesOf(id, dialect))).join('\n\n')
    case 'nothing': {
      const { suggestions } = found
      const hint = suggestions.length === 0 ? 'signalbox metrics lists what there is' : `did you mean ${suggestions.join(' or ')}?`
      throw new StartError(`no signal and no name${dialect === undefined ? '' : ` of ${dialect}`} is called ${JSON.stringify(word)}; ${hint}`)
    }
  }
}

function dialectOf(name: string | undefined): DialectId | undefined {
  if (name === undefined) return undefined
  const known = Object.keys(dialects)
  if (known.includes(name)) return name as DialectId
  const [suggestion] = nearest(name, known, 1)
  throw new StartError(
    `--dialect ${name}: ${suggestion === undefined ? `there are ${known.join(', ')}` : `no such dialect; did you mean ${suggestion}?`}`,
  )
}

/** Each signal, and under it a line for each of its names: a row a signal would be wider than any terminal. */
function signalList(ids: readonly SignalId[], dialect: DialectId | undefined): string {
  return ids
    .flatMap((id) => {
      const { kind, unit } = signals[id]
      const speakers = new Map<string, string[]>()
      for (const entry of namesOf(id, dialect)) speakers.set(entry.name, [...(speakers.get(entry.name) ?? []), entry.dialect])
      return [
        `${id}: ${kind}${unit === 'none' ? '' : `, ${unit}`}`,
        ...[...speakers].map(([name, dialectIds]) => `  ${name}${dialect === undefined ? ` (${[...new Set(dialectIds)].join(', ')})` : ''}`),
      ]
    })
    .join('\n')
}

function signalsJson(ids: readonly SignalId[], dialect: DialectId | undefined): string {
  return JSON.stringify(
    ids.map((id) => ({ signal: id, ...signals[id], names: namesOf(id, dialect).map(entryJson) })),
    null,
    2,
  )
}

function entryJson(entry: DialectEntry): object {
  return { ...entry, unit: unitOf(entry) }
}

function missingText(word: string | undefined, dialect: DialectId | undefined, json: boolean): string {
  const names = missingNames().filter(
    ({ entry }) =>
      (dialect === undefined || entry.dialect === dialect) && (word === undefined || entry.name.includes(word) || entry.signal.includes(word)),
  )
  if (json) {
    return JSON.stringify(
      names.map(({ entry, component, reason }) => ({ name: entry.name, dialect: entry.dialect, signal: entry.signal, component, reason })),
      null,
      2,
    )
  }
  if (names.length === 0) return 'Nothing is missing.'
  const components = [...new Set(names.map(({ component }) => component))]
  return components
    .map((component) =>
      missingGroup(
        component,
        names.filter((name) => name.component === component),
      ),
    )
    .join('\n\n')
}

function missingGroup(component: string, names: readonly MissingName[]): string {
  const [first] = names
  return [`${component}: ${first?.reason}.`, ...names.map(({ entry }) => `  ${entry.name} (${entry.dialect})`)].join('\n')
}
