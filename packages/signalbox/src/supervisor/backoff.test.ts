import { expect, it } from 'vitest'
import { RestartBackoff } from './backoff.ts'

it('waits 5 s first, doubles to a minute, and starts over after two minutes of health', () => {
  const backoff = new RestartBackoff()
  expect([1, 2, 3, 4, 5, 6].map(() => backoff.afterRun(1_000))).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  expect(backoff.afterRun(120_000)).toBe(5_000)
  expect(backoff.afterRun(119_999)).toBe(10_000)
})
