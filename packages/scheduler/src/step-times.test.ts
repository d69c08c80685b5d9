import { normal, type Random, seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GapRun, StepTimes } from './step-times.ts'

const PRIOR = 60e-6

/** Decode steps: base, slope, noise; `prefillRatio`: how many steps compute a prompt beside, at 100 streams where it is `coupled` to the load. */
interface Engine {
  readonly baseMs: number
  readonly slopeUs: number
  readonly noise: number
  readonly prefillRatio: number
  readonly coupled?: boolean
}

function stepOf({ baseMs, slopeUs, noise, prefillRatio, coupled }: Engine, streams: number, random: Random): number {
  const stepMs = (baseMs + (slopeUs / 1000) * streams) * Math.max(0.1, normal(random, 1, noise))
  return random.next() < (coupled ? (prefillRatio * streams) / 100 : prefillRatio) ? stepMs + 30 + random.next() * 200 : stepMs
}

/** `seconds` of an engine under a load that wanders between 1 and `streamsMax`, polled each second. All its streams are ours. */
function run(steps: StepTimes, slot: number, engine: Engine, load: { seconds: number; streamsMax: number; random: Random; others?: number }): void {
  const { random, others = 0 } = load
  let streams = 1 + Math.floor(random.next() * load.streamsMax)
  for (let second = 0; second < load.seconds; second += 1) {
    streams = Math.min(load.streamsMax, Math.max(1, Math.round(streams + normal(random, 0, load.streamsMax / 10))))
    for (let ms = 0; ms < 1000; ) {
      const stepMs = stepOf(engine, streams + others, random)
      for (let stream = 0; stream < streams; stream += 1) steps.gap(slot, streams, stepMs)
      ms += stepMs
    }
    steps.sample(slot, others)
  }
}

const QUIET = { noise: 0.05, prefillRatio: 0 }

describe('StepTimes', () => {
  it('starts at the prior and stays there without samples', () => {
    const steps = new StepTimes(2, PRIOR)
    for (let gap = 0; gap < 31; gap += 1) steps.gap(0, 5, 20)
    steps.sample(0, 0)
    steps.sample(1, 0)
    expect(steps.secondsPerStream).toBe(PRIOR)
  })

  it.each([
    ['a quiet engine', { baseMs: 12, slopeUs: 40, ...QUIET }, 0.03],
    ['a steep one', { baseMs: 20, slopeUs: 300, ...QUIET }, 0.03],
    ['one with 20 % noise of steps', { baseMs: 20, slopeUs: 150, noise: 0.2, prefillRatio: 0 }, 0.05],
    ['one that computes prompts beside in each tenth step', { baseMs: 15, slopeUs: 120, noise: 0.05, prefillRatio: 0.1 }, 0.1],
    ['one that computes prompts the more the more streams it has', { baseMs: 15, slopeUs: 120, noise: 0.05, prefillRatio: 0.3, coupled: true }, 0.25],
  ])('finds the slope of %s within the error', (_, engine, error) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const steps = new StepTimes(1, PRIOR)
      run(steps, 0, engine, { seconds: 600, streamsMax: 100, random: seededRandom(seed) })
      expect(Math.abs(steps.secondsPerStream / (engine.slopeUs * 1e-6) - 1)).toBeLessThan(error)
    }
  })

  it('is not turned by a slow endpoint that gets few streams', () => {
    const steps = new StepTimes(2, PRIOR)
    const random = seededRandom(1)
    for (let round = 0; round < 100; round += 1) {
      run(steps, 0, { baseMs: 10, slopeUs: 100, ...QUIET }, { seconds: 5, streamsMax: 80, random })
      run(steps, 1, { baseMs: 60, slopeUs: 100, ...QUIET }, { seconds: 5, streamsMax: 10, random })
    }
    expect(steps.secondsPerStream / 100e-6).toBeGreaterThan(0.85)
    expect(steps.secondsPerStream / 100e-6).toBeLessThan(1.15)
  })

  it('counts the streams of other senders that a poll saw', () => {
    const steps = new StepTimes(1, PRIOR)
    const random = seededRandom(2)
    for (let round = 0; round < 300; round += 1)
      run(steps, 0, { baseMs: 20, slopeUs: 200, ...QUIET }, { seconds: 2, streamsMax: 3, random, others: Math.floor(random.next() * 100) })
    expect(Math.abs(steps.secondsPerStream / 200e-6 - 1)).toBeLessThan(0.1)
  })

  it('follows an engine that changes, and returns towards the prior when the load stops to vary', () => {
    const steps = new StepTimes(1, PRIOR)
    const random = seededRandom(3)
    run(steps, 0, { baseMs: 20, slopeUs: 300, ...QUIET }, { seconds: 1000, streamsMax: 60, random })
    expect(steps.secondsPerStream).toBeGreaterThan(250e-6)
    run(steps, 0, { baseMs: 20, slopeUs: 30, ...QUIET }, { seconds: 4000, streamsMax: 60, random })
    expect(Math.abs(steps.secondsPerStream - 30e-6)).toBeLessThan(15e-6)
    for (let second = 0; second < 20_000; second += 1) {
      for (let gap = 0; gap < 50; gap += 1) steps.gap(0, 10, 20 + random.next())
      steps.sample(0, 0)
    }
    expect(Math.abs(steps.secondsPerStream - PRIOR)).toBeLessThan(10e-6)
  })

  it('stays within 0 and 10 ms and finite whatever the gaps', () => {
    const numbers = fc.oneof(fc.double(), fc.double({ min: 0, max: 1000, noNaN: true }))
    fc.assert(
      fc.property(fc.array(fc.tuple(numbers, fc.nat(1000), fc.nat(1000)), { minLength: 40, maxLength: 200 }), (gaps) => {
        const steps = new StepTimes(1, PRIOR)
        for (const [ms, streams, others] of gaps) {
          for (let again = 0; again < 32; again += 1) steps.gap(0, streams, ms)
          steps.sample(0, others)
          expect(steps.secondsPerStream).toBeGreaterThanOrEqual(0)
          expect(steps.secondsPerStream).toBeLessThanOrEqual(0.01)
        }
      }),
    )
  })

  it('forgets an endpoint whose place another one takes', () => {
    const steps = new StepTimes(1, PRIOR)
    for (let gap = 0; gap < 40; gap += 1) steps.gap(0, 5, 20)
    steps.sample(0, 0)
    steps.resetSlot(0)
    for (let gap = 0; gap < 40; gap += 1) steps.gap(0, 50, 30)
    steps.sample(0, 0)
    expect(steps.secondsPerStream).toBe(PRIOR)
  })
})

describe('GapRun', () => {
  const steps = (gaps: readonly number[]) => {
    const run = new GapRun()
    return gaps.map((gapMs) => run.add(gapMs)).filter((stepMs) => !Number.isNaN(stepMs))
  }

  it('answers each gap once the next one begins', () => {
    expect(steps([20, 21, 22, 23])).toEqual([20, 21, 22])
  })

  it('shares the gap before events that were read at once among them', () => {
    expect(steps([80, 0, 0, 0, 40, 0.5, 20])).toEqual([20, 20.25])
  })

  it('takes nothing of events that came with the first content', () => {
    expect(steps([0, 0, 0, 20, 30])).toEqual([20])
  })

  it('takes no nonsense for a step', () => {
    expect(steps([Number.NaN, -5, 20, Number.NaN, 30]).every((stepMs) => Number.isFinite(stepMs))).toBe(true)
  })
})
