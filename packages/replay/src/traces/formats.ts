import { agents } from './agents.ts'
import { azure } from './azure.ts'
import { burstgpt } from './burstgpt.ts'
import { decisions } from './decisions.ts'
import type { TraceFormat, TraceFormatId } from './format.ts'
import { jsonl } from './jsonl.ts'
import { mooncake } from './mooncake.ts'
import { weka } from './weka.ts'

/** Every format that can be read, in the order in which a file's first line is tried on them. */
export const traceFormats: ReadonlyMap<TraceFormatId, TraceFormat> = new Map(
  [weka, mooncake, azure, burstgpt, decisions, agents, jsonl].map((format) => [format.id, format]),
)

/** The format of a file that begins with this line (not empty); undefined where no format knows it. */
export function formatOf(line: string): TraceFormat | undefined {
  for (const format of traceFormats.values()) if (format.detects(line)) return format
  return undefined
}
