import { normal, seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LearnedValues, PRIORS } from './learned-values.ts'
import { LeastSquares } from './least-squares.ts'

function line(): LeastSquares {
  return new LeastSquares({ forgetting: 0.995, interceptPrior: 0.02, slopePrior: 1 / 15_000, xScale: 1000 })
}

describe('LeastSquares', () => {
  it('converges to the true line under noise', () => {
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 100_000 }), fc.double({ min: 0, max: 0.2, noNaN: true }), fc.nat(), (rate, intercept, seed) => {
        const random = seededRandom(seed)
        const fit = line()
        for (let i = 0; i < 2000; i += 1) {
          const x = 100 + random.next() * 20_000
          const exact = intercept + x / rate
          fit.add(x, exact * (1 + normal(random, 0, 0.1)))
        }
        expect(Math.abs(1 / fit.slope / rate - 1)).toBeLessThan(0.15)
        expect(fit.intercept).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('stays at a sane line when every sample has the same x', () => {
    const fit = line()
    for (let i = 0; i < 10_000; i += 1) fit.add(1500, 0.3)
    expect(fit.intercept + fit.slope * 1500).toBeCloseTo(0.3, 2)
    expect(fit.slope).toBeGreaterThan(0)
  })

  it('follows an engine that changes its speed', () => {
    const fit = line()
    const random = seededRandom(3)
    for (const rate of [20_000, 5000])
      for (let i = 0; i < 2000; i += 1) {
        const x = random.next() * 10_000
        fit.add(x, 0.02 + x / rate)
      }
    expect(1 / fit.slope).toBeCloseTo(5000, -2)
  })

  it('goes through the origin when the best intercept is negative', () => {
    const fit = line()
    for (let i = 0; i < 5000; i += 1) fit.add(1000 + (i % 10) * 1000, (i % 10) / 10)
    expect(fit.intercept).toBe(0)
    // Sum of xy over sum of xx.
    expect(fit.slope / (33_000 / 3.85e8)).toBeCloseTo(1, 2)
  })
})

describe('LearnedValues', () => {
  function taught(slot: number, rate: number, samples: number, learned = new LearnedValues()): LearnedValues {
    learned.resetSlot(slot)
    for (let i = 0; i < samples; i += 1) {
      const tokens = 500 + (i % 20) * 500
      learned.prefillObserved(slot, { tokens, seconds: 0.02 + tokens / rate, nowMs: 0 })
    }
    return learned
  }

  it('starts at the priors', () => {
    const learned = taught(0, 1, 0)
    expect(learned.prefillLine(0, 0)).toEqual({ tokensPerSecond: 15_000, interceptSeconds: PRIORS.interceptSeconds })
  })

  it('clamps an endpoint to half and double its pool', () => {
    const learned = taught(0, 20_000, 500)
    taught(1, 1000, 20, learned)
    taught(0, 20_000, 500, learned)
    const pool = learned.prefillLine(0, 1e9).tokensPerSecond
    for (let i = 0; i < 2000; i += 1) learned.prefillObserved(1, { tokens: 1000, seconds: 10, nowMs: 0 })
    expect(learned.prefillLine(1, 0).tokensPerSecond).toBeLessThan(pool)
    expect(learned.prefillLine(0, 0).tokensPerSecond).toBeLessThanOrEqual(2 * learned.prefillLine(1, 1e9).tokensPerSecond * 1.0001)
  })

  it('returns to the pool as the evidence of an endpoint halves every minute', () => {
    const learned = taught(0, 10_000, 400)
    taught(1, 14_000, 50, learned)
    taught(0, 10_000, 100, learned)
    const distance = (minutes: number) =>
      Math.abs(learned.prefillLine(1, minutes * 60_000).tokensPerSecond - learned.prefillLine(0, 1e9).tokensPerSecond)
    expect(distance(0)).toBeGreaterThan(distance(1))
    expect(distance(1)).toBeGreaterThan(distance(3))
    expect(distance(60)).toBeLessThan(1)
  })

  it('learns output tokens of each model as an exponential mean from 256', () => {
    const learned = new LearnedValues()
    expect(learned.outputTokens('a')).toBe(256)
    learned.outputObserved('a', 1256)
    expect(learned.outputTokens('a')).toBeCloseTo(306, 9)
    const random = seededRandom(4)
    // Lengths as answers have them: most short, few long; mean 400.
    for (let i = 0; i < 2000; i += 1) learned.outputObserved('a', -400 * Math.log(1 - random.next()))
    expect(Math.abs(learned.outputTokens('a') / 400 - 1)).toBeLessThan(0.5)
    for (let i = 0; i < 200; i += 1) learned.outputObserved('a', 30)
    expect(learned.outputTokens('a')).toBeCloseTo(30, 1)
    expect(learned.outputTokens('b')).toBe(256)
  })

  it('learns the load of an adapter as the mean delay, a single late request moving it little', () => {
    for (const [truth, error] of [
      [0.05, 0.1],
      [2, 0.3],
      [15, 1.5],
    ] as const) {
      const learned = new LearnedValues()
      const random = seededRandom(5)
      for (let i = 0; i < 200; i += 1) learned.adapterLoadObserved(truth + normal(random, 0, 0.2 + truth / 10))
      expect(Math.abs(learned.adapterLoadSeconds() - truth)).toBeLessThan(error)
    }
    const learned = new LearnedValues()
    learned.adapterLoadObserved(300)
    expect(learned.adapterLoadSeconds()).toBeCloseTo(0.5 + 0.1 * (3 - 0.5), 9)
  })

  it('is finite and within its bounds whatever it is told', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double(), fc.nat(1_000_000_000)), { maxLength: 200 }), (samples) => {
        const learned = new LearnedValues(1)
        for (const [value, count] of samples) {
          learned.outputObserved('m', value)
          learned.adapterLoadObserved(value)
          for (let gap = 0; gap < 32; gap += 1) learned.stepObserved(0, count, value)
          learned.stepsPolled(0, count)
        }
        const within = (value: number, min: number, max: number) => expect(value >= min && value <= max).toBe(true)
        within(learned.outputTokens('m'), 0, 131_072)
        within(learned.adapterLoadSeconds(), 0, 60)
        within(learned.stepSecondsPerStream(), 0, 0.01)
      }),
    )
  })
})
