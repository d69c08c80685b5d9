import { parse } from '@signalbox/promql'
import { dialectEntries } from '@signalbox/signals'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { applyFixes } from './apply-fixes.ts'
import { lint } from './lint.ts'

const renamed = dialectEntries.filter((entry) => entry.replacedBy !== undefined)

/** A query that reads the entry in one of the usual ways. */
const query = fc
  .tuple(fc.constantFrom(...renamed), fc.constantFrom('plain', 'filtered', 'grouped'), fc.constantFrom(' ', '\n', '\n  '))
  .map(([{ name, type, labels }, way, space]) => {
    const [label] = labels
    const condition = way === 'filtered' && label !== undefined ? `{${label.name}="a'\\"b"}` : ''
    const by = way === 'grouped' && label !== undefined ? ` by (${label.name})` : ''
    if (type === 'gauge') return `max${by}${space}(${name}${condition})`
    return `sum${by}${space}(rate(${name}${type === 'histogram' ? '_count' : ''}${condition}[5m]))`
  })

const ruleFile = fc
  .tuple(
    fc.array(query, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'BLOCK_LITERAL' as const, 'BLOCK_FOLDED' as const),
  )
  .map(([queries, style]) => {
    const rules = queries.map((expr, index) => ({ alert: `A${index}`, expr: `${expr} > 7` }))
    return stringify({ groups: [{ name: 'g', rules }] }, { defaultStringType: style, defaultKeyType: 'PLAIN', lineWidth: 50 })
  })

const board = fc
  .array(query, { minLength: 1, maxLength: 4 })
  .map((queries) => JSON.stringify({ title: 'B', panels: queries.map((expr) => ({ type: 'stat', title: 'P', targets: [{ expr }] })) }, null, 1))

function fixed(text: string): string {
  return applyFixes({ path: 'x', text }, lint([{ path: 'x', text }]).findings).text
}

/** The text with every name of a metric and of a label made the same. */
function withoutNames(text: string): string {
  return text.replace(/[a-zA-Z_:][a-zA-Z0-9_:]*/g, 'n')
}

describe('fixes', () => {
  it.each([
    ['rule files', ruleFile],
    ['dashboards', board],
  ])('change names in %s and nothing else, leave them parseable, and find nothing left to do', (_, documents) => {
    fc.assert(
      fc.property(documents, (text) => {
        const once = fixed(text)
        expect(withoutNames(once)).toBe(withoutNames(text))
        expect(fixed(once)).toBe(once)
        const after = lint([{ path: 'x', text: once }])
        expect(after.unreadable).toEqual([])
        expect(after.findings.filter(({ id }) => id === 'parse-error')).toEqual([])
      }),
    )
  })

  it('reach every name whose unit and type stayed', () => {
    const left = renamed.filter(({ name, type, replacedBy }) => {
      const expr = `max(${name}${type === 'histogram' ? '_count' : ''}) > 7`
      expect(parse(expr).ok).toBe(true)
      return !fixed(`groups: [{name: g, rules: [{alert: A, expr: "${expr}"}]}]`).includes(replacedBy ?? '')
    })
    expect(left.map(({ name }) => name)).toEqual([])
  })
})
