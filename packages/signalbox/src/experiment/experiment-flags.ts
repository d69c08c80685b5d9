import { type TraceFormatId, traceFormats } from '@signalbox/replay'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { closest } from '../config/closest.ts'

/** What `replay` and `load` take alike. */
export interface ExperimentFlags {
  readonly requests?: number
  readonly format?: TraceFormatId
  readonly seed: number
  readonly ttftObjective: number
  readonly tpotObjective: number
  /** Ids of the table's columns. */
  readonly columns?: readonly string[]
  /** A path; `-` is standard output. */
  readonly json?: string
  readonly html?: string
}

export function withTraceArgument(command: Command): Command {
  return command.argument('<trace>', `a file (${[...traceFormats.keys()].join(', ')}; told by its content), or shape:<name>[,parameter=number...]`)
}

export function withTraceFlags(command: Command): Command {
  return command
    .option('--requests <number>', 'only the first so many of the trace, or so many of a shape', whole(1, 10_000_000))
    .addOption(new Option('--format <name>', "the file's, where its content does not tell").choices([...traceFormats.keys()]))
    .option('--seed <number>', 'the first seed: what the trace leaves open, ties and noise are drawn from it', whole(0, 2 ** 31), 1)
}

export function withReportFlags(command: Command, columns: readonly { readonly id: string }[]): Command {
  return command
    .option('--ttft-objective <ms>', 'time to first token within which a request counts as goodput', number(1, 3_600_000), 2000)
    .option('--tpot-objective <ms>', 'and time per output token', number(0.1, 3_600_000), 100)
    .option('--columns <ids>', `of the table, comma-separated: ${columns.map(({ id }) => id).join(', ')}`, columnIds(columns))
    .option('--json <file>', 'write the report as JSON; - for standard output, in place of the table')
    .option('--html <file>', 'write the report as one self-contained page with curves')
}

/** Reads a whole number from `min` to `max`. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`)
    return value
  }
}

/** Reads a number from `min` to `max`. */
export function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`expected a number from ${min} to ${max}.`)
    return value
  }
}

/** Reads several with commas between, each once, in rising order. */
export function several(one: (text: string) => number): (text: string) => readonly number[] {
  return (text) => [...new Set(text.split(',').map(one))].sort((a, b) => a - b)
}

/** Reads words with commas between, each once. */
export function names(text: string): readonly string[] {
  const list = [...new Set(text.split(',').map((name) => name.trim()))]
  if (list.includes('')) throw new InvalidArgumentError('expected names with commas between, none of them empty.')
  return list
}

/** Reads ids of columns with commas between, in the order given. */
export function columnIds(columns: readonly { readonly id: string }[]): (text: string) => readonly string[] {
  const known = columns.map(({ id }) => id)
  return (text) => {
    const ids = names(text)
    const unknown = ids.find((id) => !known.includes(id))
    if (unknown === undefined) return ids
    const suggestion = closest(unknown, known)
    throw new InvalidArgumentError(
      `there is no column ${JSON.stringify(unknown)}; ${suggestion === undefined ? `there are ${known.join(', ')}` : `did you mean ${suggestion}?`}`,
    )
  }
}

/** The command as it was given, so that a shell takes it back. */
export function commandLine(args: readonly string[]): string {
  return ['signalbox', ...args].map(quoted).join(' ')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
