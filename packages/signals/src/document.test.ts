import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { metricsDocument } from './document.ts'

it('docs/metrics.md says what the data says', () => {
  const path = fileURLToPath(new URL('../../../docs/metrics.md', import.meta.url))
  const text = metricsDocument()
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text)
  expect(readFileSync(path, 'utf8')).toBe(text)
})
