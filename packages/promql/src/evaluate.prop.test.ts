import { Labels } from '@signalbox/base'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { evaluateInstant, evaluateRange } from './evaluate.ts'
import { CUSTOM_SCHEMA, type FloatHistogram, NO_BUCKETS } from './histogram/float-histogram.ts'
import { parse } from './parser.ts'
import { MemoryStore, type StoredPoint } from './promqltest/memory-store.ts'
import { scalar, vector } from './promqltest/random-expression.case.ts'

function histogram(schema: number, count: number): FloatHistogram {
  const custom = schema === CUSTOM_SCHEMA
  return {
    schema,
    zeroThreshold: custom ? 0 : 0.01,
    zeroCount: custom ? 0 : 1,
    count: count + 1,
    sum: count * 2,
    positive: { indices: [0, 1, 2], counts: [count, 0, count / 2] },
    negative: custom ? NO_BUCKETS : { indices: [1], counts: [1] },
    customBounds: custom ? [1, 5] : [],
    resetHint: 'unknown',
  }
}

/** Counters, gauges with gaps, stale markers and infinities, histograms of several layouts, and mixes of all. */
function fuzzStore(): MemoryStore {
  const store = new MemoryStore()
  const add = (name: string, labels: Record<string, string>, point: (i: number) => StoredPoint[1]): void => {
    store.add(
      Labels.from({ __name__: name, ...labels }),
      Array.from({ length: 40 }, (_, i): StoredPoint => [i * 30_000, point(i), i % 7 === 0 ? 0 : i * 30_000 - 20_000]),
    )
  }
  add('up', { a: '1', instance: 'x', job: 'j' }, (i) => i % 3)
  add('up', { a: '2', instance: 'y', job: 'j', b: 'z' }, (i) => (i % 5 === 0 ? 'stale' : i))
  add('c_total', { a: '1', le: '1' }, (i) => (i * 7) % 50)
  add('c_total', { a: '1', le: '+Inf' }, (i) => (i % 11 === 0 ? Number.NaN : i * 9))
  add('h', { a: '1' }, (i) => histogram(i % 2, i % 13))
  add('h', { a: '2' }, (i) => histogram(3, i))
  add('n', { a: '1' }, (i) => histogram(CUSTOM_SCHEMA, i % 9))
  add('mixed', { a: '1' }, (i) => (i % 3 === 0 ? histogram(0, i) : i % 3 === 1 ? Number.POSITIVE_INFINITY : -i))
  return store
}

it('any expression that parses has a value or one of the listed errors, at one time and over a range', () => {
  const store = fuzzStore()
  const codes = new Set(['execution', 'limit'])
  fc.assert(
    fc.property(fc.oneof(vector, scalar), fc.boolean(), (text, delayedNameRemoval) => {
      const parsed = parse(text, { experimental: true })
      if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`)
      const options = { delayedNameRemoval, limits: { samplesMax: 100_000 } }
      const instant = evaluateInstant(parsed.value, store, 900_000, options)
      const range = evaluateRange(parsed.value, store, { startMs: 600_000, endMs: 900_000, stepMs: 60_000 }, options)
      for (const result of [instant, range]) if (!result.ok) expect(codes).toContain(result.error.code)
    }),
    { numRuns: 1500 },
  )
})
