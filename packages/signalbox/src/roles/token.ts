import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { StartError } from '../supervisor/role-process.ts'

/** The bearer token of the admin port, where the configuration names a file that holds one. */
export function tokenOf(config: Config): string | undefined {
  const path = config.admin.tokenFile
  if (path === undefined) return undefined
  let token: string
  try {
    token = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new StartError(`admin.tokenFile: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`)
  }
  if (token === '') throw new StartError(`admin.tokenFile: ${path} is empty`)
  return token
}
