import { azure } from './azure.ts'
import type { TraceFormat, TraceFormatId } from './format.ts'
import { mooncake } from './mooncake.ts'

/** Every format that can be read, in the order in which a file's first line is tried on them. */
export const traceFormats: ReadonlyMap<TraceFormatId, TraceFormat> = new Map([mooncake, azure].map((format) => [format.id, format]))

/** The format of a file that begins with this line (not empty); undefined where no format knows it. */
export function formatOf(line: string): TraceFormat | undefined {
  for (const format of traceFormats.values()) if (format.detects(line)) return format
  return undefined
}
