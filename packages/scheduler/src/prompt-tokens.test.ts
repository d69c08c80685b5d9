import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prefixHashes } from './prefix-hash.ts'
import { PromptTokens, type SizedPrompt } from './prompt-tokens.ts'

/** A prompt of `bytes` bytes of text number `text`; the same text is the same prefix. */
function prompt(text: number, bytes: number, says: Partial<SizedPrompt> = {}): SizedPrompt {
  const body = Uint8Array.from({ length: bytes }, (_, at) => (Math.imul(at + 1, text * 2 + 1) >>> 8) & 0xff)
  return { model: 'm', promptBytes: bytes, images: 0, prefixHashes: prefixHashes(body, 0, bytes, 'm'), ...says }
}

const blocksOf = ({ prefixHashes: hashes }: SizedPrompt) => hashes.length / 2

describe('tokens of a prompt', () => {
  it('are a quarter of its bytes until usage says otherwise, and 1,000 an image', () => {
    const estimate = new PromptTokens().estimate(prompt(1, 4096, { images: 2 }), 0)
    expect(estimate.promptTokens).toBe(3024)
    expect(estimate.cachedTokens(16, true)).toBe(1024)
    expect(estimate.cachedTokens(0, true)).toBe(0)
  })

  it('are learned of each model by itself: what the template adds, and bytes a token', () => {
    const tokens = new PromptTokens()
    for (let text = 0; text < 500; text++) {
      const bytes = 400 + ((text * 97) % 6000)
      tokens.observed(prompt(text, bytes, { model: 'a', images: text % 2 }), 75 + bytes / 3 + (text % 2) * 1000)
    }
    const estimate = tokens.estimate(prompt(1001, 3000, { model: 'a' }), 0)
    expect(Math.abs(estimate.promptTokens - 1075)).toBeLessThan(30)
    expect(tokens.estimate(prompt(1001, 3000, { model: 'b' }), 0).promptTokens).toBe(750)
  })

  it('stay sane whatever usage says', () => {
    const usage = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0, 1e300, -5))
    fc.assert(
      fc.property(fc.array(fc.record({ bytes: fc.nat(9000), images: fc.nat(3), tokens: usage })), fc.nat(9000), (said, bytes) => {
        const tokens = new PromptTokens()
        for (const [text, { bytes: sent, images, tokens: counted }] of said.entries()) tokens.observed(prompt(text % 3, sent, { images }), counted)
        const asked = prompt(1, bytes)
        const estimate = tokens.estimate(asked, blocksOf(asked))
        expect(Number.isFinite(estimate.promptTokens) && estimate.promptTokens >= 0).toBe(true)
        let before = 0
        for (let blocks = 0; blocks <= blocksOf(asked); blocks++) {
          const cached = estimate.cachedTokens(blocks, true)
          expect(cached).toBeGreaterThanOrEqual(0)
          expect(cached).toBeLessThanOrEqual(estimate.promptTokens)
          if (blocks > 1) expect(cached).toBeGreaterThanOrEqual(before)
          before = cached
        }
      }),
    )
  })
})

it('more blocks are never fewer tokens, where an answer said far less of a text than its model does', () => {
  const tokens = new PromptTokens()
  tokens.observed(prompt(1, 6400), 5e-324)
  tokens.observed(prompt(2, 1), 1_621_065)
  const asked = prompt(1, 6401)
  const estimate = tokens.estimate(asked, blocksOf(asked))
  expect(estimate.cachedTokens(25, true)).toBeGreaterThanOrEqual(estimate.cachedTokens(24, true))
})

describe('a prompt that begins as an answered one did', () => {
  // 100 other prompts at 4 bytes a token, then one of 20 kB at 2.5.
  function taught(): PromptTokens {
    const tokens = new PromptTokens()
    for (let text = 10; text < 110; text++) tokens.observed(prompt(text, 4000 + text * 10), (4000 + text * 10) / 4)
    tokens.observed(prompt(1, 20_000), 8000)
    return tokens
  }

  it('has the tokens of the common part, and the bytes of the model for the rest', () => {
    const next = prompt(1, 24_000)
    const estimate = taught().estimate(next, 78)
    expect(Math.abs(estimate.cachedTokens(78, true) - 78 * 256 * 0.4)).toBeLessThan(100)
    expect(Math.abs(estimate.promptTokens - (8000 + 4000 / 4))).toBeLessThan(150)
    // One of another text is taken for the mean of the model.
    const other = prompt(2, 24_000)
    expect(taught().estimate(other, 0).promptTokens).toBeLessThan(7000)
  })

  it('has them where it parts in the middle, too', () => {
    // The last mark before is at block 32: eight blocks more are taken for the mean of the model.
    const estimate = taught().estimate(prompt(1, 24_000), 40)
    expect(Math.abs(estimate.cachedTokens(40, true) - 256 * (32 * 0.4 + 8 * 0.25))).toBeLessThan(150)
  })

  it('follows when the same text becomes other tokens', () => {
    const tokens = taught()
    for (let times = 0; times < 20; times++) tokens.observed(prompt(1, 20_000), 5000)
    expect(Math.abs(tokens.estimate(prompt(1, 20_000), 78).promptTokens - 5000)).toBeLessThan(200)
    expect(Math.abs(tokens.estimate(prompt(1, 20_000), 40).cachedTokens(40, true) - 2560)).toBeLessThan(200)
  })
})

it('counts what the template begins with as cached where any prompt is, and half of the block where prompts part', () => {
  const tokens = new PromptTokens()
  for (let text = 0; text < 300; text++) tokens.observed(prompt(text, 1000 + text * 10), 80 + (1000 + text * 10) / 4)
  const estimate = tokens.estimate(prompt(1000, 2000), 0)
  expect(Math.abs(estimate.cachedTokens(0, true) - 80)).toBeLessThan(40)
  expect(estimate.cachedTokens(0, false)).toBe(0)
  // 4 blocks of 256 bytes, 32 tokens of the fifth less half an engine's block of 16.
  expect(Math.abs(estimate.cachedTokens(4, true) - (80 + 256 + 32 - 8))).toBeLessThan(30)
})
