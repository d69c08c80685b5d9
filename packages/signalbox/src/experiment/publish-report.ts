import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { ExperimentReport } from '@signalbox/replay'
import { StartError } from '../supervisor/role-process.ts'
import type { ExperimentFlags } from './experiment-flags.ts'
import { reportHtml } from './report-html.ts'
import { reportText } from './report-text.ts'

/** Where a report goes. */
export type PublishFlags = Pick<ExperimentFlags, 'columns' | 'json' | 'html'>

/** Throws a StartError for a file that could not be written: better now than after the runs. */
export function checkPublishable({ json, html }: PublishFlags): void {
  if (json !== undefined && json !== '-') checkWritable('--json', json)
  if (html !== undefined) checkWritable('--html', html)
  if (json !== undefined && html !== undefined && resolve(json) === resolve(html)) throw new StartError(`--json and --html both name ${json}`)
}

/** Prints the table, or the JSON where `json` is `-`, and writes the files asked for. */
export function publishReport(report: ExperimentReport, { columns, json, html }: PublishFlags): void {
  const text = `${JSON.stringify(report, null, 2)}\n`
  process.stdout.write(json === '-' ? text : `${reportText(report, columns)}\n`)
  if (json !== undefined && json !== '-') write('--json', json, text)
  if (html !== undefined) write('--html', html, reportHtml(report))
}

function checkWritable(flag: string, path: string): void {
  attempt(flag, path, () => {
    if (existsSync(path)) {
      if (statSync(path).isDirectory()) throw new StartError(`${flag}: ${path} is a folder; name a file in it`)
      accessSync(path, constants.W_OK)
    } else accessSync(dirname(resolve(path)), constants.W_OK)
  })
}

function write(flag: string, path: string, text: string): void {
  attempt(flag, path, () => writeFileSync(path, text))
  console.error(`wrote ${path}`)
}

function attempt(flag: string, path: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    if (error instanceof StartError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new StartError(`${flag}: ${path} cannot be written (${code === 'ENOENT' ? 'there is no such folder' : (code ?? String(error))})`)
  }
}
