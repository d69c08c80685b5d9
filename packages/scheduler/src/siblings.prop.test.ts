import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FeedEvent } from './feed.ts'
import { Load } from './load.ts'
import { PrefixIndex } from './prefix-index.ts'
import { Siblings } from './siblings.ts'

const SLOTS = 3
const LIFE_MS = 600_000
const hashes = (block: number) => Uint32Array.of(block + 1, block * 7 + 1)

function siblings(): { readonly siblings: Siblings; readonly load: Load; readonly index: PrefixIndex } {
  const index = new PrefixIndex({ slotsMax: SLOTS, bytesMax: 64 * 1024 })
  for (let slot = 0; slot < SLOTS; slot += 1) index.setCapacity(slot, 100)
  const load = new Load(SLOTS)
  return { siblings: new Siblings({ slotsMax: SLOTS, load, index }), load, index }
}

function counts(of: Load): number[] {
  return Array.from({ length: SLOTS }, (_, slot) => [
    of.inFlight(slot),
    of.waiting(slot),
    of.decoding(slot),
    of.reservedTokens(slot),
    of.sincePollTokens(slot),
    of.sincePollRequests(slot),
  ]).flat()
}

function event(kind: FeedEvent['kind'], attempt: number, uncachedTokens = 100): FeedEvent {
  const common = { id: `r${attempt}`, endpoint: `e${attempt % SLOTS}`, prefixHashes: hashes(attempt) }
  return kind === 'dispatched' ? { kind, ...common, model: 'm', uncachedTokens, outputTokens: 256 } : { kind, ...common }
}

/** One thing that reaches the siblings' books: an event of an attempt, or time, a poll, an endpoint that is replaced. */
const step = fc.record({
  kind: fc.constantFrom('dispatched', 'dispatched', 'started', 'ended', 'failed', 'advance', 'poll', 'reset', 'gone'),
  sibling: fc.constantFrom('x', 'y'),
  attempt: fc.nat(12),
  tokens: fc.oneof(fc.nat(1_000_000), fc.double()),
})

describe('what siblings say', () => {
  it('in any order, doubled and with losses, never makes a count negative, and nothing is left once all have ended, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), fc.boolean(), (steps, byEnds) => {
        const { siblings: books, load } = siblings()
        let nowMs = 0
        for (const { kind, sibling, attempt, tokens } of steps) {
          const slot = attempt % SLOTS
          if (kind === 'advance') nowMs += Math.abs(Number.isFinite(tokens) ? tokens % 100_000 : 0)
          else if (kind === 'poll') books.polled(slot)
          else if (kind === 'reset') books.resetSlot(slot)
          else if (kind === 'gone') books.gone(sibling)
          else books.said(sibling, event(kind, attempt, tokens), { slot, nowMs })
          books.expire(nowMs)
          expect(Math.min(...counts(load))).toBeGreaterThanOrEqual(0)
        }
        for (const sibling of ['x', 'y']) {
          if (byEnds)
            for (let attempt = 0; attempt <= 12; attempt += 1) books.said(sibling, event('ended', attempt), { slot: attempt % SLOTS, nowMs })
          else books.gone(sibling)
        }
        for (const slot of [0, 1, 2]) books.polled(slot)
        expect(counts(load)).toEqual(new Array(SLOTS * 6).fill(0))
      }),
      { numRuns: 300 },
    )
  })

  it('leaves the same books in any order of the events of attempts that all end', () => {
    const attempts = fc.uniqueArray(fc.nat(8), { minLength: 1 })
    fc.assert(
      fc.property(attempts, fc.infiniteStream(fc.nat()), (ids, chance) => {
        const { siblings: books, load, index } = siblings()
        const events = ids.flatMap((id) => [event('dispatched', id), event('started', id), event('ended', id), event('started', id)])
        const shuffled = events.map((each) => ({ each, at: chance.next().value ?? 0 })).sort((a, b) => a.at - b.at)
        for (const { each } of shuffled) books.said('x', each, { slot: Number(each.endpoint.slice(1)), nowMs: 0 })
        expect(counts(load).filter((_, at) => at % 6 < 4)).toEqual(new Array(SLOTS * 4).fill(0))
        for (const id of ids) expect(index.longestPrefix(hashes(id), id % SLOTS)).toBe(1)
      }),
      { numRuns: 300 },
    )
  })

  it('counts a request in the tokens until it starts and among the streams until it ends', () => {
    const { siblings: books, load } = siblings()
    const seen = () => [load.waiting(0), load.reservedTokens(0), load.decoding(0), load.inFlight(0)]
    books.said('x', event('dispatched', 0, 700), { slot: 0, nowMs: 0 })
    expect(seen()).toEqual([1, 700, 0, 1])
    books.said('x', event('started', 0), { slot: 0, nowMs: 1 })
    expect(seen()).toEqual([0, 0, 1, 1])
    books.said('x', event('ended', 0), { slot: 0, nowMs: 2 })
    expect(seen()).toEqual([0, 0, 0, 0])
  })

  it('enters prompts provisionally, for good when they start, and takes out those that fail', () => {
    const { siblings: books, index } = siblings()
    const held = (attempt: number) => index.longestPrefix(hashes(attempt), 0)
    for (const attempt of [0, 3, 6]) books.said('x', event('dispatched', attempt), { slot: 0, nowMs: 0 })
    books.said('x', event('started', 0), { slot: 0, nowMs: 0 })
    for (const attempt of [0, 3]) books.said('x', event('failed', attempt), { slot: 0, nowMs: 0 })
    books.said('x', event('ended', 6), { slot: 0, nowMs: 0 })
    // One that was never dispatched claims nothing, so its failure takes nothing of anybody else's.
    index.begin(hashes(9), 0)
    books.said('x', event('failed', 9), { slot: 0, nowMs: 0 })
    expect([held(0), held(3), held(6), held(9)]).toEqual([1, 0, 1, 1])
  })

  it('takes two siblings with one id of a request for two requests', () => {
    const { siblings: books, load } = siblings()
    for (const name of ['x', 'y']) books.said(name, event('dispatched', 0), { slot: 0, nowMs: 0 })
    books.said('x', event('ended', 0), { slot: 0, nowMs: 0 })
    expect(load.inFlight(0)).toBe(1)
  })

  it('gives up a reservation whose end never came after ten minutes', () => {
    const { siblings: books, load } = siblings()
    books.said('x', event('dispatched', 0), { slot: 0, nowMs: 1000 })
    books.expire(1000 + LIFE_MS - 1)
    expect(load.inFlight(0)).toBe(1)
    books.expire(1000 + LIFE_MS)
    expect(load.inFlight(0)).toBe(0)
  })

  it('keeps 10,000 reservations of a sibling and gives up the oldest for more', () => {
    const { siblings: books, load } = siblings()
    for (let attempt = 0; attempt < 10_010; attempt += 1)
      books.said('x', { ...event('dispatched', 0, attempt < 10 ? 5 : 1), id: `r${attempt}` }, { slot: 0, nowMs: attempt })
    expect([load.inFlight(0), load.reservedTokens(0)]).toEqual([10_000, 10_000])
  })

  it('hears 64 siblings, and a further one once another is gone or silent for ten minutes', () => {
    const { siblings: books, load } = siblings()
    for (let at = 0; at < 64; at += 1) books.said(`s${at}`, event('dispatched', 0), { slot: 0, nowMs: at })
    const inFlightAfter = (name: string, nowMs: number) => {
      books.said(name, event('dispatched', 0), { slot: 0, nowMs })
      return load.inFlight(0)
    }
    expect(inFlightAfter('late', 100)).toBe(64)
    books.gone('s63')
    expect(load.inFlight(0)).toBe(63)
    expect(inFlightAfter('late', 100)).toBe(64)
    expect(inFlightAfter('later', LIFE_MS - 1)).toBe(64)
    // The first of them was last heard ten minutes ago.
    expect(inFlightAfter('later', LIFE_MS)).toBe(64)
    books.gone('later')
    expect(load.inFlight(0)).toBe(63)
  })
})
