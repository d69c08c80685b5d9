import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { alertsDocument } from './alerts-document.ts'

it('docs/alerts.md says what the rules say', () => {
  const path = fileURLToPath(new URL('../../../../docs/alerts.md', import.meta.url))
  const text = alertsDocument()
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text)
  expect(readFileSync(path, 'utf8')).toBe(text)
})
