import { expect, test } from 'vitest'
import { bytesOf, promptOf, segmentTokens, tokenBytesMax, tokensOf } from './index.ts'

test('equal ids are equal tokens, position by position, and a shorter run begins a longer one', () => {
  const long = tokensOf(promptOf([{ id: 7, tokens: 100 }]))
  const short = segmentTokens([{ id: 7, tokens: 40 }])
  expect([...short]).toEqual([...long.subarray(0, 40)])
})

test('tokens of different segments, neighbours and those of high ids among them, do not meet', () => {
  const ids = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 1]
  const seen = new Set<number>()
  for (const id of ids) for (const token of segmentTokens([{ id, tokens: 1000 }])) seen.add(token)
  // 7,000 draws of 32 bits: about 0.006 expected collisions.
  expect(seen.size).toBe(ids.length * 1000)
})

test('equal beginnings of prompts are equal bytes, about 4.4 a token, and different ones differ', () => {
  const shared = { id: 1, tokens: 2000 }
  const a = bytesOf(promptOf([shared, { id: 2, tokens: 500 }]))
  const b = bytesOf(promptOf([shared, { id: 3, tokens: 500 }]))
  const common = bytesOf(promptOf([shared])).length
  expect(a.subarray(0, common)).toEqual(b.subarray(0, common))
  expect(a.subarray(common)).not.toEqual(b.subarray(common))
  expect(common / 2000).toBeGreaterThan(4.2)
  expect(common / 2000).toBeLessThan(4.6)
})

test('the pseudo-text has 256 words of 1 to 6 letters, each after a space', () => {
  const text = new TextDecoder().decode(bytesOf(promptOf([{ id: 5, tokens: 50_000 }])))
  expect(text).toMatch(/^( [a-z]{1,6})+$/)
  expect(new Set(text.trim().split(' ')).size).toBe(256)
})

test('a buffer that is large enough is used', () => {
  const prompt = promptOf([{ id: 9, tokens: 30 }])
  const buffer = new Uint8Array(30 * tokenBytesMax)
  expect(bytesOf(prompt, buffer).buffer).toBe(buffer.buffer)
  expect(bytesOf(prompt, new Uint8Array(10))).toEqual(bytesOf(prompt))
})
