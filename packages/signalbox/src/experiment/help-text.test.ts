import { shapes } from '@signalbox/replay'
import { describe, expect, it } from 'vitest'
import { helpList, shapeHelp } from './help-text.ts'

describe('help', () => {
  it.each([60, 80, 100, 200])('fits a terminal of %i columns, and is never wider than 100', (columns) => {
    const lines = shapeHelp(columns).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.min(columns, 100))
    for (const line of lines) expect(line).not.toMatch(/\s$/)
  })

  it('loses no word by wrapping', () => {
    const text = 'few long documents, many short questions about each of them, asked by everybody at once'
    const wrapped = helpList([['shared', text]], 50)
    expect(wrapped.split('\n').length).toBeGreaterThan(2)
    expect(wrapped.replaceAll(/\s+/g, ' ').trim()).toBe(`shared ${text}`)
  })

  it('has every shape with every parameter and its default', () => {
    const help = shapeHelp(100)
    for (const [id, { parameters }] of shapes) {
      expect(help).toContain(`  ${id} `)
      for (const [name, { default: byDefault }] of parameters) expect(help).toContain(`${name}=${byDefault}`)
    }
  })
})
