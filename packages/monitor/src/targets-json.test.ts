import { expect, test } from 'vitest'
import { scrapeLimitsDefault } from './scrape-loop.ts'
import type { FamilyMetadata } from './scraped-page.ts'
import type { TargetView } from './target.ts'
import { metadataJson, targetsJson } from './targets-json.ts'

const view = (job: string): TargetView => ({
  job,
  instance: 'a:1',
  url: 'http://a:1/metrics',
  labels: { job },
  health: 'unknown',
  lastError: '',
  lastScrapeMs: null,
  durationMs: null,
  samples: 0,
})

test('targets are filtered by state and by scrape pool', () => {
  const shown = (state: string, pool = '') => {
    const { activeTargets } = targetsJson([view('x'), view('y')], scrapeLimitsDefault, { state, pool }) as { activeTargets: { scrapePool: string }[] }
    return activeTargets.map(({ scrapePool }) => scrapePool)
  }
  expect([shown(''), shown('ANY'), shown('active')]).toEqual(Array(3).fill(['x', 'y']))
  expect([shown('dropped'), shown('nonsense')]).toEqual([[], []])
  expect([shown('', 'y'), shown('active', 'z')]).toEqual([['y'], []])
})

test('metadata is limited by families and by statements, where 0 families are none and 0 statements all', () => {
  const said = (help: string): FamilyMetadata => ({ type: 'gauge', help })
  const all = new Map([
    ['a', [said('1'), said('2')]],
    ['b', [said('3')]],
  ])
  const helps = (metric: string, families: number, perFamily: number) =>
    Object.entries(metadataJson(all, metric, { families, perFamily }) as Record<string, { help: string }[]>).map(
      ([name, entries]) => name + entries.map(({ help }) => help).join(''),
    )
  expect(helps('', -1, -1)).toEqual(['a12', 'b3'])
  expect(helps('', 1, 1)).toEqual(['a1'])
  expect(helps('', 0, -1)).toEqual([])
  expect(helps('b', -1, 0)).toEqual(['b3'])
})
