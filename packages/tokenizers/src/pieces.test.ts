import fc from 'fast-check'
import { expect, it } from 'vitest'
import { piecesTokenizer } from './pieces.ts'

const { encode, decode } = piecesTokenizer()

it('makes a token of about four bytes', () => {
  const text = 'The signalman pulled the lever, the gate closed, and 12 wagons rolled past the tower in the rain.'
  expect(text.length / encode(text).length).toBeGreaterThan(3)
  expect(text.length / encode(text).length).toBeLessThan(5)
  expect(encode('x'.repeat(4000))).toHaveLength(1000)
})

it('cuts by class, with the single space before a piece', () => {
  const pieces = [...encode('The line is clear, 12 cars.  \n')].map((token) => decode([token]))
  expect(pieces).toEqual(['The', ' line', ' is', ' clea', 'r', ',', ' 12', ' cars', '.', '  \n'])
})

it('gives equal prefixes equal tokens, up to the token where the texts part', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (prefix, rest) => {
      const short = encode(prefix)
      const long = encode(prefix + rest)
      // The text may be cut inside the last token, whose space may then stand alone: two tokens at most.
      const same = Math.max(0, short.length - 2)
      expect(long.slice(0, same)).toEqual(short.slice(0, same))
    }),
  )
})
