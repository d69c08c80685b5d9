import { compileRegex } from '../matcher.ts'
import { unquote } from '../quote.ts'
import { parseNumber } from './number.ts'
import { parseSeriesLine, parseStartLine, type SeriesLine, type StartLine } from './series-line.ts'

export interface Expectation {
  readonly kind: 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info' | 'ordered'
  readonly message?: string
  /** Anywhere in the text. */
  readonly matches?: (text: string) => boolean
}

export interface Evaluation {
  readonly kind: 'eval'
  /** Line in the file, from 1. */
  readonly line: number
  readonly expr: string
  readonly startMs: number
  readonly endMs: number
  /** 0 for an instant query. */
  readonly stepMs: number
  readonly expectations: readonly Expectation[]
  readonly scalar: number | undefined
  readonly string: string | undefined
  /** Where the points of a range vector result lie. */
  readonly matrix: { readonly startMs: number; readonly stepMs: number } | undefined
  readonly rows: readonly SeriesLine[]
}

export interface Load {
  readonly kind: 'load'
  readonly stepMs: number
  /** Classic histograms are also loaded as native ones with custom bounds. */
  readonly customBuckets: boolean
  readonly rows: readonly LoadedSeries[]
}

export interface LoadedSeries extends SeriesLine {
  /** Of each point, relative to its time. */
  readonly startOffsetsMs: StartLine['offsetsMs'] | undefined
}

/** A command that could not be read: it counts as a case that failed. */
interface Unreadable {
  readonly kind: 'unreadable'
  readonly line: number
  readonly text: string
  readonly problem: string
}

export type Command = { readonly kind: 'clear' } | Load | Evaluation | Unreadable

/** The commands of a file in the promqltest language. */
export function parseScript(text: string): Command[] {
  const commands: Command[] = []
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .map((line) => (line.startsWith('#') ? '' : line))
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string
    if (line === '') continue
    const block: string[] = []
    const at = i + 1
    if (line !== 'clear') while (i + 1 < lines.length && lines[i + 1] !== '') block.push(lines[++i] as string)
    if (line === 'clear') commands.push({ kind: 'clear' })
    else commands.push(readable(line, at, () => (line.startsWith('load') ? parseLoad(line, block) : parseEvaluation(line, at, block))))
  }
  return commands
}

function readable(text: string, line: number, read: () => Command): Command {
  try {
    return read()
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'unreadable', line, text, problem: `cannot be read: ${error.message}` }
    throw error
  }
}

function pattern(text: string): (tested: string) => boolean {
  const compiled = compileRegex(text)
  if (!compiled.ok) throw new SyntaxError(`bad pattern ${text}: ${compiled.error}`)
  return (tested) => compiled.value.matcher(tested).find()
}

function parseLoad(line: string, block: readonly string[]): Load {
  const [word = '', step = ''] = line.split(/\s+/)
  const rows: LoadedSeries[] = []
  let starts: StartLine | undefined
  for (const row of block) {
    const next = parseStartLine(row)
    if (next !== undefined) {
      starts = next
      continue
    }
    const series = parseSeriesLine(row)
    if (starts !== undefined && (starts.labels.key !== series.labels.key || starts.offsetsMs.length !== series.points.length)) {
      throw new SyntaxError(`the @st line before does not fit: ${row}`)
    }
    rows.push({ ...series, startOffsetsMs: starts?.offsetsMs })
    starts = undefined
  }
  return { kind: 'load', stepMs: parseNumber(step) * 1000, customBuckets: word === 'load_with_nhcb', rows }
}

function parseEvaluation(line: string, at: number, block: readonly string[]): Evaluation {
  const instant = /^eval(?:_(\w+))?\s+instant\s+(?:at\s+(\S+)\s+)?(.*)$/.exec(line)
  const range = /^eval(?:_(\w+))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.*)$/.exec(line)
  const old = instant?.[1] ?? range?.[1]
  const expectations: Expectation[] = old === undefined ? [] : [{ kind: old as Expectation['kind'] }]
  const rows: SeriesLine[] = []
  let scalar: number | undefined
  let string: string | undefined
  let matrix: Evaluation['matrix']
  for (const row of block) {
    const vector = /^expect range vector from (\S+) to \S+ step (\S+)$/.exec(row)
    if (vector !== null) matrix = { startMs: parseNumber(vector[1] as string) * 1000, stepMs: parseNumber(vector[2] as string) * 1000 }
    else if (row.startsWith('expect string ')) string = unquote(row.slice('expect string '.length).trim()) ?? ''
    else if (row.startsWith('expect')) expectations.push(parseExpectation(row))
    else if (/^[+-]?(?:\d|\.\d|inf$|nan$)/i.test(row)) scalar = parseNumber(row)
    else rows.push(parseSeriesLine(row))
  }
  const rest = { kind: 'eval' as const, line: at, expectations, scalar, string, matrix, rows }
  if (instant !== null) {
    const timeMs = parseNumber(instant[2] ?? '0') * 1000
    return { ...rest, expr: instant[3] as string, startMs: timeMs, endMs: timeMs, stepMs: 0 }
  }
  if (range === null) throw new SyntaxError(`line ${at}: ${line}`)
  const [startMs = 0, endMs = 0, stepMs = 0] = range.slice(2, 5).map((text) => parseNumber(text) * 1000)
  return { ...rest, expr: range[5] as string, startMs, endMs, stepMs }
}

function parseExpectation(row: string): Expectation {
  const old = /^expected_fail_(message|regexp)\s+(.*)$/.exec(row)
  if (old !== null) return old[1] === 'message' ? { kind: 'fail', message: old[2] as string } : { kind: 'fail', matches: pattern(old[2] as string) }
  const match = /^expect\s+(\w+)(?:\s+(msg|regex):\s*(.*))?$/.exec(row)
  if (match === null) throw new SyntaxError(row)
  const kind = match[1] as Expectation['kind']
  if (match[2] === 'msg') return { kind, message: match[3] as string }
  return match[2] === 'regex' ? { kind, matches: pattern(match[3] as string) } : { kind }
}
