import fc from 'fast-check'
import { O200K_TOKEN_SPLIT_REGEX as pattern } from 'gpt-tokenizer/encodingParams/constants'
import { expect, it } from 'vitest'
import { gptOssTokenizer } from './gpt-oss.ts'
import { splitText } from './split-text.ts'

const part = fc.constantFrom('ab', 'AB', "'", "'re", ' ', '      ', '\n', '\r', '1', '中', '\u{1d400}', '!', '/', 'é')

const pieces = (text: string, window?: number) => {
  const found: string[] = []
  splitText(text, pattern, (piece) => found.push(piece), window)
  return found
}

it('finds the pieces that a match over the whole text finds, window by window', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 80 }), (parts) => {
      const text = parts.join('')
      const whole = [...text.matchAll(pattern)].map(([piece]) => piece)
      fc.pre(whole.every((piece) => piece.length < 24))
      expect(pieces(text, 48)).toEqual(whole)
    }),
    { numRuns: 1000 },
  )
})

it('leaves out nothing of pieces longer than the window', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), fc.nat({ max: 100 }), part, (parts, times, long) => {
      const text = parts.join('') + long.repeat(times) + parts.join('')
      expect(pieces(text, 17).join('')).toBe(text)
      expect(pieces(text, 17).some((piece) => /\p{Surrogate}/u.test(piece))).toBe(false)
    }),
  )
})

it('encodes megabytes without a space, of any alphabet', async () => {
  const { encode, decode } = await gptOssTokenizer()
  for (const unit of ['x', '中', '\u{1d400}']) {
    const text = unit.repeat(1_500_000 / unit.length)
    expect(decode(encode(text)) === text).toBe(true)
  }
})
