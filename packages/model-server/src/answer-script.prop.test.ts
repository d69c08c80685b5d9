import { loadTokenizer, type TokenizerId, tokenizerIds } from '@signalbox/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clipped, scriptOf } from './answer-script.ts'

const tokenizers = new Map(await Promise.all(tokenizerIds.map(async (id) => [id, await loadTokenizer(id)] as const)))
const anyId = fc.constantFrom<TokenizerId>(...tokenizerIds)
const anyText = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'ab', '.', 'é', '線', '🚂', '12'), minLength: 1, maxLength: 60 })
const never = { strings: [], tokenIds: new Set<number>(), isIncluded: false }

/** What a reader who sees the text token by token finds, as vLLM looks for it. */
function firstStop(texts: readonly string[], stops: readonly string[], tokensMin: number): { tokens: number; at: number; stop: string } | undefined {
  let text = ''
  let ignored = 0
  for (const [index, piece] of texts.entries()) {
    text += piece
    if (index + 1 <= tokensMin) ignored = text.length
    else {
      for (const stop of stops) {
        const at = text.indexOf(stop, ignored)
        if (at !== -1) return { tokens: index + 1, at, stop }
      }
    }
  }
  return undefined
}

describe('a script', () => {
  it('shows all of the text in the end, and never half a character', () => {
    fc.assert(
      fc.property(anyId, anyText, (id, text) => {
        const tokenizer = tokenizers.get(id)!
        const script = scriptOf(tokenizer, tokenizer.encode(text), { stop: never, tokensMin: 0 })
        expect(script.text).toBe(text)
        expect(script.shown.at(-1)).toBe(text.length)
        for (const [index, shown] of script.shown.entries()) {
          expect(shown).toBeGreaterThanOrEqual(script.shown[index - 1] ?? 0)
          expect(text.slice(0, shown)).toBe(tokenizer.decode(script.tokens.subarray(0, index + 1)))
        }
      }),
    )
  })

  it('stops where a reader of the growing text would, whatever tokens the stop text spans', () => {
    fc.assert(
      fc.property(
        anyId,
        anyText,
        fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 7 })), { minLength: 1, maxLength: 3 }),
        fc.record({ isIncluded: fc.boolean(), tokensMin: fc.oneof(fc.constant(0), fc.nat(20)) }),
        (id, text, places, { isIncluded, tokensMin }) => {
          // Parts of the text itself, so that they are found, and one that mostly is not.
          const strings = [...places.map(([at, length]) => text.slice(at % text.length, (at % text.length) + length)), 'b.']
          const tokenizer = tokenizers.get(id)!
          const tokens = tokenizer.encode(text)
          const decoder = tokenizer.decoder()
          const found = firstStop(
            Array.from(tokens, (token) => decoder.push(token)),
            strings,
            tokensMin,
          )
          const script = scriptOf(tokenizer, tokens, { stop: { ...never, strings, isIncluded }, tokensMin })
          expect(script.tokens.length).toBe(found?.tokens ?? tokens.length)
          expect(script.stopReason).toBe(found?.stop ?? null)
          const end = found === undefined ? text.length : found.at + (isIncluded ? found.stop.length : 0)
          expect(script.text).toBe(text.slice(0, end))
          expect(script.shown).toHaveLength(script.tokens.length)
          expect(script.shown.at(-1)).toBe(script.text.length)
          for (const [index, shown] of script.shown.entries()) expect(shown).toBeGreaterThanOrEqual(script.shown[index - 1] ?? 0)
        },
      ),
    )
  })

  it('stops at a token, which is generated and not shown, but not before the least', () => {
    const tokenizer = tokenizers.get('pieces')!
    const tokens = tokenizer.encode('one two one two')
    const stop = { ...never, tokenIds: new Set([tokens[1] as number]) }
    expect(scriptOf(tokenizer, tokens, { stop, tokensMin: 0 })).toMatchObject({ text: 'one', stopReason: tokens[1] as number })
    const late = scriptOf(tokenizer, tokens, { stop, tokensMin: 3 })
    expect([late.text, late.tokens.length]).toEqual(['one two one', 4])
    expect(scriptOf(tokenizer, tokens, { stop: { ...stop, isIncluded: true }, tokensMin: 0 }).text).toBe('one two')
  })

  it('shows a part of itself where the rest is not for the client', () => {
    const tokenizer = tokenizers.get('bytes')!
    const script = scriptOf(tokenizer, tokenizer.encode('[abc]'), { stop: never, tokensMin: 0 })
    const { text, shown } = clipped(script, 1, 4)
    expect([text, ...shown]).toEqual(['abc', 0, 1, 2, 3, 3])
  })
})
