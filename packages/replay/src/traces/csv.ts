import { Fields } from './fields.ts'
import type { LineReader, Problem } from './format.ts'

/** A header's column names, as they stand, without quotes and spaces around them. */
function csvHeader(line: string): readonly string[] {
  // A byte order mark stands before the first name of files from spreadsheets.
  return cells(line.replace(/^\uFEFF/, ''))
}

/** Whether a line is a header with all these columns. */
export function isCsvHeader(line: string, columns: readonly string[]): boolean {
  const header = csvHeader(line)
  return columns.every((column) => header.includes(column))
}

/** Reads a file line by line: its first is the header, which must have `columns`; every other one goes to `row`. */
export function csvReader(columns: readonly string[], row: (fields: Fields) => Problem | undefined): LineReader {
  let header: readonly string[] | undefined
  return {
    line(text) {
      if (header === undefined) {
        header = csvHeader(text)
        const missing = columns.find((column) => !header?.includes(column))
        return missing === undefined ? undefined : { field: missing, expected: `expected a header with ${columns.join(',')}` }
      }
      const fields = csvFields(text, header)
      return fields instanceof Fields ? row(fields) : fields
    },
  }
}

/** The fields of one row under a header. A row with fewer or more cells than the header is a problem. */
function csvFields(line: string, header: readonly string[]): Fields | Problem {
  const values = cells(line)
  if (values.length !== header.length) {
    return { field: '', expected: `expected ${header.length} columns (${header.join(',')}), found ${values.length}` }
  }
  return new Fields(Object.fromEntries(header.map((name, at) => [name, values[at]])))
}

/** Cells split at commas. The traces quote at most whole cells without commas in them, so quotes are only taken off. */
function cells(line: string): string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
}
