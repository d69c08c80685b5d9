import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { StartError } from '../supervisor/role-process.ts'

/** The bearer token of the admin port, where the configuration names a file that holds one. */
export function tokenOf(config: Config): string | undefined {
  const path = config.admin.tokenFile
  return path === undefined ? undefined : readToken(path, 'admin.tokenFile')
}

/** The token in a file, without the white space around it. Throws a StartError that begins with `setting`, which named the file. */
export function readToken(path: string, setting: string): string {
  let token: string
  try {
    token = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new StartError(`${setting}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`)
  }
  if (token === '') throw new StartError(`${setting}: ${path} is empty`)
  return token
}
