import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SequenceTracker } from './sequence-tracker.ts'

it('counts in order, and says what is missing', () => {
  const tracker = new SequenceTracker()
  expect(tracker.take(0, 'live').verdict).toBe('next')
  expect(tracker.take(1, 'live').verdict).toBe('next')
  expect(tracker.take(5, 'live')).toEqual({ verdict: 'gap', missing: { from: 2, to: 4 } })
  expect([tracker.take(6, 'live').verdict, tracker.next]).toEqual(['next', 7])
})

it('is late where the first number is not the first wanted one', () => {
  expect(new SequenceTracker().take(3, 'live')).toEqual({ verdict: 'gap', missing: { from: 0, to: 2 } })
  expect(new SequenceTracker(3).take(3, 'live').verdict).toBe('next')
})

it('looks without going on', () => {
  const tracker = new SequenceTracker()
  expect([tracker.look(4, 'live').verdict, tracker.look(4, 'live').verdict, tracker.next]).toEqual(['gap', 'gap', 0])
})

it('takes live numbers that were replayed meanwhile for duplicates', () => {
  const tracker = new SequenceTracker()
  tracker.take(0, 'live')
  for (const sequence of [1, 2, 3]) expect(tracker.take(sequence, 'replay').verdict).toBe('next')
  expect([2, 3, 4].map((sequence) => tracker.take(sequence, 'live').verdict)).toEqual(['duplicate', 'duplicate', 'next'])
  expect(tracker.take(2, 'replay').verdict).toBe('duplicate')
})

it('sees a live number again as a new life', () => {
  const tracker = new SequenceTracker()
  for (const sequence of [0, 1, 2]) tracker.take(sequence, 'live')
  expect(tracker.take(0, 'live')).toEqual({ verdict: 'restart', missing: undefined })
  expect(tracker.take(1, 'live').verdict).toBe('next')
  expect(tracker.take(2, 'live').verdict).toBe('next')
  expect(tracker.take(1, 'live')).toEqual({ verdict: 'restart', missing: { from: 0, to: 0 } })
  tracker.restart()
  expect(tracker.take(0, 'replay').verdict).toBe('next')
})

it('accounts for every number of a life exactly once, whatever is lost and replayed', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ lost: fc.boolean(), replayed: fc.boolean() }), { maxLength: 60 }), (fates) => {
      const tracker = new SequenceTracker()
      const seen: number[] = []
      const missing: number[] = []
      const take = (sequence: number, origin: 'live' | 'replay'): void => {
        const sighting = tracker.take(sequence, origin)
        expect(sighting.verdict).not.toBe('restart')
        for (let n = sighting.missing?.from ?? 1; n <= (sighting.missing?.to ?? 0); n++) missing.push(n)
        if (sighting.verdict !== 'duplicate') seen.push(sequence)
      }
      fates.forEach(({ lost, replayed }, sequence) => {
        if (replayed) for (let n = tracker.next; n <= sequence; n++) if (n % 3 !== 0) take(n, 'replay')
        if (!lost) take(sequence, 'live')
      })
      const all = [...seen, ...missing].sort((a, b) => a - b)
      expect(all).toEqual(Array.from({ length: tracker.next }, (_, n) => n))
    }),
  )
})
