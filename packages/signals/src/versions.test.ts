import { describe, expect, it, test } from 'vitest'
import { compareVersions, hull, intersection, overlap, rangeText, versionAfter } from './versions.ts'

describe('versions', () => {
  test.each([
    ['0.9.2', '0.10'],
    ['0.10', '0.10.2'],
    ['0.9', '0.11'],
    ['0.8.5', '1'],
  ])('%s is before %s', (a, b) => {
    expect(compareVersions(a, b)).toBeLessThan(0)
    expect(compareVersions(b, a)).toBeGreaterThan(0)
  })

  it('end after all their own patches', () => {
    expect(compareVersions('0.11', '0.11.0')).toBe(0)
    expect(['0.10', '0.9.2', '1'].map(versionAfter)).toEqual(['0.11', '0.9.3', '2'])
  })

  it('meet in what both ranges have, and share nothing where one ends as the other begins', () => {
    expect(intersection({ from: '0.9.2' }, { from: '0.10', below: '0.12' })).toEqual({ from: '0.10', below: '0.12' })
    expect(intersection({}, {})).toEqual({})
    expect(overlap({ from: '0.11' }, { below: '0.11' })).toBe(false)
    expect(overlap({ from: '0.11' }, { below: '0.11.1' })).toBe(true)
    expect(overlap({}, { from: '0.30' })).toBe(true)
  })

  it('spread over both ranges', () => {
    expect(hull({ below: '0.9' }, { from: '0.8', below: '0.12' })).toEqual({ below: '0.12' })
    expect(hull({ from: '0.9' }, {})).toEqual({})
  })

  it('are written for people', () => {
    expect([{}, { from: '0.11' }, { below: '0.9' }, { from: '0.9.2', below: '0.11' }].map(rangeText)).toEqual([
      '',
      'from 0.11',
      'below 0.9',
      '0.9.2 to below 0.11',
    ])
  })
})
