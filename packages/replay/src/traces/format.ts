import type { Random } from '@signalbox/base'
import type { TraceBuilder } from './trace-builder.ts'

/** The formats that can be read. */
export type TraceFormatId = 'mooncake' | 'azure' | 'burstgpt' | 'weka' | 'agents' | 'decisions' | 'jsonl'

/** One format of trace files. `open` starts reading one file. */
export interface TraceFormat {
  readonly id: TraceFormatId
  /** One line for help and reports. */
  readonly title: string
  /** Where the format is described or published. */
  readonly source: string
  /** Whether files of the format say what prompts share. */
  readonly hasPrefixes: boolean
  /** Whether a file that begins with this line is of the format. Called with the first line that is not empty. */
  detects(line: string): boolean
  open(context: ReadContext): LineReader
}

/** What a reader of lines works with. */
export interface ReadContext {
  readonly builder: TraceBuilder
  /** Makes up what the file does not say, such as arrival times. */
  readonly random: Random
  /** Tokens of one block of prefix hashes, where the format has them and the caller knows better. */
  readonly blockTokens: number | undefined
}

/** Reads one file, line by line; lines come without their end and are never empty. */
export interface LineReader {
  line(text: string): Problem | undefined
  /** After the last line, unless enough was read before. */
  end?(): Problem | undefined
}

/** What is wrong with a line, without its place: `expected` completes "<field>: ". */
export interface Problem {
  readonly field: string
  readonly expected: string
}
