import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { rulesPage } from './rules-page.ts'

it('docs/lint.md says what the rules say', () => {
  const path = fileURLToPath(new URL('../../../docs/lint.md', import.meta.url))
  const text = rulesPage()
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text)
  expect(readFileSync(path, 'utf8')).toBe(text)
})
