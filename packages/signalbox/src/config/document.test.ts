import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { configurationDocument } from './document.ts'

it('docs/configuration.md says what the schema says', () => {
  const path = fileURLToPath(new URL('../../../../docs/configuration.md', import.meta.url))
  const text = configurationDocument()
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text)
  expect(readFileSync(path, 'utf8')).toBe(text)
})
