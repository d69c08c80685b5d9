import { describe, expect, it } from 'vitest'
import { type ExperimentRun, msColumn, type ReportColumn, reportLoads } from './report-loads.ts'

interface Result {
  readonly ttftMs: number | null
  readonly hits: number
  readonly failed: number
}

const columns: readonly ReportColumn<Result>[] = [
  msColumn('ttft', 'TTFT', 'first token', ({ ttftMs }) => ttftMs),
  { id: 'hits', label: 'Hits', unit: 'ratio', better: 'none', description: 'cached', of: ({ hits }) => hits },
]

function run(variant: string, load: number, seed: number, result: Partial<Result>): ExperimentRun<Result> {
  return { variant, load, seed, requestsPerSecond: load * 10, result: { ttftMs: 0, hits: Number.NaN, failed: 0, ...result } }
}

describe('reportLoads', () => {
  it('has loads in rising order, and in each the variants in the order given, as far as they have runs', () => {
    const loads = reportLoads(columns, [run('b', 0.9, 1, {}), run('b', 0.3, 1, {}), run('a', 0.3, 1, {})], { variants: ['a', 'b', 'c'] })
    expect(loads.map(({ load, requestsPerSecond, rows }) => [load, requestsPerSecond, rows.map(({ variant }) => variant)])).toEqual([
      [0.3, 3, ['a', 'b']],
      [0.9, 9, ['b']],
    ])
  })

  it('gives mean and 95 % interval over the seeds, one bound-less mean of a single run, and null for what is not known', () => {
    const runs = [run('a', 1, 1, { ttftMs: 10, failed: 2 }), run('a', 1, 2, { ttftMs: 14, failed: 1 }), run('b', 1, 1, { ttftMs: 7 })]
    const [a, b] = reportLoads(columns, runs, { variants: ['a', 'b'] })[0]?.rows ?? []
    // t(0.975, 1) · √8 / √2 = 25.41.
    expect(a).toMatchObject({ seeds: 2, failed: 3, values: { hits: null } })
    expect(a?.values['ttft']?.mean).toBe(12)
    expect(a?.values['ttft']?.low).toBeCloseTo(12 - 25.412, 2)
    expect(a?.values['ttft']?.high).toBeCloseTo(12 + 25.412, 2)
    expect(b).toMatchObject({ seeds: 1, values: { ttft: { mean: 7, low: null, high: null } } })
  })

  it('does not depend on the order in which runs were done, to the last digit', () => {
    const runs = [0.1, 0.2, 0.3, 1e9, 0.7].map((ttftMs, seed) => run('a', 1, seed, { ttftMs }))
    expect(reportLoads(columns, runs.toReversed(), { variants: ['a'] })).toEqual(reportLoads(columns, runs, { variants: ['a'] }))
  })

  it('calls no reference the best, nor anything by a metric that does not judge', () => {
    const runs = [1, 2].flatMap((seed) => [
      run('oracle', 1, seed, { ttftMs: 1, hits: 0.9 }),
      run('a', 1, seed, { ttftMs: 5, hits: 0.5 }),
      run('b', 1, seed, { ttftMs: 9, hits: 0.1 }),
    ])
    const rows = reportLoads(columns, runs, { variants: ['a', 'b', 'oracle'], references: ['oracle'] })[0]?.rows ?? []
    expect(rows.map(({ variant, isReference, best }) => [variant, isReference, best])).toEqual([
      ['a', false, ['ttft']],
      ['b', false, []],
      ['oracle', true, []],
    ])
  })

  it('leaves a run without a value out of the interval, and out of the comparison', () => {
    const runs = [run('a', 1, 1, { ttftMs: 10 }), run('a', 1, 2, { ttftMs: null }), run('b', 1, 1, { ttftMs: 9 }), run('b', 1, 2, { ttftMs: 1 })]
    const [a, b] = reportLoads(columns, runs, { variants: ['a', 'b'] })[0]?.rows ?? []
    expect(a?.values['ttft']).toEqual({ mean: 10, low: null, high: null })
    expect([a?.best, b?.best]).toEqual([[], ['ttft']])
  })
})
