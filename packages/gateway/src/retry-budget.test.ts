import { VirtualClock } from '@signalbox/base'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RetryBudget } from './retry-budget.ts'

function take(budget: RetryBudget): number {
  let taken = 0
  while (budget.tryRetry()) taken += 1
  return taken
}

it('allows ten a second of the window without any load', () => {
  const clock = new VirtualClock()
  const budget = new RetryBudget({ requestRatio: 0.2, perSecond: 10 }, clock)
  expect(take(budget)).toBe(100)
  clock.advance(9_000)
  expect(take(budget)).toBe(0)
  clock.advance(1_000)
  expect(take(budget)).toBe(100)
})

it('adds a fifth of the requests of the last ten seconds', () => {
  const clock = new VirtualClock()
  const budget = new RetryBudget({ requestRatio: 0.2, perSecond: 0 }, clock)
  for (let i = 0; i < 50; i++) budget.requestStarted()
  expect(take(budget)).toBe(10)
  clock.advance(5_000)
  for (let i = 0; i < 5; i++) budget.requestStarted()
  expect(take(budget)).toBe(1)
  clock.advance(5_000)
  expect(take(budget)).toBe(0)
})

it('never lets more retries through than the window allows, whatever the arrivals', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3000), fc.boolean()), { maxLength: 200 }), (steps) => {
      const clock = new VirtualClock(1_700_000_000_000)
      const budget = new RetryBudget({ requestRatio: 0.5, perSecond: 0.2 }, clock)
      const requests: number[] = []
      const retries: number[] = []
      for (const [wait, retry] of steps) {
        clock.advance(wait)
        const second = Math.floor(clock.nowMs() / 1000)
        const recent = (times: number[]) => times.filter((time) => time > second - 10).length
        if (retry) {
          const allowed = recent(retries) + 1 <= 0.5 * recent(requests) + 2
          expect(budget.tryRetry()).toBe(allowed)
          if (allowed) retries.push(second)
        } else {
          budget.requestStarted()
          requests.push(second)
        }
      }
    }),
  )
})
