import { seededRandom, VirtualClock } from '@signalbox/base'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Timers } from './engine-loop.ts'
import { FaultPlan } from './fault-plan.ts'

/** Timers in virtual time: `advance` fires what is due, in order. */
class VirtualTimers implements Timers {
  readonly clock = new VirtualClock(0)
  #pending: { readonly atMs: number; readonly callback: () => void }[] = []

  get size(): number {
    return this.#pending.length
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { atMs: this.clock.nowMs() + ms, callback }
    this.#pending.push(entry)
    return () => {
      this.#pending = this.#pending.filter((other) => other !== entry)
    }
  }

  advance(ms: number): void {
    const untilMs = this.clock.nowMs() + ms
    for (;;) {
      const next = this.#pending.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#pending = this.#pending.filter((other) => other !== next)
      this.clock.advance(Math.max(0, next.atMs - this.clock.nowMs()))
      next.callback()
    }
    this.clock.advance(untilMs - this.clock.nowMs())
  }
}

let timers: VirtualTimers
let said: string[]
let plan: FaultPlan

beforeEach(() => {
  timers = new VirtualTimers()
  said = []
  const say =
    (name: string) =>
    (value?: number): void =>
      void said.push(`${timers.clock.nowMs()} ${name}${value === undefined ? '' : ` ${value}`}`)
  plan = new FaultPlan({
    clock: timers.clock,
    timers,
    random: seededRandom(1),
    effects: {
      slow: say('slow'),
      limitKvBlocks: say('limit'),
      stall: say('stall'),
      dropEventBatches: say('gap'),
      restart: say('restart'),
      die: say('die'),
      revive: say('revive'),
    },
  })
})

describe('FaultPlan', () => {
  it('begins and ends each fault at its time, and events once', () => {
    plan.replace({
      slowFactor: 3,
      die: { value: true, afterMs: 100, forMs: 50 },
      stallMs: { value: 7, afterMs: 120 },
      kvBlocksMax: { value: 10, forMs: 130 },
      restartMs: { value: 0, afterMs: 300 },
    })
    timers.advance(1_000)
    expect(said).toEqual(['0 slow 3', '0 limit 10', '100 die', '120 stall 7', '130 limit', '150 revive', '300 restart 0'])
    expect([plan.report.active, plan.report.counts]).toEqual([{ slowFactor: 3 }, { slowFactor: 1, die: 1, stallMs: 1, kvBlocksMax: 1, restartMs: 1 }])
    expect(timers.size).toBe(0)
  })

  it('ends what a new plan does not hold, goes on with what both hold, and forgets what was still to come', () => {
    plan.replace({ slowFactor: 3, die: true, kvBlocksMax: 10, stallMs: { value: 7, afterMs: 50 } })
    timers.advance(10)
    plan.replace({ slowFactor: 3, kvBlocksMax: 20 })
    timers.advance(100)
    expect(said).toEqual(['0 die', '0 slow 3', '0 limit 10', '10 revive', '10 limit', '10 limit 20'])
  })

  it('is off again where a flag is false', () => {
    plan.replace({ die: true })
    plan.replace({ die: false })
    expect(said).toEqual(['0 die', '0 revive'])
  })

  it('does nothing more by itself once it is stopped', () => {
    plan.replace({ die: { value: true, afterMs: 10, forMs: 10 } })
    plan.stop()
    timers.advance(100)
    expect([said, timers.size]).toEqual([[], 0])
  })

  it('fails so many requests with the status of the plan, and no more', () => {
    plan.replace({ failNextRequests: 2, status: 429 })
    expect([1, 2, 3].map(() => plan.takeFailure())).toEqual([429, 429, undefined])
    plan.replace({ failRatio: 1 })
    expect(plan.takeFailure()).toBe(500)
    expect(plan.report.counts).toEqual({ failNextRequests: 2, failRatio: 1 })
  })

  it('counts what is met, not what is looked at', () => {
    plan.replace({ unhealthy: true })
    expect([plan.active('unhealthy'), plan.report.counts]).toEqual([true, {}])
    expect([plan.meet('unhealthy'), plan.meet('refuse'), plan.report.counts]).toEqual([true, undefined, { unhealthy: 1 }])
  })
})
