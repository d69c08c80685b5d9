import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SeriesChunks } from './series-chunks.ts'
import { TimestampColumns } from './timestamp-column.ts'

function samplesOf(series: SeriesChunks): { timestampsMs: Float64Array; values: Float64Array } {
  const columns = { timestampsMs: new Float64Array(series.length), values: new Float64Array(series.length) }
  series.copy(0, series.length, columns.timestampsMs, columns.values)
  return columns
}

function bytesOf(series: readonly SeriesChunks[]): number {
  return series.reduce((sum, one) => sum + one.bytes, 0)
}

it('series of one scrape share their timestamps, also after another target has begun at the same instant', () => {
  const columns = new TimestampColumns()
  const targets = [0, 0.25].map((phaseMs) => ({ phaseMs, series: Array.from({ length: 50 }, () => new SeriesChunks(columns)) }))
  for (let scrape = 0; scrape < 120; scrape++) {
    for (const { phaseMs, series } of targets) {
      for (const one of series) expect(one.append(scrape * 5000 + (scrape === 0 ? 0 : phaseMs), 1)).toBe('ok')
    }
  }
  // 120 doubles of open values that take the next chunk, one sealed constant; two columns of timestamps for all.
  expect(bytesOf(targets.flatMap(({ series }) => series))).toBe(100 * (960 + 8) + 2 * 960)
})

it('a series that missed a scrape goes its own way and disturbs nobody', () => {
  const columns = new TimestampColumns()
  const [always, sometimes] = [new SeriesChunks(columns), new SeriesChunks(columns)]
  for (let scrape = 0; scrape < 300; scrape++) {
    if (scrape % 7 !== 3) sometimes.append(scrape, scrape)
    always.append(scrape, -scrape)
  }
  for (const [series, expected] of [
    [always, Array.from({ length: 300 }, (_, i) => i)],
    [sometimes, Array.from({ length: 300 }, (_, i) => i).filter((i) => i % 7 !== 3)],
  ] as const) {
    const { timestampsMs, values } = samplesOf(series)
    expect([...timestampsMs]).toEqual(expected)
    expect([...values].map(Math.abs)).toEqual(expected)
  }
})

it('indexes answer the first sample at or after a time, and the first after it', () => {
  const series = new SeriesChunks(new TimestampColumns())
  for (let i = 0; i < 250; i++) series.append(i * 2, i)
  for (const timeMs of [-5, 0, 1, 2, 238, 239, 240, 241, 478, 480, 498, 499, 1000]) {
    expect([timeMs, series.from(timeMs)]).toEqual([timeMs, Math.min(250, Math.max(0, Math.ceil(timeMs / 2)))])
    expect([timeMs, series.after(timeMs)]).toEqual([timeMs, Math.min(250, Math.max(0, Math.floor(timeMs / 2) + 1))])
  }
})

it('series keep their own timestamps, whatever the others of their column do', () => {
  const choice = fc.constantFrom(undefined, 0, 0, 0, 0.5)
  fc.assert(
    fc.property(fc.array(fc.tuple(choice, choice, choice, choice), { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (pattern, repeats) => {
      const columns = new TimestampColumns()
      const all = [0, 1, 2, 3].map(() => ({ series: new SeriesChunks(columns), expected: [] as number[] }))
      for (let scrape = 0; scrape < pattern.length * repeats; scrape++) {
        for (const [i, { series, expected }] of all.entries()) {
          const offset = pattern[scrape % pattern.length]![i]
          if (offset === undefined) continue
          expected.push(scrape + offset)
          series.append(scrape + offset, scrape)
        }
      }
      for (const { series, expected } of all) expect([...samplesOf(series).timestampsMs]).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})

it('truncation keeps a chunk whose last sample is at the limit', () => {
  const series = new SeriesChunks(new TimestampColumns())
  for (let i = 0; i < 240; i++) series.append(i, i)
  series.truncate(119)
  expect(series.length).toBe(240)
  series.truncate(119.5)
  expect(series.length).toBe(120)
  series.truncate(239)
  expect(series.length).toBe(120)
  series.truncate(240)
  expect(series.length).toBe(0)
})

it('a chunk of nothing but NaN keeps each one as it was', () => {
  const stale = new Float64Array(Uint32Array.of(2, 0x7ff80000).buffer)[0] as number
  const series = new SeriesChunks(new TimestampColumns())
  for (let i = 0; i < 120; i++) series.append(i, i % 2 === 0 ? Number.NaN : stale)
  const words = new Uint32Array(samplesOf(series).values.buffer)
  expect([words[0], words[1], words[2], words[3]]).toEqual([0, 0x7ff80000, 2, 0x7ff80000])
})
