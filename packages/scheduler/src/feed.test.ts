import { VirtualClock } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecisionLog, type FeedEvent } from './index.ts'
import { World } from './scheduler.case.ts'

const COLUMNS = ['in_flight', 'own_waiting', 'own_decoding', 'reserved_tokens', 'since_poll_tokens', 'since_poll_requests']

/** What a scheduler would judge each endpoint by, of what is under way: the columns above by endpoint. */
function underWay(world: World, columns = COLUMNS, prompt = 'nobody has sent this'): Record<string, (number | null | undefined)[]> {
  const log = new DecisionLog({ clock: new VirtualClock(), bytesMax: 1024 * 1024 })
  const request = world.request({ prompt })
  const picked = world.scheduler.pick(request, [], log.open(request, 0))
  if (picked.ok) picked.assignment.end({ kind: 'cancelled' })
  const candidates = log.get(request.id)?.attempts[0]?.candidates ?? []
  return Object.fromEntries(candidates.map(({ endpoint, signals }) => [endpoint, columns.map((column) => signals[column]?.value)]))
}

/** A world that hears all that another one says, as its sibling `x`. */
function pair(): { readonly speaker: World; readonly listener: World; readonly said: FeedEvent[] } {
  const said: FeedEvent[] = []
  const listener = new World({ a: {}, b: {} })
  const feed = {
    publish: (event: FeedEvent) => {
      said.push(event)
      listener.scheduler.siblingSaid('x', event)
    },
  }
  return { speaker: new World({ a: {}, b: {} }, { feed }), listener, said }
}

describe('a gateway that hears another one', () => {
  it('judges endpoints as the other does, whatever the other has sent, streamed or not, and seen of it', () => {
    const step = fc.record({
      kind: fc.constantFrom('send', 'send', 'send', 'content', 'finish', 'fail', 'cancel', 'advance', 'poll'),
      which: fc.nat(50),
      stream: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const { speaker, listener } = pair()
        const alive: ReturnType<World['send']>[] = []
        for (const { kind, which, stream } of steps) {
          const at = which % Math.max(1, alive.length)
          if (kind === 'send') alive.push(speaker.send({ prompt: `p${which % 4}`, bytes: 256 * (1 + (which % 8)), stream }))
          if (kind === 'advance') for (const { clock } of [speaker, listener]) clock.advance(which * 20)
          if (kind === 'poll') for (const world of [speaker, listener]) world.poll({ a: {}, b: {} })
          if (kind === 'content') alive[at]?.firstContent()
          const ends = { finish: 'finished', fail: 'failed', cancel: 'cancelled' } as const
          if (kind === 'finish' || kind === 'fail' || kind === 'cancel') alive.splice(at, 1)[0]?.end({ kind: ends[kind] })
        }
        // Starts that are presumed by now are said when the speaker next looks at its books.
        speaker.scheduler.endpoints()
        expect(underWay(listener)).toEqual(underWay(speaker))
        // A presumed start enters the prompt for good at the listener: it may keep one that fails later, and never loses one.
        for (const prompt of ['p0', 'p1', 'p2', 'p3']) {
          const [heard, own] = [listener, speaker].map((world) => underWay(world, ['cached_tokens'], prompt))
          for (const endpoint of ['a', 'b']) expect(heard?.[endpoint]?.[0]).toBeGreaterThanOrEqual(own?.[endpoint]?.[0] ?? Number.NaN)
        }
        listener.scheduler.siblingGone('x')
        listener.poll({ a: {}, b: {} })
        for (const values of Object.values(underWay(listener))) expect(values).toEqual([0, 0, 0, 0, 0, 0])
      }),
      { numRuns: 100 },
    )
  })

  it('goes elsewhere than the other, and to where the other sent the same prompt', () => {
    const { speaker, listener } = pair()
    const busy = speaker.send({ prompt: 'story', bytes: 60_000 })
    expect(listener.choice()).not.toBe(busy.endpoint.id)
    busy.firstContent()
    busy.end({ kind: 'finished' })
    for (let turn = 0; turn < 10; turn += 1) expect(listener.choice({ prompt: 'story', bytes: 60_000 })).toBe(busy.endpoint.id)
  })

  it('compares what the engine has waiting with what all of them have', () => {
    const { speaker, listener } = pair()
    for (const bytes of [8000, 8000]) speaker.scheduler.pick(speaker.request({ bytes }), ['b'])
    listener.poll({ a: { waitingRequests: 2, runningRequests: 0 }, b: {} })
    const request = listener.request()
    const log = new DecisionLog({ clock: listener.clock })
    listener.scheduler.pick(request, [], log.open(request, 0))
    const candidate = log.get(request.id)?.attempts[0]?.candidates.find(({ endpoint }) => endpoint === 'a')
    const rate = candidate?.signals['prefill_tokens_per_second']?.value ?? 0
    expect(candidate?.terms['queue']).toBeCloseTo(4000 / rate, 12)
  })

  it('ignores endpoints that it does not have, and forgets what was sent to one that leaves', () => {
    const { speaker, listener } = pair()
    listener.endpoints(['a'])
    speaker.scheduler.pick(speaker.request(), ['a'])
    speaker.scheduler.pick(speaker.request(), ['b'])
    expect(underWay(listener)['a']?.[0]).toBe(1)
    listener.endpoints([])
    listener.endpoints(['a', 'b'])
    expect([underWay(listener)['a']?.[0], underWay(listener)['b']?.[0]]).toEqual([0, 0])
  })
})

describe('what a gateway says', () => {
  it('is each attempt once dispatched, once started and once over, under a name of its own', () => {
    const { speaker, said } = pair()
    const request = { ...speaker.request(), id: 'the same' }
    const [first, second, third] = [1, 2, 3].map(() => speaker.scheduler.pick(request, ['b']))
    if (!first?.ok || !second?.ok || !third?.ok) throw new Error('no endpoint')
    second.assignment.firstContent()
    first.assignment.firstContent()
    first.assignment.end({ kind: 'finished' })
    second.assignment.end({ kind: 'cancelled' })
    third.assignment.end({ kind: 'cancelled' })
    // The second's content proves that the first was started.
    expect(said.map(({ kind, id }) => `${kind} ${id.split('/')[1]}`)).toEqual([
      'dispatched 1',
      'dispatched 2',
      'dispatched 3',
      'started 2',
      'started 1',
      'ended 1',
      'ended 2',
      'failed 3',
    ])
    expect(said[0]).toMatchObject({ endpoint: 'a', model: 'm', uncachedTokens: 1024, outputTokens: 256, prefixHashes: request.prefixHashes })
  })

  it('has a start for an answer that is not streamed once twice its predicted time is over, at the next poll', () => {
    const { speaker, said } = pair()
    const assignment = speaker.send({ stream: false })
    speaker.clock.advance(2 * assignment.predictedTtftMs)
    expect(said.map(({ kind }) => kind)).toEqual(['dispatched'])
    speaker.poll({ a: {}, b: {} })
    expect(said.map(({ kind }) => kind)).toEqual(['dispatched', 'started'])
  })
})
