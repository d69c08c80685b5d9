import { seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { naturalOutputTokens } from './output-length.ts'
import { tokenizeChat, tokenizeText } from './tokenizer.ts'
import { textOf, tokenAt } from './vocabulary.ts'

const say = (role: string, text: string) => ({ role, parts: [{ type: 'text' as const, text }] })

describe('the tokenizer', () => {
  it('makes a token of about four bytes', () => {
    const text = 'The signalman pulled the lever, the gate closed, and 12 wagons rolled past the tower in the rain.'
    expect(text.length / tokenizeText(text).length).toBeGreaterThan(3)
    expect(text.length / tokenizeText(text).length).toBeLessThan(5)
    expect(tokenizeText('x'.repeat(4000))).toHaveLength(1000)
  })

  it('gives equal prefixes equal tokens, up to the token where the texts part', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (prefix, rest) => {
        const short = tokenizeText(prefix)
        const long = tokenizeText(prefix + rest)
        // The text may be cut inside the last token, whose space may then stand alone: two tokens at most.
        const same = Math.max(0, short.length - 2)
        expect(long.slice(0, same)).toEqual(short.slice(0, same))
      }),
    )
  })

  it('reads a generated answer back as the very tokens that were generated', () => {
    for (let seed = 0; seed < 50; seed++) {
      const generated = Array.from({ length: 60 }, (_, index) => tokenAt(seed, index))
      const text = generated.map(textOf).join('')
      expect([...tokenizeText(text)]).toEqual(generated)
    }
  })

  it('begins the next turn of a conversation with the last turn and its answer', () => {
    const answer = Array.from({ length: 20 }, (_, index) => tokenAt(3, index))
    const first = tokenizeChat([say('system', 'Be brief.'), say('user', 'Which line is clear')])
    const second = tokenizeChat([
      say('system', 'Be brief.'),
      say('user', 'Which line is clear'),
      say('assistant', answer.map(textOf).join('')),
      say('user', 'and then?'),
    ])
    expect([...second.slice(0, first.length + answer.length)]).toEqual([...first, ...answer])
  })

  it('tells roles and images apart', () => {
    expect(tokenizeChat([say('user', 'hi')])).not.toEqual(tokenizeChat([say('tool', 'hi')]))
    const image = (url: string) => tokenizeChat([{ role: 'user', parts: [{ type: 'image', url }] }])
    expect(image('data:a')).not.toEqual(image('data:b'))
    expect(image('data:a').length).toBeGreaterThan(1000)
  })
})

it('natural lengths have the mean that was asked for', () => {
  const random = seededRandom(5)
  const lengths = Array.from({ length: 5000 }, () => naturalOutputTokens(random, 100))
  expect(Math.min(...lengths)).toBeGreaterThan(0)
  expect(Math.abs(lengths.reduce((sum, length) => sum + length, 0) / 5000 - 100)).toBeLessThan(4)
})
