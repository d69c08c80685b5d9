import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COLUMN_LENGTH_MAX, decodeValues, encodedBytesMax, encodeValues } from './value-codec.ts'

function encoded(values: readonly number[] | Float64Array): Uint8Array {
  const out = new Uint8Array(encodedBytesMax(values.length) + 3)
  return out.slice(3, encodeValues(Float64Array.from(values), values.length, out, 3))
}

function bitsOf(values: Float64Array): string {
  return new BigUint64Array(values.slice().buffer).join()
}

const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((word) => new Float64Array(BigUint64Array.of(word).buffer)[0] as number)
const walk = fc
  .tuple(
    fc.constantFrom(1, 2, 3, 15, 100, 1e6, 1e12),
    fc.constantFrom(1, 10, 1000, 10_000, 3),
    fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1 }),
  )
  .map(([step, divisor, steps]) => steps.map((_, i) => steps.slice(0, i + 1).reduce((sum, one) => sum + Math.trunc((one * step) / 20), 0) / divisor))
const column = fc.oneof(
  walk,
  fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 1, maxLength: COLUMN_LENGTH_MAX }),
  fc.array(fc.oneof(fc.constantFrom(0, -0, Infinity, NaN, 2 ** 51, -(2 ** 51), 2 ** 53), fc.integer(), fc.double(), bits), {
    minLength: 1,
    maxLength: 200,
  }),
)

describe('encoded values', () => {
  it('come back bit for bit, whatever they are', () => {
    fc.assert(
      fc.property(column, (values) => {
        const bytes = encoded(values)
        const target = new Float64Array(values.length + 2)
        expect(decodeValues({ bytes, at: 0, end: bytes.length }, values.length, target, 1)).toBe(true)
        expect(bitsOf(target.subarray(1, values.length + 1))).toBe(bitsOf(Float64Array.from(values)))
        expect(bytes.length).toBeLessThanOrEqual(encodedBytesMax(values.length))
      }),
      { numRuns: 500 },
    )
  })

  it('of any bytes decode to something or are refused, without reading on', () => {
    fc.assert(
      fc.property(column, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(), fc.nat(600), (values, edits, cut, n) => {
        const bytes = encoded(values)
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte
        const target = new Float64Array(600).fill(7)
        const sound = decodeValues({ bytes, at: 0, end: cut % (bytes.length + 1) }, n, target, 0)
        if (sound) expect(target.subarray(n).every((value) => value === 7)).toBe(true)
        expect(typeof sound).toBe('boolean')
      }),
      { numRuns: 500 },
    )
  })

  it('are of at least one number: a column of none is refused', () => {
    const bytes = encoded([0, 0, 0, 0, 0, 1])
    const target = new Float64Array(2).fill(7)
    expect([0, -1].map((n) => decodeValues({ bytes, at: 0, end: bytes.length - 1 }, n, target, 0))).toEqual([false, false])
    expect([...target]).toEqual([7, 7])
  })

  it('take the room that their nature allows', () => {
    const of = (make: (i: number) => number) => encoded(Float64Array.from({ length: 480 }, (_, i) => make(i))).length / 480
    expect(of(() => 0.1)).toBeLessThan(0.02)
    expect(of((i) => 5_000 + Math.floor(i / 7))).toBeLessThan(0.27)
    expect(of((i) => 5_000 + ((i * 7) % 4))).toBeLessThan(0.52)
    expect(of((i) => i * 37)).toBeLessThan(1.02)
    expect(of((i) => Math.round(100 * Math.sin(i) + 200) / 100)).toBeLessThan(2.01)
    expect(of((i) => Math.sin(i))).toBeLessThanOrEqual(8.01)
  })
})
