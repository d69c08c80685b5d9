import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { LintFile } from '@signalbox/lint'

const FILE_BYTES_MAX = 16 * 1024 * 1024
const FILES_MAX = 10_000
const NAMES = /\.(json|ya?ml)$/

export interface LintFiles {
  readonly files: readonly (LintFile & { /** Named on the command line, not found in a folder. */ readonly named: boolean })[]
  /** Paths that could not be read, and why. */
  readonly failures: readonly string[]
}

/**
 * The files of the paths: a folder stands for every .json, .yaml and .yml file below it (hidden folders, node_modules and links left out),
 * `-` for standard input. At most 10,000 files of at most 16 MiB.
 */
export function readLintFiles(paths: readonly string[]): LintFiles {
  const files: { path: string; text: string; named: boolean }[] = []
  const failures: string[] = []
  const take = (path: string, named: boolean): void => {
    if (files.length >= FILES_MAX) {
      if (failures.at(-1) !== TOO_MANY) failures.push(TOO_MANY)
      return
    }
    const text = path === '-' ? textOf(0) : textAt(path)
    if (typeof text === 'string') files.push({ path: path === '-' ? '(standard input)' : path, text, named })
    else failures.push(`${path}: ${text.reason}`)
  }
  for (const path of paths) {
    if (path === '-') take(path, true)
    else if (isFolder(path)) for (const found of filesBelow(path)) take(found, false)
    else take(path, true)
  }
  return { files, failures }
}

const TOO_MANY = `more than ${FILES_MAX} files: name fewer folders`

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** In the order of their names. */
function* filesBelow(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules') yield* filesBelow(path)
    else if (entry.isFile() && NAMES.test(entry.name)) yield path
  }
}

interface Unread {
  readonly reason: string
}

function textAt(path: string): string | Unread {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    if (fstatSync(file).size > FILE_BYTES_MAX) return { reason: `larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB` }
    return decoded(readFileSync(file))
  } catch (error) {
    return { reason: reasonOf(error) }
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** All of an open file without a known size, up to the limit. */
function textOf(file: number): string | Unread {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for (;;) {
      const chunk = new Uint8Array(65_536)
      const count = readSync(file, chunk)
      if (count === 0) return decoded(Buffer.concat(chunks))
      bytes += count
      if (bytes > FILE_BYTES_MAX) return { reason: `longer than ${FILE_BYTES_MAX / 1024 / 1024} MiB` }
      chunks.push(chunk.subarray(0, count))
    }
  } catch (error) {
    return { reason: reasonOf(error) }
  }
}

/** A mark of byte order stays, so that the file can be written back as it was. */
function decoded(bytes: Uint8Array): string | Unread {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { reason: 'not UTF-8' }
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'no such file or folder'
  if (code === 'EACCES') return 'may not be read'
  return message
}
