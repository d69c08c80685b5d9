import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Reservation, Reservations } from './reservations.ts'
import { World } from './scheduler.case.ts'

describe('Reservations', () => {
  it('leak nothing: when all have ended, every count is exactly 0', () => {
    const operation = fc.record({
      kind: fc.constantFrom('open', 'open', 'start', 'end', 'cancel', 'advance', 'poll'),
      which: fc.nat(100),
      tokens: fc.nat(1_000_000),
      streamed: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), fc.constantFrom('fcfs' as const, 'other' as const), (operations, order) => {
        const reservations = new Reservations<undefined>({ slotsMax: 2, order })
        let alive: Reservation<undefined>[] = []
        let nowMs = 0
        for (const { kind, which, tokens, streamed } of operations) {
          const chosen = alive[which % Math.max(1, alive.length)]
          if (kind === 'open')
            alive.push(reservations.open(which % 2, tokens, streamed ? Number.POSITIVE_INFINITY : nowMs + (tokens % 50), undefined))
          if (kind === 'advance') nowMs += which
          if (kind === 'poll') reservations.polled(which % 2)
          if (kind === 'start' && chosen !== undefined) reservations.started(chosen)
          if ((kind === 'end' || kind === 'cancel') && chosen !== undefined) {
            reservations.ended(chosen, kind === 'end')
            alive = alive.filter((each) => each !== chosen)
          }
          reservations.expire(nowMs)
          expect(reservations.inFlight(0) + reservations.inFlight(1)).toBe(alive.length)
        }
        for (const each of alive) reservations.ended(each, false)
        for (const slot of [0, 1]) {
          reservations.polled(slot)
          const counts = [reservations.inFlight(slot), reservations.waiting(slot), reservations.decoding(slot), reservations.reservedTokens(slot)]
          expect(counts).toEqual([0, 0, 0, 0])
          expect([reservations.sincePollTokens(slot), reservations.sincePollRequests(slot)]).toEqual([0, 0])
        }
      }),
      { numRuns: 300 },
    )
  })

  it('of engines that serve in order are released by the first content of a later request', () => {
    for (const [order, waiting] of [
      ['fcfs', 1],
      ['other', 2],
    ] as const) {
      const reservations = new Reservations<undefined>({ slotsMax: 1, order })
      const [, second] = [1, 2, 3].map((tokens) => reservations.open(0, tokens, Number.POSITIVE_INFINITY, undefined))
      reservations.started(second!)
      expect(reservations.waiting(0)).toBe(waiting)
    }
  })

  it('are not released by the failure of a later request', () => {
    const reservations = new Reservations<undefined>({ slotsMax: 1, order: 'fcfs' })
    reservations.open(0, 10, Number.POSITIVE_INFINITY, undefined)
    reservations.ended(reservations.open(0, 5, Number.POSITIVE_INFINITY, undefined), false)
    expect(reservations.reservedTokens(0)).toBe(10)
    reservations.ended(reservations.open(0, 5, Number.POSITIVE_INFINITY, undefined), true)
    expect(reservations.reservedTokens(0)).toBe(0)
  })
})

describe('a scheduler', () => {
  it('has nothing in flight after any mix of picks, contents, ends and changes of the pool', () => {
    const step = fc.record({
      kind: fc.constantFrom('send', 'send', 'content', 'finish', 'fail', 'pool', 'advance'),
      which: fc.nat(50),
      stream: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const world = new World({ a: {}, b: {}, c: {} })
        const alive = new Set<ReturnType<World['send']>>()
        for (const { kind, which, stream } of steps) {
          const chosen = [...alive][which % Math.max(1, alive.size)]
          if (kind === 'send') {
            const result = world.scheduler.pick(world.request({ stream, prompt: `${which % 3}`, bytes: 1024 }), [])
            if (result.ok) alive.add(result.assignment)
          }
          if (kind === 'advance') world.clock.advance(which * 10)
          if (kind === 'pool') world.endpoints(['a', 'b', 'c'].filter((_, at) => ((which >> at) & 1) === 0))
          if (kind === 'content') chosen?.firstContent()
          if (kind === 'finish' || kind === 'fail') {
            chosen?.end({ kind: kind === 'fail' ? 'failed' : 'finished' })
            if (chosen !== undefined) alive.delete(chosen)
          }
        }
        for (const each of alive) each.end({ kind: 'cancelled' })
        expect(world.scheduler.endpoints().every((endpoint) => endpoint.inFlight === 0)).toBe(true)
        world.endpoints([])
        expect(world.scheduler.endpoints()).toEqual([])
        expect(world.scheduler.prefixIndex().blocks).toBe(0)
      }),
      { numRuns: 200 },
    )
  })
})
