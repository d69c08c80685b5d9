import { expect, test } from 'vitest'
import type { PanelView } from '../api-types.ts'
import { fetched, notFetched } from '../query/fetched.ts'
import { PanelFeed, type PanelQueries } from './panel-feed.ts'
import { drawnMax, indexAt, latestValue, levelAt, summarize } from './panel-summary.ts'

const panel: PanelView = {
  id: 'kv',
  title: 'KV cache in use',
  unit: 'ratio',
  kind: 'gauge',
  thresholds: [
    { value: 0.9, level: 'critical' },
    { value: 0.7, level: 'warning' },
  ],
  good: 'down',
  description: '',
  queries: [{ legend: 'fleet', expr: 'avg(kv)' }],
}

interface Asked {
  startMs: number
  endMs: number
}

function feed(nowMs: { value: number }, fail: { value: boolean } = { value: false }) {
  const asked: Asked[] = []
  const queries: PanelQueries = {
    instant: () => Promise.resolve(fetched([{ metric: {}, value: [1, '0.5'] }])),
    range: (_, range) => {
      asked.push({ startMs: range.startMs, endMs: range.endMs })
      if (fail.value) return Promise.resolve(notFetched('refused', 422, 'too many samples'))
      const values: [number, string][] = []
      for (let time = range.startMs; time <= range.endMs; time += range.stepMs) values.push([time / 1000, '0.25'])
      return Promise.resolve(fetched([{ metric: {}, values }]))
    },
  }
  return { asked, feed: new PanelFeed(panel, { seconds: 300 }, { queries, now: () => nowMs.value }) }
}

const { signal } = new AbortController()

test('asks for the whole range first and for the newest points afterwards', async () => {
  const now = { value: 1_000_000 }
  const { asked, feed: panelFeed } = feed(now)
  const first = await panelFeed.load(signal)
  expect(first).toMatchObject({ ok: true, value: { names: ['fleet'], readings: [{ name: 'fleet', value: 0.5 }], dropped: 0 } })
  now.value = 1_005_300
  await panelFeed.load(signal)
  expect(asked).toEqual([
    { startMs: 700_000, endMs: 1_000_000 },
    { startMs: 985_000, endMs: 1_005_000 },
  ])
})

test('asks for everything again after a pause longer than the range', async () => {
  const now = { value: 1_000_000 }
  const { asked, feed: panelFeed } = feed(now)
  await panelFeed.load(signal)
  now.value = 2_000_000
  await panelFeed.load(signal)
  expect(asked.at(-1)).toEqual({ startMs: 1_700_000, endMs: 2_000_000 })
})

test('a failed refresh changes nothing: the next one asks from where the last good one ended', async () => {
  const now = { value: 1_000_000 }
  const fail = { value: false }
  const { asked, feed: panelFeed } = feed(now, fail)
  await panelFeed.load(signal)
  fail.value = true
  now.value = 1_010_000
  expect(await panelFeed.load(signal)).toMatchObject({ ok: false, error: { message: 'too many samples' } })
  fail.value = false
  now.value = 1_020_000
  const answer = await panelFeed.load(signal)
  expect(asked.at(-1)).toEqual({ startMs: 985_000, endMs: 1_020_000 })
  expect(answer.ok && answer.value.view.series[0]?.values.every((value) => value === 0.25)).toBe(true)
})

test('levels hold from their threshold upwards, whatever the order of the thresholds', () => {
  expect([0, 0.7, 0.89, 0.9, 1].map((value) => levelAt(panel.thresholds, 'down', value))).toEqual([
    'ok',
    'warning',
    'warning',
    'critical',
    'critical',
  ])
  expect(levelAt([{ value: 0.6, level: 'ok' }], 'up', 0.5)).toBe('critical')
  expect(levelAt([], 'neither', 3)).toBeUndefined()
})

test('an old value is not a current one', () => {
  const view = { stepMs: 5000, endMs: 20_000, times: [0, 5, 10, 15, 20], series: [] }
  expect(latestValue(view, [1, 2, 3, 4, null], 10_000)).toBe(4)
  expect(latestValue(view, [1, 2, null, null, null], 10_000)).toBeNull()
  expect(indexAt(view, 12_000)).toBe(2)
  expect(indexAt(view, 99_000)).toBe(4)
})

test('the summary says now and highest, or that there is nothing', () => {
  const view = { stepMs: 5000, endMs: 10_000, times: [0, 5, 10], series: [{ query: 0, metric: {}, values: [0.2, 0.8, 0.5] }] }
  expect(summarize(panel, ['fleet'], view)).toMatch(/^KV cache in use: fleet now 50\.0 %, highest 80\.0 % at \d\d:\d\d\.$/)
  expect(summarize(panel, [], { ...view, series: [] })).toBe('KV cache in use: no data in this range.')
})

test('a threshold stretches the axis only when the data come near it', () => {
  const view = (value: number) => ({ stepMs: 1, endMs: 0, times: [0], series: [{ query: 0, metric: {}, values: [value] }] })
  expect(drawnMax(view(0.6), panel.thresholds)).toBe(0.7)
  expect(drawnMax(view(0.1), panel.thresholds)).toBe(0.1)
})
