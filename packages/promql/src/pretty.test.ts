import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from './parser.ts'
import { pretty } from './pretty.ts'
import { format } from './printer.ts'

function prettied(text: string): string {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return pretty(parsed.value)
}

const LONG = 'a_metric_whose_name_is_so_long_that_two_of_them_do_not_fit_on_a_line'

test('what fits on a line of 100 bytes stays on it, in the plain form', () => {
  expect(prettied('sum(rate(x{a="b"}[5m]))by(job)')).toBe('sum by (job) (rate(x{a="b"}[5m]))')
  const name = 'x'.repeat(100)
  expect(prettied(` ${name} `)).toBe(name)
  expect(prettied(`-(${'x'.repeat(97)})`)).toBe(`-(${'x'.repeat(97)})`)
})

test('longer aggregations, calls, parentheses and operators are broken, two spaces a level', () => {
  expect(prettied(`sum by (job) (rate(${LONG}[5m])) / on (job) group_left () (topk(3, ${LONG}) + 1)`)).toBe(
    `  sum by (job) (rate(${LONG}[5m]))
/ on (job) group_left ()
  (topk(3, ${LONG}) + 1)`,
  )
  expect(prettied(`quantile by (job) (0.5, ${LONG}{job="${LONG}"})`)).toBe(
    `quantile by (job) (
  0.5,
  ${LONG}{job="${LONG}"}
)`,
  )
  expect(prettied(`clamp(${LONG} == bool ${LONG}, 1, 2)`)).toBe(
    `clamp(
    ${LONG}
  == bool
    ${LONG},
  1,
  2
)`,
  )
  expect(prettied(`-(${LONG} or ${LONG})`)).toBe(
    `-(
    ${LONG}
  or
    ${LONG}
)`,
  )
})

test('a subquery is broken inside and keeps its brackets and modifiers', () => {
  expect(prettied(`max_over_time((${LONG} - ${LONG})[5m:10s] @ 3 offset 1h)`)).toBe(
    `max_over_time(
  (
      ${LONG}
    -
      ${LONG}
  )[5m:10s] @ 3.000 offset 1h
)`,
  )
})

test('bytes are counted, not characters', () => {
  const text = (accents: number) => `{a="${'é'.repeat(accents)}"} + b`
  expect(prettied(text(45))).not.toContain('\n')
  expect(prettied(text(46))).toContain('\n')
})

test('pretty text parses back to the same expression', () => {
  const leaf = fc.constantFrom(LONG, `rate(${LONG}[5m] offset 1d)`, '1', `{job="${LONG}"}`, `min_over_time(${LONG}[1h:1m] @ start())`)
  const { expr } = fc.letrec<{ expr: string }>((tie) => ({
    expr: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.tuple(tie('expr'), fc.constantFrom('+', '/ on (a, b)', '^'), tie('expr')).map(([a, op, b]) => `${vector(a)} ${op} ${vector(b)}`),
      tie('expr').map((a) => `sum without (a) (${vector(a)})`),
      tie('expr').map((a) => `topk by (b) (2, ${vector(a)})`),
      tie('expr').map((a) => `-(${a})`),
      tie('expr').map((a) => `label_replace(${vector(a)}, "x", "$1", "y", "(.*)")`),
      tie('expr').map((a) => `sum_over_time((${vector(a)})[5m:])`),
    ),
  }))
  fc.assert(
    fc.property(expr, (text) => {
      const parsed = parse(text)
      if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`)
      const again = parse(pretty(parsed.value))
      expect(again.ok && format(again.value)).toBe(format(parsed.value))
    }),
    { numRuns: 300 },
  )
})

/** A vector whatever the expression's type is. */
function vector(text: string): string {
  return `(${LONG} * (${text}))`
}
