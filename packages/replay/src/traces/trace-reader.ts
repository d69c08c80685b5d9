import { failure, ok, type Random, type Result } from '@signalbox/base'
import type { Trace, TraceError } from '../trace.ts'
import type { LineReader, Problem, TraceFormat, TraceFormatId } from './format.ts'
import { formatOf, traceFormats } from './formats.ts'
import { TraceBuilder } from './trace-builder.ts'

export interface ReadTraceOptions {
  /** The file's name, for messages and reports. */
  readonly name: string
  /** By default the format is found by the file's first line. */
  readonly format?: TraceFormatId | undefined
  /** Reading stops there, without looking at the rest. Default and most: `requestsMax`. */
  readonly requestsMax?: number | undefined
  /** Tokens of one hashed block, where the format's own number (512 for Mooncake, 16 for Bailian, 64 for Weka) is not the file's. */
  readonly blockTokens?: number | undefined
  /** Makes up what the file does not say, such as arrival times. */
  readonly random: Random
}

/** Most requests of a trace, and most characters of a line. */
const requestsMax = 10_000_000
const lineCharsMax = 64 * 1024 * 1024

/** The trace that a file's whole text holds. See `TraceReader` for files that are not in memory. */
export function readTrace(text: string, options: ReadTraceOptions): Result<Trace, TraceError> {
  const reader = new TraceReader(options)
  reader.write(text)
  return reader.end()
}

/**
 * Reads a trace from pieces of its text in order: `write` until it answers false or the text ends, then `end` once. Holds
 * the requests and at most one line of text. Lines end in LF or CR LF; empty lines mean nothing.
 */
export class TraceReader {
  readonly #options: ReadTraceOptions
  readonly #builder: TraceBuilder
  #format: TraceFormat | undefined
  #lines: LineReader | undefined
  #rest = ''
  #line = 0
  #error: TraceError | undefined

  constructor(options: ReadTraceOptions) {
    this.#options = options
    this.#builder = new TraceBuilder(Math.min(options.requestsMax ?? requestsMax, requestsMax))
    this.#format = options.format === undefined ? undefined : traceFormats.get(options.format)
  }

  /** Takes the next piece of text. False: nothing more is wanted, because enough was read or an error was met. */
  write(text: string): boolean {
    let from = 0
    while (!this.#done) {
      const end = text.indexOf('\n', from)
      if (end < 0) {
        this.#rest += text.slice(from)
        if (this.#rest.length > lineCharsMax)
          this.#fail({ field: '', expected: `expected lines of at most ${lineCharsMax} characters` }, this.#line + 1)
        break
      }
      const line = this.#rest + text.slice(from, end)
      this.#rest = ''
      from = end + 1
      this.#take(line)
    }
    return !this.#done
  }

  /** The trace, or the first thing that is wrong with the file. */
  end(): Result<Trace, TraceError> {
    if (!this.#done && this.#rest !== '') this.#take(this.#rest, true)
    if (this.#error === undefined && !this.#builder.full) {
      const problem = this.#lines?.end?.()
      if (problem !== undefined) this.#fail(problem, 0)
    }
    if (this.#error === undefined && this.#builder.count === 0) {
      this.#fail({ field: '', expected: this.#line === 0 ? 'the file is empty; expected a trace' : 'expected at least one request, found none' }, 0)
    }
    if (this.#error !== undefined || this.#format === undefined) return failure(this.#error as TraceError)
    return ok(this.#builder.finish({ name: this.#options.name, source: this.#format.id, hasPrefixes: this.#format.hasPrefixes }))
  }

  get #done(): boolean {
    return this.#error !== undefined || this.#builder.full
  }

  #take(text: string, isLast = false): void {
    this.#line += 1
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line.trim() === '') return
    this.#format ??= formatOf(line)
    if (this.#format === undefined) {
      const known = [...traceFormats.keys()].join(', ')
      this.#fail({ field: '', expected: `no known format begins like this: ${JSON.stringify(line.slice(0, 60))}; known are ${known}` }, this.#line)
      return
    }
    const { random, blockTokens } = this.#options
    this.#lines ??= this.#format.open({ builder: this.#builder, random, blockTokens })
    const problem = this.#lines.line(line)
    if (problem === undefined) return
    const isCut = isLast && problem.field === ''
    this.#fail(isCut ? { field: '', expected: `the last line is cut short: ${problem.expected}` } : problem, this.#line)
  }

  #fail({ field, expected }: Problem, line: number): void {
    const place = line === 0 ? this.#options.name : `${this.#options.name}:${line}`
    this.#error = { line, field, message: `${place}: ${field === '' ? '' : `${field}: `}${expected}` }
  }
}
