import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { MappedText } from './mapped-text.ts'
import { readTrees } from './tree.ts'

const words = fc.array(fc.constantFrom('rate(', 'a:b', ' ', '  ', '"', "'", '\n', '\\', 'é', '😀', '{x="y"}', '> 5', '#', '/', 'm[5m])'), {
  maxLength: 14,
})

describe('the places of a scalar', () => {
  it.each(['PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'] as const)('are those of its characters, written %s', (style) => {
    fc.assert(
      fc.property(words, (parts) => {
        const value = parts.join('')
        const file = stringify({ a: { expr: value, next: 1 } }, { defaultStringType: style, lineWidth: 40 })
        const text = readTrees(new MappedText(file)).trees[0]?.path('a', 'expr')?.text()
        // Blanks alone do not survive as a block.
        if (text === undefined || text.text !== value) return
        const from = file.indexOf('expr:')
        for (let i = 0; i < value.length; i++) {
          if (/[a-z[{(>#/:]/.test(value.charAt(i))) expect(file.charAt(text.at(i))).toBe(value.charAt(i))
          expect(text.at(i)).toBeGreaterThan(from)
          if (i > 0) expect(text.at(i)).toBeGreaterThanOrEqual(text.at(i - 1))
        }
      }),
      { numRuns: 400 },
    )
  })

  it('are those of a JSON string with escapes', () => {
    fc.assert(
      fc.property(words, (parts) => {
        const value = parts.join('')
        const file = JSON.stringify({ panels: [{ expr: value }] }, null, 2)
        const text = readTrees(new MappedText(file)).trees[0]?.get('panels')?.items()[0]?.get('expr')?.text()
        expect(text?.text).toBe(value)
        for (let i = 0; i < value.length; i++) {
          if (/[a-z[{(>#/:]/.test(value.charAt(i))) expect(file.charAt(text?.at(i) ?? -1)).toBe(value.charAt(i))
        }
      }),
    )
  })
})
