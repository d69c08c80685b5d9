import { describe, expect, it } from 'vitest'
import { bestOf, type SeedValues } from './best-of.ts'

const bySeed = (...values: readonly number[]): SeedValues => new Map(values.map((value, seed) => [seed, value]))

describe('bestOf', () => {
  it('is the one with the best mean, on whichever side that is', () => {
    const competitors = [bySeed(10, 11, 12), bySeed(20, 21, 22)]
    expect(bestOf(competitors, 'less')).toEqual([0])
    expect(bestOf(competitors, 'more')).toEqual([1])
  })

  it('tells apart what differs in the same way under every seed, although seeds differ more', () => {
    const fast = bySeed(100, 500, 900)
    const slower = bySeed(110, 511, 909)
    expect(bestOf([slower, fast], 'less')).toEqual([1])
  })

  it('takes in those whose differences from the best have zero in their interval', () => {
    // Differences 5, -3, 4: 2 ± 10.8.
    expect(bestOf([bySeed(10, 10, 10), bySeed(15, 7, 14), bySeed(30, 31, 32)], 'less')).toEqual([0, 1])
  })

  it('is nobody where nobody is worse, nobody else is there, or nothing is known', () => {
    expect(bestOf([bySeed(1, 2), bySeed(1, 2)], 'less')).toEqual([])
    expect(bestOf([bySeed(10, 10), bySeed(15, 7)], 'less')).toEqual([])
    expect(bestOf([bySeed(1, 2)], 'less')).toEqual([])
    expect(bestOf([bySeed(1, 2), bySeed()], 'less')).toEqual([])
    expect(bestOf([], 'less')).toEqual([])
  })

  it('counts any difference of a single common seed, and none without one', () => {
    expect(bestOf([bySeed(1), bySeed(2)], 'less')).toEqual([0])
    expect(bestOf([bySeed(1, 9), bySeed(2)], 'less')).toEqual([])
    expect(bestOf([new Map([[1, 1]]), new Map([[2, 5]])], 'less')).toEqual([])
  })
})
