import { Labels } from '@signalbox/base'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluateRange } from '../evaluate.ts'
import { parse } from '../parser.ts'
import { MemoryStore } from '../promqltest/memory-store.ts'
import type { Queryable } from '../types.ts'

/** Series of few kinds of timestamps, so that neighbours share them, and equal ones come again after others. */
const series = fc.record({
  offsetMs: fc.constantFrom(0, 3_700, 14_999),
  gap: fc.boolean(),
  values: fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1e6 }), fc.double({ noNaN: true })), {
    minLength: 12,
    maxLength: 12,
  }),
})

/** Points by series; negative zeros are zeros here, as in a sum. */
function rows(text: string, store: Queryable): Record<string, number[][]> {
  const expr = parse(text)
  const result = expr.ok ? evaluateRange(expr.value, store, { startMs: 0, endMs: 300_000, stepMs: 10_000 }) : expr
  if (!result.ok || result.value.value.type !== 'matrix') throw new Error('no matrix')
  return Object.fromEntries(
    result.value.value.series.map(({ labels, timestampsMs, values }) => [
      labels.get('i'),
      [Array.from(timestampsMs), Array.from(values, (value) => value + 0)],
    ]),
  )
}

describe('rate, increase and delta', () => {
  it('of a series are the same beside others as alone, and the same again through a sum', () => {
    fc.assert(
      fc.property(fc.array(series, { minLength: 1, maxLength: 6 }), fc.constantFrom('rate', 'increase', 'delta'), (all, name) => {
        const together = new MemoryStore()
        const alone: Record<string, number[][]> = {}
        all.forEach(({ offsetMs, gap, values }, i) => {
          const samples = values.map((value, n) => [n * 15_000 + offsetMs, value] as const).filter((_, n) => !gap || n < 4 || n > 9)
          const labels = Labels.from({ __name__: 'm_total', i: String(i) })
          together.add(labels, samples)
          const single = new MemoryStore()
          single.add(labels, samples)
          Object.assign(alone, rows(`${name}(m_total[40s])`, single))
        })
        expect(rows(`${name}(m_total[40s])`, together)).toEqual(alone)
        expect(rows(`sum by (i) (${name}(m_total[40s]))`, together)).toEqual(alone)
      }),
      { numRuns: 200 },
    )
  })

  it('of a counter near zero are drawn back no further than to where it was zero', () => {
    const store = new MemoryStore()
    store.add(Labels.from({ __name__: 'm_total', i: '0' }), [
      [7_500, 1],
      [22_500, 16],
    ])
    // 15 in 15 s: one second before its first sample it was zero, and 7.5 s are left to the end.
    expect(rows('increase(m_total[30s])', store)['0']?.[1]?.[0]).toBe((15 * (15 + 1 + 7.5)) / 15)
    expect(rows('delta(m_total[30s])', store)['0']?.[1]?.[0]).toBe(30)
  })
})
