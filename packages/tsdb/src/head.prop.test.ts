import { Labels } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Head, type Matcher } from './index.ts'

interface ModelSeries {
  readonly labels: Record<string, string>
  samples: { timestampMs: number; value: number }[]
}

const SERIES_MAX = 12

/** What a head promises, as plainly as it can be written. */
class Model {
  series: ModelSeries[] = []
  floorMs = -Infinity
  readonly lateMs: number

  constructor(lateMs: number) {
    this.lateMs = lateMs
  }

  append(labels: Record<string, string>, timestampMs: number, value: number): string {
    const key = Labels.from(labels).key
    let series = this.series.find((one) => Labels.from(one.labels).key === key)
    if (series === undefined) {
      if (this.series.length >= SERIES_MAX) return 'refused'
      series = { labels, samples: [] }
      this.series.push(series)
    }
    const last = series.samples.at(-1)
    if (timestampMs < this.floorMs || (last !== undefined && timestampMs < last.timestampMs - this.lateMs)) return 'out-of-order'
    const same = series.samples.find((sample) => sample.timestampMs === timestampMs)
    if (same !== undefined) return bitsOf(Float64Array.of(same.value)) === bitsOf(Float64Array.of(value)) ? 'ok' : 'duplicate'
    const newer = series.samples.findIndex((sample) => sample.timestampMs > timestampMs)
    series.samples.splice(newer < 0 ? series.samples.length : newer, 0, { timestampMs, value })
    return 'ok'
  }

  truncate(beforeMs: number): void {
    this.floorMs = Math.max(this.floorMs, beforeMs)
    for (const series of this.series) series.samples = series.samples.filter(({ timestampMs }) => timestampMs >= this.floorMs)
    this.series = this.series.filter(({ samples }) => samples.length > 0)
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number) {
    return this.series
      .filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? '')))
      .map(({ labels, samples }) => ({ labels, samples: samples.filter(({ timestampMs }) => timestampMs >= startMs && timestampMs <= endMs) }))
      .filter(({ samples }) => samples.length > 0)
  }
}

const labelValue = fc.constantFrom('a', 'b', 'c')
const labels = fc.dictionary(fc.constantFrom('x', 'y', 'z'), labelValue, { minKeys: 1 })
const time = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.double({ min: 0, max: 3000, noNaN: true }))
const value = fc.oneof(fc.constantFrom(0, -0, 1, NaN, Infinity), fc.integer(), fc.double())

const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc
    .tuple(fc.constantFrom('x', 'y', 'z', 'w'), fc.constantFrom('=' as const, '!=' as const), fc.constantFrom('a', 'b', 'c', 'd', ''))
    .map(([name, operator, wanted]) => ({
      name,
      operator,
      value: wanted,
      matches: (text: string) => (text === wanted) === (operator === '='),
    })),
  fc
    .tuple(fc.constantFrom('x', 'y', 'z', 'w'), fc.constantFrom('=~' as const, '!~' as const), fc.constantFrom('a|b', '', '.*', '.+', '[bc]?', 'd'))
    .map(([name, operator, pattern]) => ({
      name,
      operator,
      value: pattern,
      matches: (text: string) => new RegExp(`^(?:${pattern})$`).test(text) === (operator === '=~'),
    })),
)

/** A run of samples long enough to seal chunks, with constant, integer or mixed values. */
const run = fc.record({
  kind: fc.constant('run' as const),
  labels,
  startMs: time,
  stepMs: fc.constantFrom(0, 1, 1.5, 7, -1, -2.5),
  count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 100, max: 400 })),
  values: fc.array(value, { minLength: 1, maxLength: 3 }),
})
const truncate = fc.record({ kind: fc.constant('truncate' as const), beforeMs: time })
const select = fc.record({ kind: fc.constant('select' as const), matchers: fc.array(matcher, { maxLength: 3 }), startMs: time, lengthMs: time })

const operations = fc.array(fc.oneof({ weight: 4, arbitrary: run }, truncate, { weight: 2, arbitrary: select }), { maxLength: 30 })

describe('a head under random operations', () => {
  it('does what the plain model does', () => {
    fc.assert(
      fc.property(operations, fc.constantFrom(0, 3, 200, 5000), (operations, lateMs) => {
        const head = new Head({ seriesMax: SERIES_MAX, retentionMs: 1, lateMs })
        const model = new Model(lateMs)
        for (const operation of operations) {
          if (operation.kind === 'run') appendRun(head, model, operation)
          else if (operation.kind === 'truncate') {
            head.truncate(operation.beforeMs)
            model.truncate(operation.beforeMs)
          } else expectSameSelection(head, model, operation.matchers, operation.startMs, operation.startMs + operation.lengthMs)
        }
        expectSameSelection(head, model, [], -Infinity, Infinity)
        // Chunks stay whole, so at most one chunk of each series reaches back over the floor.
        const held = model.series.reduce((sum, { samples }) => sum + samples.length, 0)
        expect(head.stats().samples).toBeGreaterThanOrEqual(held)
        expect(head.stats().samples).toBeLessThan(held + 120 * model.series.length + 1)
        expect(head.stats().series).toBe(model.series.length)
      }),
      { numRuns: 300 },
    )
  })

  it('ends empty when everything is truncated', () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 10 }), (runs) => {
        const head = new Head({ seriesMax: 1000, retentionMs: 1 })
        for (const one of runs) appendRun(head, new Model(0), one, false)
        head.truncate(10_000)
        expect(head.stats()).toMatchObject({ series: 0, samples: 0, bytes: 0 })
        expect(head.labelNames([], -Infinity, Infinity)).toEqual([])
      }),
    )
  })
})

type Run = typeof run extends fc.Arbitrary<infer T> ? T : never

function appendRun(head: Head, model: Model, { labels: pairs, startMs, stepMs, count, values }: Run, compare = true): void {
  for (let i = 0; i < count; i++) {
    const timestampMs = startMs + i * stepMs
    const sample = values[i % values.length] as number
    const ref = head.seriesRef(Labels.from(pairs))
    const outcome = ref === undefined ? 'refused' : head.append(ref, timestampMs, sample)
    if (compare) expect(outcome).toBe(model.append(pairs, timestampMs, sample))
  }
}

function expectSameSelection(head: Head, model: Model, matchers: readonly Matcher[], startMs: number, endMs: number): void {
  const selected = head.select(matchers, startMs, endMs)
  const expected = model.select(matchers, startMs, endMs)
  expect(selected.map((series) => series.labels.toRecord())).toEqual(expected.map((series) => series.labels))
  for (const [i, { samples }] of expected.entries()) {
    expect([...selected[i]!.timestampsMs]).toEqual(samples.map(({ timestampMs }) => timestampMs))
    expect(bitsOf(selected[i]!.values)).toBe(bitsOf(Float64Array.from(samples, (sample) => sample.value)))
  }
  const names = new Set(expected.flatMap((series) => Object.keys(series.labels)))
  expect(head.labelNames([matchers], startMs, endMs)).toEqual([...names].sort())
  expect(head.series([matchers, matchers], startMs, endMs).length).toBe(expected.length)
}

function bitsOf(values: Float64Array): string {
  return new BigUint64Array(values.slice().buffer).join()
}
