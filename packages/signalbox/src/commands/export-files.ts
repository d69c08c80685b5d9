import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isExport } from '@signalbox/exports'
import { StartError } from '../supervisor/role-process.ts'

export interface OutputFlags {
  readonly out?: string
  readonly force?: boolean
}

export interface ExportedFile {
  readonly name: string
  readonly text: string
}

/**
 * Writes files into the folder, which is made where it is missing, and prints their paths. A file that is there already and that no export
 * wrote stops everything, before anything is written, unless `force` is given. Throws a StartError.
 */
export function writeExports(folder: string, files: readonly ExportedFile[], force: boolean): void {
  try {
    mkdirSync(folder, { recursive: true })
    const foreign = files.map(({ name }) => join(folder, name)).filter((path) => existsSync(path) && !isExport(readFileSync(path, 'utf8')))
    if (foreign.length > 0 && !force) {
      throw new StartError(
        `--out: ${foreign.join(', ')} ${foreign.length === 1 ? 'is' : 'are'} there already, and not from an export; choose another folder, or overwrite with --force`,
      )
    }
    for (const { name, text } of files) writeFileSync(join(folder, name), text)
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`--out: ${folder} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`)
  }
  for (const { name } of files) console.log(join(folder, name))
}
