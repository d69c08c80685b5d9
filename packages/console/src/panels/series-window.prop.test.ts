import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SERIES_MAX, SeriesWindow } from './series-window.ts'

const STEP = 5000
const series = (values: readonly (readonly [number, string])[], metric: Record<string, string> = {}) => ({ metric, values })

/** What a server that measures `signal(t)` answers for a range. */
function answer(signal: (timeMs: number) => number | null, startMs: number, endMs: number) {
  const values: [number, string][] = []
  for (let time = startMs; time <= endMs; time += STEP) {
    const value = signal(time)
    if (value !== null) values.push([time / 1000, String(value)])
  }
  return values.length === 0 ? [] : [series(values)]
}

describe('SeriesWindow', () => {
  test('after any refreshes holds what one whole answer would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 20 }), fc.infiniteStream(fc.boolean()), (steps, holes) => {
        const missing = new Set<number>()
        for (let point = 0; point < 400; point += 1) if (holes.next().value === true) missing.add(point * STEP)
        const signal = (timeMs: number) => (missing.has(timeMs) ? null : timeMs / STEP)
        const grown = new SeriesWindow(STEP, 50_000)
        let endMs = 100_000
        for (const step of steps) {
          const before = grown.endMs
          endMs += step * STEP
          const startMs = Math.max(endMs - 50_000, before === undefined ? 0 : before - STEP)
          grown.slide(endMs)
          grown.write(0, startMs, answer(signal, startMs, endMs))
        }
        const whole = new SeriesWindow(STEP, 50_000)
        whole.slide(endMs)
        whole.write(0, endMs - 50_000, answer(signal, endMs - 50_000, endMs))
        expect(grown.view()).toEqual(whole.view())
      }),
    )
  })

  test('draws gaps as gaps, and values that are not finite as gaps too', () => {
    const window = new SeriesWindow(STEP, 20_000)
    window.slide(20_000)
    window.write(0, 0, [
      series([
        [0, '1'],
        [5, 'NaN'],
        [15, '+Inf'],
        [20, '4'],
      ]),
    ])
    expect(window.view().series[0]?.values).toEqual([1, null, null, null, 4])
    expect(window.view().times).toEqual([0, 5, 10, 15, 20])
  })

  test('replaces what the new answer covers and keeps what is older', () => {
    const window = new SeriesWindow(STEP, 20_000)
    window.slide(20_000)
    window.write(
      0,
      0,
      answer(() => 1, 0, 20_000),
    )
    window.slide(25_000)
    window.write(
      0,
      20_000,
      answer(() => 2, 25_000, 25_000),
    )
    expect(window.view().series[0]?.values).toEqual([1, 1, 1, null, 2])
  })

  test('does not touch the lines of other queries, and drops a line that has left', () => {
    const window = new SeriesWindow(STEP, 10_000)
    window.slide(10_000)
    window.write(
      0,
      0,
      answer(() => 1, 0, 10_000),
    )
    window.write(
      1,
      0,
      answer(() => 9, 0, 10_000),
    )
    window.write(0, 0, [])
    expect(window.view().series.map(({ query }) => query)).toEqual([1])
  })

  test('begins anew after a longer pause than it is long, and when time goes back', () => {
    for (const end of [1_000_000, 5000]) {
      const window = new SeriesWindow(STEP, 10_000)
      window.slide(50_000)
      window.write(
        0,
        40_000,
        answer(() => 1, 40_000, 50_000),
      )
      window.slide(end)
      expect(window.view().series).toEqual([])
    }
  })

  test('counts the series it leaves out', () => {
    const window = new SeriesWindow(STEP, 10_000)
    window.slide(10_000)
    window.write(
      0,
      0,
      Array.from({ length: SERIES_MAX + 3 }, (_, index) => series([[10, '1']], { instance: `engine-${index}` })),
    )
    expect(window.view().series).toHaveLength(SERIES_MAX)
    expect(window.dropped).toBe(3)
  })
})
