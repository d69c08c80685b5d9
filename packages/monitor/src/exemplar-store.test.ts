import { Labels } from '@signalbox/base'
import { parse, parseSelector } from '@signalbox/promql'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { selectorsOf } from './exemplar-query.ts'
import { ExemplarStore } from './exemplar-store.ts'

const series = (job: string) => Labels.from({ __name__: 'latency_bucket', job })
const exemplar = (trace: string, value: number, timestampMs?: number) => ({ labels: Labels.from({ trace }), value, timestampMs })
const ALL = { startMs: -Infinity, endMs: Infinity }

function selected(store: ExemplarStore, selector: string, range = ALL, exemplarsMax = 100) {
  const matchers = parseSelector(selector)
  if (!matchers.ok) throw new Error(matchers.error.message)
  const { found, isCut } = store.select([matchers.value], range, exemplarsMax)
  const texts = found.map(
    (one) => `${one.series.get('job')}: ${one.exemplars.map((each) => `${each.labels.get('trace')}@${each.timestampMs}`).join(' ')}`,
  )
  return isCut ? [...texts, 'cut'] : texts
}

describe('exemplars', () => {
  test('are found by matchers and time, both ends included, series sorted', () => {
    const store = new ExemplarStore()
    store.add(series('b'), exemplar('x', 1, 10), 99)
    store.add(series('a'), exemplar('y', 1, 20), 99)
    store.add(series('b'), exemplar('z', 1, 30), 99)
    expect(selected(store, 'latency_bucket')).toEqual(['a: y@20', 'b: x@10 z@30'])
    expect(selected(store, 'latency_bucket', { startMs: 20, endMs: 30 })).toEqual(['a: y@20', 'b: z@30'])
    expect(selected(store, 'latency_bucket{job="b"}', { startMs: 11, endMs: 29 })).toEqual([])
    expect(selected(store, '{job=~"a|c"}')).toEqual(['a: y@20'])
    expect(selected(store, 'latency_bucket', ALL, 2)).toEqual(['a: y@20', 'b: x@10', 'cut'])
  })

  test('that a page shows again are kept once, without a time of their own too', () => {
    const store = new ExemplarStore()
    expect([1_000, 2_000].map((atMs) => store.add(series('a'), exemplar('x', 1, 500), atMs))).toEqual([true, false])
    expect([1_000, 2_000].map((atMs) => store.add(series('b'), exemplar('x', 1), atMs))).toEqual([true, false])
    expect(store.add(series('b'), exemplar('x', 2), 3_000)).toBe(true)
    expect(store.add(series('a'), exemplar('x', 1, 501), 3_000)).toBe(true)
    expect(selected(store, 'latency_bucket')).toEqual(['a: x@500 x@501', 'b: x@1000 x@3000'])
  })

  test('older than the newest of their series, or of more than 128 characters, are refused', () => {
    const store = new ExemplarStore()
    store.add(series('a'), exemplar('x', 1, 500), 0)
    expect(store.add(series('a'), exemplar('y', 1, 499), 0)).toBe(false)
    expect(store.add(series('b'), exemplar('😀'.repeat(123), 1), 0)).toBe(true)
    expect(store.add(series('c'), exemplar('😀'.repeat(124), 1), 0)).toBe(false)
  })

  test('go oldest first, and leave no more than the limits and no memory of series without any', () => {
    const addition = fc.record({ job: fc.constantFrom('a', 'b', 'c', 'd'), trace: fc.string({ maxLength: 40 }), value: fc.double() })
    fc.assert(
      fc.property(fc.array(addition, { maxLength: 60 }), (additions) => {
        const limits = { exemplarsMax: 5, bytesMax: 2_000 }
        const store = new ExemplarStore(limits)
        const kept: string[] = []
        for (const [i, { job, trace, value }] of additions.entries()) {
          if (store.add(series(job), exemplar(trace, value, i), i)) kept.push(`${job}@${i}`)
        }
        expect(store.size).toBeLessThanOrEqual(limits.exemplarsMax)
        expect(store.bytes).toBeLessThanOrEqual(limits.bytesMax)
        const found = store.select([[]], ALL, 100).found.flatMap((one) => one.exemplars.map((each) => `${one.series.get('job')}@${each.timestampMs}`))
        expect(found.sort()).toEqual(kept.slice(kept.length - store.size).sort())
        if (additions.length > 0) expect(store.size).toBeGreaterThan(0)
      }),
    )
  })

  test('that are all gone cost nothing', () => {
    const store = new ExemplarStore({ exemplarsMax: 1, bytesMax: 10_000 })
    store.add(series('a'), exemplar('x', 1, 1), 0)
    const { bytes } = store
    for (let i = 0; i < 10; i++) store.add(series(String(i)), exemplar('x', 1, i), 0)
    expect(store.bytes).toBe(bytes)
    expect(selected(store, 'latency_bucket')).toEqual(['9: x@9'])
  })
})

test('every selector of an expression counts', () => {
  const parsed = parse('histogram_quantile(0.9, sum by (le) (rate(a[5m]))) + -(topk(scalar(b), c{x="1"})) > max_over_time((d offset 1m)[1h:1m]) * 2')
  if (!parsed.ok) throw new Error(parsed.error.message)
  expect(selectorsOf(parsed.value).map((matchers) => matchers.find(({ name }) => name === '__name__')?.value)).toEqual(['a', 'b', 'c', 'd'])
})
