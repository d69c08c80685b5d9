import { writeFileSync } from 'node:fs'
import type { ExperimentReport } from '@signalbox/replay'
import { StartError } from '../supervisor/role-process.ts'
import { reportHtml } from './report-html.ts'
import { reportText } from './report-table.ts'

export interface PublishFlags {
  /** Ids of the table's columns. */
  readonly columns?: readonly string[]
  readonly json?: string
  readonly html?: string
}

/** Prints the table, or the JSON where `json` is `-`, and writes the files asked for. */
export function publishReport(report: ExperimentReport, flags: PublishFlags): void {
  const json = `${JSON.stringify(report, null, 2)}\n`
  if (flags.json === '-') process.stdout.write(json)
  else console.log(reportText(report, flags.columns))
  if (flags.json !== undefined && flags.json !== '-') write('--json', flags.json, json)
  if (flags.html !== undefined) write('--html', flags.html, reportHtml(report))
}

function write(flag: string, path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new StartError(`${flag}: ${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`)
  }
  console.error(`wrote ${path}`)
}
