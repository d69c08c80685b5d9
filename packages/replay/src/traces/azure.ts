import { csvReader, isCsvHeader } from './csv.ts'
import type { LineReader, ReadContext, TraceFormat } from './format.ts'

const COLUMNS = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens']

/**
 * Azure's LLM inference traces: `TIMESTAMP,ContextTokens,GeneratedTokens`, with seven digits of seconds in 2023 and a zone in 2024. They say
 * nothing of prefixes: every prompt is unique.
 * SOURCE: github.com/Azure/AzurePublicDataset (P. Patel et al., "Splitwise", ISCA 2024).
 */
export const azure: TraceFormat = {
  id: 'azure',
  title: "Azure's LLM inference traces of 2023 and 2024: CSV of TIMESTAMP, ContextTokens, GeneratedTokens; no prefixes",
  source: 'github.com/Azure/AzurePublicDataset',
  hasPrefixes: false,
  detects: (line) => isCsvHeader(line, COLUMNS),
  open: readAzure,
}

function readAzure({ builder }: ReadContext): LineReader {
  return csvReader(COLUMNS, (fields) => {
    const atMs = timestampMs(fields.text('TIMESTAMP'))
    if (atMs === undefined) fields.wrong('TIMESTAMP', 'expected a time like 2023-11-16 18:17:03.9799600')
    const promptTokens = fields.tokens('ContextTokens')
    const outputTokens = fields.tokens('GeneratedTokens')
    if (fields.problem !== undefined) return fields.problem
    if (promptTokens === 0 || outputTokens === 0) builder.note('A request without prompt or output tokens is left out.')
    else builder.add({ atMs: atMs ?? 0, prompt: builder.uniquePrompt(promptTokens), outputTokens })
    return
  })
}

/**
 * Milliseconds since 1970 of `2023-11-16 18:17:03.9799600`, with any number of digits after the point, `T` or a space, and perhaps a zone (`Z`,
 * `+00:00`; none is UTC). Undefined for anything else.
 */
export function timestampMs(text: string): number | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d+)?)(?:Z|([+-])(\d\d):?(\d\d))?$/.exec(text.trim())
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second >= 61) return undefined
  const zoneMinutes = parts[7] === undefined ? 0 : (parts[7] === '-' ? -1 : 1) * (Number(parts[8]) * 60 + Number(parts[9]))
  return ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute - zoneMinutes) * 60_000 + second * 1000
}

/** SOURCE: `days_from_civil` of H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
