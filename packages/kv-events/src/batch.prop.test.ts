import fc from 'fast-check'
import { expect, it } from 'vitest'
import { batches, encodings, hashForms } from './batches.case.ts'
import { decodeBatch } from './decode-batch.ts'
import { encodeBatch } from './encode-batch.ts'
import { limits } from './kv-event.ts'

for (const encoding of encodings) {
  for (const hashes of hashForms) {
    it(`a batch comes back as it went, as ${encoding} with hashes as ${hashes}`, () => {
      fc.assert(
        fc.property(batches, (batch) => {
          expect(decodeBatch(encodeBatch(batch, encoding, hashes))).toEqual({ ok: true, value: { ...batch, unknownEvents: 0 } })
        }),
      )
    })
  }
}

const payloads = fc
  .tuple(batches, fc.constantFrom(...encodings), fc.constantFrom(...hashForms))
  .map(([batch, encoding, hashes]) => encodeBatch(batch, encoding, hashes))

/** What a decoder may answer: a failure with words, or a batch that can be written again. */
function isSound(bytes: Uint8Array): void {
  const decoded = decodeBatch(bytes)
  if (!decoded.ok) {
    expect(decoded.error.message).not.toBe('')
    return
  }
  for (const event of decoded.value.events) if (event.type === 'stored') expect(event.hashes.every((hash) => hash >= 0n)).toBe(true)
  const again = decodeBatch(encodeBatch(decoded.value, 'map', 'int'))
  expect(again).toEqual({ ok: true, value: { ...decoded.value, unknownEvents: 0 } })
}

it('a payload that is cut short anywhere is a failure', () => {
  fc.assert(
    fc.property(payloads, fc.nat(), (payload, at) => {
      const decoded = decodeBatch(payload.subarray(0, at % payload.length))
      expect(decoded.ok).toBe(false)
    }),
  )
})

it('a payload with bits flipped is a failure or a batch', () => {
  fc.assert(
    fc.property(payloads, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }), (payload, flips) => {
      const damaged = payload.slice()
      for (const [at, bits] of flips) damaged[at % damaged.length] = (damaged[at % damaged.length] as number) ^ bits
      isSound(damaged)
    }),
    { numRuns: 2000 },
  )
})

it('any bytes are a failure or a batch', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => isSound(bytes)),
    { numRuns: 2000 },
  )
})

it('containers that claim what the bytes do not hold cost no memory', () => {
  fc.assert(
    fc.property(fc.constantFrom(0xdd, 0xdf, 0xc6, 0xdb), fc.integer({ min: 1, max: 40 }), (head, times) => {
      const bytes = new Uint8Array(limits.payloadBytes)
      for (let i = 0; i < times; i++) bytes.set([head, 0, 0x7f, 0xff, 0xff], i * 5)
      const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
      expect(decodeBatch(bytes).ok).toBe(false)
      expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
    }),
    { numRuns: 20 },
  )
})
