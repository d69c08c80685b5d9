import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { lint } from './lint.ts'
import { lintRules } from './registry.ts'
import { ruleCases } from './rules.case.ts'

const MARK = /«([^»]+)»/g

/** The document without its marks, and where they stood. */
function marked(document: string): { readonly text: string; readonly places: readonly string[] } {
  const places: string[] = []
  const text = document
    .split('\n')
    .map((line, index) => {
      let removed = 0
      for (const match of line.matchAll(MARK)) {
        places.push(`${index + 1}:${match.index - removed + 1} ${match[1]}`)
        removed += match[0].length
      }
      return line.replace(MARK, '')
    })
    .join('\n')
  return { text, places: places.sort() }
}

describe('the rules', () => {
  it.each(ruleCases)('find in their place what is wrong, and nothing else: $name', ({ document }) => {
    const { text, places } = marked(document)
    const { findings, unreadable, documents } = lint([{ path: 'x', text }])
    expect({ unreadable, documents }).toEqual({ unreadable: [], documents: 1 })
    expect(findings.map(({ line, column, id }) => `${line}:${column} ${id}`).sort()).toEqual(places)
  })

  it('each have a case that they find', () => {
    const found = new Set(ruleCases.flatMap(({ document }) => [...document.matchAll(MARK)].map((match) => match[1])))
    expect(lintRules.map(({ id }) => id).filter((id) => !found.has(id))).toEqual([])
  })

  it('find nothing in the performance dashboard', () => {
    const path = fileURLToPath(new URL('../testdata/performance-dashboard.json', import.meta.url))
    const { findings, queries } = lint([{ path, text: readFileSync(path, 'utf8') }])
    expect(findings).toEqual([])
    expect(queries).toBeGreaterThan(10)
  })
})
