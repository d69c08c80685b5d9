import { Labels } from '@signalbox/base'
import { SeriesTable } from '@signalbox/exposition'
import { describe, expect, test } from 'vitest'
import { ExemplarStore } from './exemplar-store.ts'
import { RecordingStore } from './recording-store.case.ts'
import { readPage } from './scraped-page.ts'
import { attach, TargetSeries } from './target-series.ts'

const report = { durationSeconds: 0.01, samples: 0 }

function setUp() {
  const store = new RecordingStore()
  const series = new TargetSeries({ store, exemplars: new ExemplarStore() }, Labels.from({ job: 'j', instance: 'i' }), 100)
  const scrape = (text: string, atMs: number) => {
    const page = readPage({ body: new TextEncoder().encode(text), contentType: 'text/plain' }, series.table, 100)
    if (!page.ok) throw new Error(page.error.message)
    return series.scraped(page.value, atMs, report)
  }
  return { store, series, scrape }
}

describe('the series of a target', () => {
  test('get the labels of the target, and the samples the time of the scrape', () => {
    const { store, scrape } = setUp()
    scrape('a{x="1"} 2\nb 3\n', 1_000)
    expect(store.commits).toEqual([
      [
        'up{instance=i,job=j} 1 @1000',
        'scrape_duration_seconds{instance=i,job=j} 0.01 @1000',
        'scrape_samples_scraped{instance=i,job=j} 0 @1000',
        'a{instance=i,job=j,x=1} 2 @1000',
        'b{instance=i,job=j} 3 @1000',
      ],
    ])
  })

  test('end with a stale marker when a scrape lacks them, once, and begin again when they are back', () => {
    const { store, scrape } = setUp()
    scrape('a 1\nb 1\n', 1_000)
    scrape('a 2\n', 2_000)
    expect(store.last()).toEqual(['up{instance=i,job=j} 1 @2000', 'a{instance=i,job=j} 2 @2000', 'b{instance=i,job=j} stale @2000'])
    scrape('a 3\n', 3_000)
    expect(store.last()).toEqual(['up{instance=i,job=j} 1 @3000', 'a{instance=i,job=j} 3 @3000'])
    scrape('a 4\nb 4\n', 4_000)
    expect(store.last()).toContain('b{instance=i,job=j} 4 @4000')
  })

  test('all end when a scrape fails, with up at 0', () => {
    const { store, series, scrape } = setUp()
    scrape('a 1\n', 1_000)
    series.failed(2_000, report)
    expect(store.last()).toEqual(['up{instance=i,job=j} 0 @2000', 'a{instance=i,job=j} stale @2000'])
    series.failed(3_000, report)
    expect(store.last()).toEqual(['up{instance=i,job=j} 0 @3000'])
  })

  test('all end, up too, when the target is removed, and no handle stays open', () => {
    const { store, series, scrape } = setUp()
    scrape('a 1\nb 5 900\n', 1_000)
    series.removed(2_000)
    expect(store.last()).toEqual(['a{instance=i,job=j} stale @2000', 'up{instance=i,job=j} stale @2000'])
    expect(store.open.size).toBe(0)
  })

  test('with timestamps of their own keep them, and do not end by absence', () => {
    const { store, scrape } = setUp()
    scrape('a 1 500\na 2 600\n', 1_000)
    expect(store.last()).toEqual(['up{instance=i,job=j} 1 @1000', 'a{instance=i,job=j} 1 @500', 'a{instance=i,job=j} 2 @600'])
    scrape('b 1\n', 2_000)
    expect(store.last()).not.toContain('a{instance=i,job=j} stale @2000')
  })

  test('more than ten minutes in the future are dropped and counted, those twice on one page dropped', () => {
    const { store, scrape } = setUp()
    expect(scrape('a 1\na 2\nb 1 601001\nc 1 601001\n', 1_000)).toEqual({ ok: true, value: 2 })
    expect(store.open.size).toBe(4)
    expect(store.last()).toEqual(['up{instance=i,job=j} 1 @1000', 'a{instance=i,job=j} 1 @1000'])
  })

  test('are opened anew, without stale markers, in a store that began again', () => {
    const { store, scrape } = setUp()
    scrape('a 1\nb 1\n', 1_000)
    store.open.clear()
    store.epoch += 1
    scrape('a 2\n', 2_000)
    expect(store.last()).toEqual(['up{instance=i,job=j} 1 @2000', 'a{instance=i,job=j} 2 @2000'])
  })

  test('stay as they were when a page has a series that cannot be', () => {
    const { store, scrape } = setUp()
    scrape('a 1\n', 1_000)
    const result = scrape('a 2\nb{x="1",x="2"} 1\n', 2_000)
    expect(result.ok ? '' : result.error.cause).toBe('bad-page')
    expect(store.commits).toHaveLength(1)
  })

  test('are lost with a word when the store does not take them', () => {
    const { store, scrape } = setUp()
    store.takes = false
    const result = scrape('a 1\n', 1_000)
    expect(result.ok ? '' : result.error.cause).toBe('store')
  })
})

test("a label that clashes with the target's is kept under an exported name that is still free", () => {
  const target = Labels.from({ job: 'mine', instance: 'here' })
  expect(attach('m', Labels.from({ job: 'theirs', x: '1' }), target).toRecord()).toEqual({
    __name__: 'm',
    exported_job: 'theirs',
    instance: 'here',
    job: 'mine',
    x: '1',
  })
  expect(attach('m', Labels.from({ job: 'a', exported_job: 'b' }), target).toRecord()).toMatchObject({
    exported_exported_job: 'a',
    exported_job: 'b',
  })
})

test('a page over the sample limit is refused whole, with its number of samples', () => {
  const page = readPage({ body: new TextEncoder().encode('a{x="1"} 1\na{x="2"} 1\na{x="3"} 1\n'), contentType: 'text/plain' }, new SeriesTable(4), 2)
  expect(page).toEqual({ ok: false, error: { cause: 'sample-limit', message: '3 samples on the page, the limit is 2' } })
})
