import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ReplayBuffer } from './replay-buffer.ts'

it('keeps the newest payloads under their numbers, as many as fit', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 60 }),
      fc.array(fc.nat(30), { maxLength: 40 }),
      (payloadsMax, bytesMax, lengths) => {
        const buffer = new ReplayBuffer({ payloadsMax, bytesMax })
        const all = lengths.map((length) => new Uint8Array(length))
        all.forEach((payload, sequence) => {
          expect(buffer.add(payload)).toBe(sequence)
          expect(buffer.next).toBe(sequence + 1)
          const kept = all.slice(buffer.oldest, buffer.next)
          expect(buffer.bytes).toBe(kept.reduce((sum, { length }) => sum + length, 0))
          expect(kept.length <= payloadsMax && buffer.bytes <= bytesMax).toBe(true)
          kept.forEach((one, index) => {
            expect(buffer.at(buffer.oldest + index)).toBe(one)
          })
          expect([buffer.at(buffer.oldest - 1), buffer.at(buffer.next)]).toEqual([undefined, undefined])
          const before = all[buffer.oldest - 1]
          // The one that went last would not fit.
          if (before !== undefined) expect(kept.length === payloadsMax || buffer.bytes + before.length > bytesMax || before.length === 0).toBe(true)
        })
      },
    ),
  )
})
