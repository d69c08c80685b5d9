import { expect, it } from 'vitest'
import { SeriesChunks } from './series-chunks.ts'
import { TimestampColumns } from './timestamp-column.ts'

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
    const [timestampsMs, values] = [new Float64Array(series.length), new Float64Array(series.length)]
    series.copy(0, series.length, timestampsMs, values)
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
