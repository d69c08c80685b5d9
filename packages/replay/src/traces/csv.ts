import { Fields } from './fields.ts'
import type { Problem } from './format.ts'

/** A header's column names, as they stand, without quotes and spaces around them. */
export function csvHeader(line: string): readonly string[] {
  // A byte order mark stands before the first name of files from spreadsheets.
  return cells(line.replace(/^\uFEFF/, ''))
}

/** The fields of one row under a header. A row with fewer or more cells than the header is a problem. */
export function csvFields(line: string, header: readonly string[]): Fields | Problem {
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
