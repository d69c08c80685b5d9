import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identityOf, nextSlotMs, offsetMsOf, type TargetConfig } from './target.ts'

const target: TargetConfig = { job: 'engines', url: 'http://127.0.0.1:8001/metrics', instance: '127.0.0.1:8001' }

test('the next slot is the first one after now on the grid of the interval, shifted by the offset', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 1, max: 600_000 }), fc.nat(), (nowMs, intervalMs, seed) => {
      const offsetMs = seed % intervalMs
      const slotMs = nextSlotMs(nowMs, intervalMs, offsetMs)
      expect(slotMs).toBeGreaterThan(nowMs)
      expect(slotMs - nowMs).toBeLessThanOrEqual(intervalMs)
      expect(slotMs % intervalMs).toBe(offsetMs)
    }),
  )
})

test('a target has the same place in the interval after a restart, and targets are spread over it', () => {
  const offsets = new Set<number>()
  for (let i = 0; i < 64; i++) {
    const one = { ...target, instance: `gpu${i}:8000`, url: `http://gpu${i}:8000/metrics` }
    expect(offsetMsOf(one, 5_000)).toBe(offsetMsOf({ ...one }, 5_000))
    expect(offsetMsOf(one, 5_000)).toBeLessThan(5_000)
    offsets.add(Math.floor(offsetMsOf(one, 5_000) / 1_250))
  }
  expect(offsets.size).toBe(4)
})

test('a target is another one when anything about its scrape or its series differs', () => {
  expect(identityOf({ ...target })).toBe(identityOf(target))
  expect(identityOf({ ...target, labels: {} })).toBe(identityOf(target))
  for (const change of [{ job: 'x' }, { url: 'http://x/' }, { instance: 'x' }, { bearerToken: 'x' }, { labels: { zone: 'a' } }]) {
    expect(identityOf({ ...target, ...change })).not.toBe(identityOf(target))
  }
})
