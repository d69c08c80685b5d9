import { VirtualClock } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecisionLog, policies, replay } from './index.ts'
import { requestSummary, World } from './scheduler.case.ts'

const BUSY = { runningRequests: 12, waitingRequests: 3, kvUsageRatio: 0.97 }

function decided(world: World, log: DecisionLog, id = 'r') {
  const request = requestSummary(id, { prompt: 'story', bytes: 9000 })
  const draft = log.open(request, world.clock.nowMs())
  const first = world.scheduler.pick(request, [], draft)
  const failed = first.ok ? first.assignment.endpoint.id : ''
  if (first.ok) first.assignment.end({ kind: 'failed' })
  world.scheduler.attemptFailed(failed, 'connection refused')
  draft.attemptFailed('connection refused')
  const second = world.scheduler.pick(request, [failed], draft)
  return { draft, failed, chosen: second.ok ? second.assignment.endpoint.id : '' }
}

describe('DecisionLog', () => {
  it('keeps the whole explanation of a retried request, the same while it runs and after', () => {
    const world = new World({ a: BUSY, b: {}, c: { models: ['x', 'y'] }, d: undefined })
    world.clock.advance(250)
    const log = new DecisionLog({ clock: world.clock })
    const { draft, failed, chosen } = decided(world, log)
    const running = log.get('r')
    expect(log.list({})[0]).toMatchObject({ id: 'r', status: 'running', endpoint: chosen })
    world.clock.advance(40)
    draft.complete({ status: 'ok', httpStatus: 200, promptTokens: 2300, completionTokens: 12, ttftMs: 31.5 })
    draft.complete({ status: 'error' })
    const view = log.get('r')
    expect(view?.attempts).toEqual(running?.attempts)
    expect(view).toMatchObject({ status: 'ok', durationMs: 40, retries: 1, actualCachedTokens: null, actualTtftMs: 31.5, policy: 'least-cost' })
    expect(view?.attempts[0]).toMatchObject({ chosen: failed, failure: 'connection refused', stale: false })
    const byEndpoint = new Map(view?.attempts[1]?.candidates.map((candidate) => [candidate.endpoint, candidate]))
    expect(byEndpoint.get(failed)).toMatchObject({ filteredBy: 'already-tried', cost: null })
    expect(byEndpoint.get('c')).toMatchObject({ filteredBy: 'model-not-served', filterDetail: 'serves x, y' })
    expect(byEndpoint.get('a')?.signals['waiting_requests']).toEqual({ value: 3, ageMs: 250 })
    expect(byEndpoint.get('d')?.signals['waiting_requests']).toEqual({ value: null, ageMs: null })
    const winner = byEndpoint.get(chosen)
    expect(winner?.cost).toBeCloseTo(
      Object.values(winner?.terms ?? {}).reduce((sum, term) => sum + term, 0),
      12,
    )
    expect(view?.attempts[1]?.margin).toBeGreaterThanOrEqual(0)
    expect(log.list({}).length).toBe(1)
  })

  it('holds enough to compute the same costs again, and those of another policy', () => {
    const world = new World({ a: BUSY, b: { runningRequests: 5 }, c: { kvCapacityTokens: Number.NaN }, d: undefined })
    world.warm('a', { prompt: 'story', bytes: 9000 })
    const log = new DecisionLog({ clock: world.clock })
    for (let i = 0; i < 20; i += 1) {
      world.clock.advance(40_000)
      world.poll({ a: BUSY, b: { runningRequests: 5 }, c: { kvCapacityTokens: Number.NaN } })
      decided(world, log, `r${i}`).draft.complete({ status: 'ok' })
    }
    for (let i = 0; i < 20; i += 1) {
      const view = JSON.parse(JSON.stringify(log.get(`r${i}`)))
      const replayed = replay(view, policies.get('least-cost')!)
      for (const [at, attempt] of view.attempts.entries()) {
        for (const candidate of attempt.candidates)
          if (candidate.cost !== null) expect(replayed[at]?.costs.get(candidate.endpoint)).toBe(candidate.cost)
        if (attempt.tieBrokenBy !== 'random') expect(replayed[at]).toMatchObject({ chosen: attempt.chosen, margin: attempt.margin })
      }
      expect(replay(view, policies.get('least-requests')!).length).toBe(2)
      expect(replay(view, policies.get('least-cost')!, { parameters: { stallPrice: 100 } })[0]?.costs.get('b')).not.toBe(replayed[0]?.costs.get('b'))
    }
  })

  it('never exceeds its bytes, and every listed id can be read', () => {
    const ids = fc.constantFrom(...Array.from({ length: 12 }, (_, at) => `id-${at}`))
    const step = fc.record({
      id: ids,
      model: fc.constantFrom('m', 'n', 'ü'.repeat(300)),
      error: fc.string({ maxLength: 900 }),
      rejected: fc.boolean(),
      endpoints: fc.integer({ min: 1, max: 6 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.integer({ min: 4096, max: 12_000 }), (steps, bytesMax) => {
        const clock = new VirtualClock()
        const log = new DecisionLog({ bytesMax, clock })
        let expected = 0
        for (const { id, model, error, rejected, endpoints } of steps) {
          clock.advance(1)
          expected += 1
          if (rejected) log.reject({ id, path: '/v1/completions', receivedMs: clock.nowMs(), httpStatus: 400, error, model })
          else {
            const world = new World(Object.fromEntries(Array.from({ length: endpoints }, (_, at) => [`${id}-${at}`, {}])))
            const request = requestSummary(id, { bytes: 600 })
            const draft = log.open({ ...request, model }, clock.nowMs())
            world.scheduler.pick(request, [], draft)
            draft.complete({ status: 'error', error, httpStatus: 502 })
          }
          const listed = log.list({ limit: 1000 })
          expect(log.bytes).toBeLessThanOrEqual(bytesMax)
          // The newest ones without a gap or a repetition: one arrived each millisecond.
          expect(listed.map((each) => clock.nowMs() - each.receivedMs)).toEqual(Array.from({ length: log.size }, (_, at) => at))
          expect(listed[0]).toMatchObject({ id, receivedMs: clock.nowMs(), model: model.slice(0, 256), error: error.slice(0, 512) })
          expect(log.get(id)?.receivedMs).toBe(clock.nowMs())
          for (const each of listed) expect(log.get(each.id)?.id).toBe(each.id)
          expect(log.list({ model: 'n', limit: 1000 }).length).toBe(listed.filter((each) => each.model === 'n').length)
        }
        expect(log.size).toBeLessThanOrEqual(expected)
      }),
      { numRuns: 100 },
    )
  })

  it('filters by status, endpoint and time to first token, and bounds the answer', () => {
    const clock = new VirtualClock()
    const log = new DecisionLog({ clock })
    for (let i = 0; i < 300; i += 1) log.open(requestSummary(`r${i}`, { bytes: 8 }), i).complete({ status: i % 3 === 0 ? 'ok' : 'error', ttftMs: i })
    log.open(requestSummary('open', { bytes: 8 }), 1000)
    expect(log.list({}).length).toBe(100)
    expect(log.list({ limit: 5000 })[0]).toMatchObject({ id: 'open', status: 'running' })
    expect(log.list({ status: 'ok' }).every((each) => each.status === 'ok')).toBe(true)
    expect(log.list({ minTtftMs: 298 }).map((each) => each.id)).toEqual(['r299', 'r298'])
    expect(log.list({ endpoint: 'nobody' })).toEqual([])
    expect(log.get('unknown')).toBeUndefined()
  })
})
