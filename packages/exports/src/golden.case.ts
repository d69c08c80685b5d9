import { readFileSync, writeFileSync } from 'node:fs'

/** What a file of testdata holds, to compare `text` with; UPDATE_GOLDEN=1 writes the text there first. */
export function golden(name: string, text: string): string {
  const file = new URL(`../testdata/${name}`, import.meta.url)
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text)
  return readFileSync(file, 'utf8')
}
