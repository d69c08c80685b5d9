import { seededRandom } from '@signalbox/base'
import { shapeTrace, type Trace } from '@signalbox/replay'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClosedSchedule, type Due, OpenSchedule, type Schedule } from './schedule.ts'

function chats(requests: number, seed: number): Trace {
  const trace = shapeTrace('chat-sessions', { requests, ratePerSecond: 50, thinkMs: 300 }, seededRandom(seed))
  if (!trace.ok) throw new Error(trace.error)
  return trace.value
}

interface Sent extends Due {
  readonly endMs: number
}

/** Runs a schedule in virtual time with a server that takes `serveMs(index)` for each request. */
function run(schedule: Schedule, serveMs: (index: number) => number): { readonly sent: readonly Sent[]; readonly inFlightMax: number } {
  const sent: Sent[] = []
  const running: Sent[] = []
  let nowMs = 0
  let inFlightMax = 0
  for (;;) {
    for (let due = schedule.take(nowMs); due !== undefined; due = schedule.take(nowMs)) {
      const one = { ...due, endMs: nowMs + serveMs(due.index) }
      sent.push(one)
      running.push(one)
    }
    inFlightMax = Math.max(inFlightMax, running.length)
    running.sort((a, b) => a.endMs - b.endMs)
    const first = running[0]
    const dueMs = schedule.nextDueMs()
    if (first !== undefined && (dueMs === undefined || first.endMs <= dueMs)) {
      running.shift()
      nowMs = first.endMs
      schedule.ended(first.index, nowMs)
    } else if (dueMs !== undefined) nowMs = dueMs
    else return { sent, inFlightMax }
  }
}

const anyTrace = fc.tuple(fc.integer({ min: 1, max: 80 }), fc.nat(1000)).map(([requests, seed]) => chats(requests, seed))

test('open loop: every request is sent once, at its time, follow-ups after thinking about the answer', () => {
  fc.assert(
    fc.property(anyTrace, fc.integer({ min: 1, max: 2000 }), (trace, serveMs) => {
      const { sent } = run(new OpenSchedule(trace), (index) => (index * 37) % serveMs)
      expect(sent.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(trace.requests.map((_, index) => index))
      const byIndex = new Map(sent.map((one) => [one.index, one]))
      for (const { index, dueMs } of sent) {
        const { atMs, after } = trace.requests[index]!
        const expected = after === undefined ? atMs : Math.max(atMs, byIndex.get(after.index)!.endMs + after.thinkMs)
        expect(dueMs).toBeCloseTo(expected, 6)
      }
    }),
    { numRuns: 40 },
  )
})

test('closed loop: every request is sent once, never more than users at a time, first turns in the order of the trace', () => {
  fc.assert(
    fc.property(anyTrace, fc.integer({ min: 1, max: 10 }), fc.option(fc.nat(500)), (trace, count, thinkMs) => {
      const schedule = new ClosedSchedule(trace, { count, thinkMs: thinkMs ?? undefined })
      const { sent, inFlightMax } = run(schedule, (index) => 1 + ((index * 37) % 400))
      expect(sent.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(trace.requests.map((_, index) => index))
      expect(inFlightMax).toBeLessThanOrEqual(count)
      const firstTurns = sent.map(({ index }) => index).filter((index) => trace.requests[index]!.after === undefined)
      expect(firstTurns).toEqual(firstTurns.toSorted((a, b) => a - b))
      const byIndex = new Map(sent.map((one) => [one.index, one]))
      for (const { index, dueMs } of sent) {
        const { after } = trace.requests[index]!
        if (after !== undefined) expect(dueMs).toBeCloseTo(byIndex.get(after.index)!.endMs + (thinkMs ?? after.thinkMs), 6)
      }
    }),
    { numRuns: 40 },
  )
})

test('closed loop: where several requests follow one, users who are free take the others', () => {
  const request = chats(1, 1).requests[0]!
  const follower = { ...request, after: { index: 0, thinkMs: 0 } }
  const trace: Trace = { ...chats(1, 1), requests: [request, follower, follower, follower] }
  expect(run(new ClosedSchedule(trace, { count: 3 }), () => 10)).toMatchObject({
    inFlightMax: 3,
    sent: [{}, { dueMs: 10 }, { dueMs: 10 }, { dueMs: 10 }],
  })
  expect(run(new ClosedSchedule(trace, { count: 1 }), () => 10)).toMatchObject({ inFlightMax: 1, sent: [{}, {}, {}, { dueMs: 30 }] })
})
