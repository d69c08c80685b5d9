import { expect, it } from 'vitest'
import { promptPrefix } from './prompt-prefix.ts'
import { RequestScanner } from './request-scanner.ts'

const scanner = new RequestScanner()

function hashesOf(request: object) {
  const body = Buffer.from(JSON.stringify(request))
  const scanned = scanner.scan(body)
  if (!scanned.ok) throw new Error(scanned.error.message)
  return promptPrefix(body, scanned.value)
}

const turn = (content: unknown) => ({ role: 'user', content })
const text = (seed: number, length: number) => Array.from({ length }, (_, i) => String.fromCharCode(97 + ((i * seed) % 26))).join('')

it('shares the leading blocks of a conversation and its continuation', () => {
  const first = hashesOf({ model: 'm', messages: [turn(text(3, 2000))] })
  const second = hashesOf({ temperature: 1, model: 'm', messages: [turn(text(3, 2000)), turn(text(5, 700))] })
  expect(first.prefixHashes.length).toBe(2 * Math.floor(first.promptBytes / 256))
  const shared = Math.floor(2000 / 256)
  expect([...second.prefixHashes.subarray(0, 2 * shared)]).toEqual([...first.prefixHashes.subarray(0, 2 * shared)])
  expect(new Set(second.prefixHashes).size).toBe(second.prefixHashes.length)
})

it('starts another chain for another model, other tools or another salt', () => {
  const prompt = { model: 'm', prompt: text(7, 600) }
  const starts = [prompt, { ...prompt, model: 'n' }, { ...prompt, tools: [1] }, { ...prompt, cache_salt: 's' }].map(
    (request) => hashesOf(request).prefixHashes[0],
  )
  expect(new Set(starts).size).toBe(4)
})

it('begins with the tools, which conversations share whatever is said', () => {
  const tools = [{ type: 'function', function: { name: 'signal', description: text(11, 2000) } }]
  const one = hashesOf({ model: 'm', messages: [turn(text(3, 700))], tools })
  const other = hashesOf({ model: 'm', tools, messages: [turn(text(5, 700))] })
  expect(one.promptBytes).toBe(JSON.stringify(tools).length + JSON.stringify([turn(text(3, 700))]).length)
  const shared = 2 * Math.floor(JSON.stringify(tools).length / 256)
  expect(shared).toBeGreaterThan(10)
  expect([...one.prefixHashes.subarray(0, shared)]).toEqual([...other.prefixHashes.subarray(0, shared)])
  const none = hashesOf({ model: 'm', messages: [turn(text(3, 700))] })
  expect(none.prefixHashes[0]).not.toBe(one.prefixHashes[0])
  for (const empty of [null, []]) expect(hashesOf({ model: 'm', messages: [turn(text(3, 700))], tools: empty })).toEqual(none)
})

it('leaves inline images out of the bytes, and tells one image from another', () => {
  const image = (seed: number) => ({ type: 'image_url', image_url: { url: `data:image/png;base64,${text(seed, 10_000)}` } })
  const content = (seed: number) => [image(seed), { type: 'text', text: text(3, 1000) }]
  const one = hashesOf({ model: 'm', messages: [turn(content(3))] })
  const other = hashesOf({ model: 'm', messages: [turn(content(5))] })
  expect(one.promptBytes).toBeLessThan(1200)
  expect(one.prefixHashes[0]).not.toBe(other.prefixHashes[0])
  expect(hashesOf({ model: 'm', messages: [turn(content(3))] }).prefixHashes).toEqual(one.prefixHashes)
})
