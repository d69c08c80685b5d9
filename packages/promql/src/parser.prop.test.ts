import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, parseSelector } from './parser.ts'
import { format } from './printer.ts'
import { scalar, vector } from './promqltest/random-expression.case.ts'
import type { Matcher } from './types.ts'

/** A tree without places, matchers in one order; predicates vanish in JSON. */
function shape(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (key === 'place') return undefined
      if (key === 'matchers') return (inner as Matcher[]).map(({ name, operator, value }) => name + operator + value).sort()
      return typeof inner === 'number' ? String(inner) : inner
    }),
  )
}

describe('parse and format', () => {
  it('a printed expression parses back to the same tree, but for the order of matchers', () => {
    fc.assert(
      fc.property(fc.oneof(vector, scalar), (text) => {
        const first = parse(text, { experimental: true })
        if (!first.ok) throw new Error(`${text}: ${first.error.message}`)
        const printed = format(first.value)
        const second = parse(printed, { experimental: true })
        if (!second.ok) throw new Error(`${printed}: ${second.error.message}`)
        expect(shape(second.value)).toEqual(shape(first.value))
        expect(format(second.value)).toBe(printed)
      }),
      { numRuns: 1000 },
    )
  })

  it('never throws, whatever the text, and puts errors inside it', () => {
    const pieces = fc.constantFrom(
      'sum',
      '(',
      ')',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '5m',
      ':',
      '@',
      'offset',
      'by',
      'on',
      '-',
      '^',
      '=~',
      '!',
      ',',
      'x',
      '\\',
      'step()',
      'min_of(',
      'fill(',
      'smoothed',
      '</',
      '(((',
      '\n',
      '#',
      'rate',
      'é',
      '\u{1f600}',
      '\ud800',
    )
    const soup = fc.array(pieces, { maxLength: 20 }).chain((parts) => fc.constantFrom(parts.join(''), parts.join(' ')))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), soup), (text) => {
        for (const result of [parse(text), parse(text, { experimental: true }), parseSelector(text)]) {
          if (result.ok) continue
          expect(result.error.code).toBe('parse')
          expect(result.error.span.start).toBeGreaterThanOrEqual(0)
          expect(result.error.span.start).toBeLessThanOrEqual(text.length)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('takes time in proportion to the text, also where it is nested or unclosed', () => {
    const pieces = ['(', '-', '[', '{', '"', 'm[', 'm offset ', 'sum(', '1+', '1^', '(5m+', 'm[-', 'm[(', 'm[1m+', 'm[min_of(', 'a=~"(', 'x fill(']
    for (const piece of pieces) {
      for (const text of [piece.repeat(20_000), `m${piece.repeat(20_000)}`, `m[${piece.repeat(20_000)}`]) {
        const result = parse(text, { experimental: true })
        expect(result.ok).toBe(false)
      }
    }
  })
})
