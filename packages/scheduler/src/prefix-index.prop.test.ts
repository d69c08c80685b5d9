import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prefixHashes } from './prefix-hash.ts'
import { indexBlocksOf, PrefixIndex } from './prefix-index.ts'

const SLOTS = 3
/** Prompts over a small tree of prefixes: block i of prompt p is the path of choices up to i. */
const prompt = fc.array(fc.constantFrom('x', 'y'), { minLength: 0, maxLength: 6 })
const operation = fc.record({
  kind: fc.constantFrom('begin', 'confirm', 'withdraw', 'capacity'),
  slot: fc.nat(SLOTS - 1),
  prompt,
  capacity: fc.nat(10),
})

/** The same rules over plain maps, in recency order: last is newest. */
class Model {
  readonly blocks = new Map<string, { claims: number; confirmed: boolean }>()
  capacity = 10

  touch(paths: readonly string[], confirm: boolean): void {
    for (const path of paths.slice(0, this.capacity).reverse()) {
      const block = this.blocks.get(path) ?? { claims: 0, confirmed: false }
      if (!this.blocks.delete(path) && this.blocks.size === this.capacity) this.evict()
      this.blocks.set(path, block)
      if (confirm) block.confirmed = true
      block.claims = confirm ? Math.max(0, block.claims - 1) : block.claims + 1
    }
  }

  withdraw(paths: readonly string[]): void {
    for (const path of paths) {
      const block = this.blocks.get(path)
      if (block === undefined || block.claims === 0) continue
      block.claims -= 1
      if (block.claims === 0 && !block.confirmed) this.blocks.delete(path)
    }
  }

  evict(): void {
    this.blocks.delete(this.blocks.keys().next().value as string)
  }
}

function hashesOf(choices: readonly string[]): Uint32Array {
  const bytes = new TextEncoder().encode(choices.map((choice) => choice.repeat(256)).join(''))
  return prefixHashes(bytes, 0, bytes.length, 'm')
}

function pathsOf(choices: readonly string[]): string[] {
  return choices.map((_, at) => choices.slice(0, at + 1).join(''))
}

describe('PrefixIndex', () => {
  it('behaves as a map with recency for each slot', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), fc.nat(7), (operations, guess) => {
        // 32 nodes in 64 places: full enough for probes to meet.
        const index = new PrefixIndex({ slotsMax: SLOTS, bytesMax: 1024 })
        const models = Array.from({ length: SLOTS }, () => new Model())
        for (let slot = 0; slot < SLOTS; slot += 1) index.setCapacity(slot, 10)
        for (const { kind, slot, prompt: choices, capacity } of operations) {
          const model = models[slot]!
          if (kind === 'begin') index.begin(hashesOf(choices), slot)
          if (kind === 'confirm') index.confirm(hashesOf(choices), slot)
          if (kind === 'withdraw') index.withdraw(hashesOf(choices), slot)
          if (kind === 'capacity') index.setCapacity(slot, capacity)
          if (kind === 'begin' || kind === 'confirm') model.touch(pathsOf(choices), kind === 'confirm')
          if (kind === 'withdraw') model.withdraw(pathsOf(choices))
          if (kind === 'capacity') {
            model.capacity = capacity
            while (model.blocks.size > capacity) model.evict()
          }
          expect(index.count(slot)).toBe(model.blocks.size)
          const held = pathsOf(choices).map((path) => model.blocks.has(path))
          const longest = index.longestPrefix(hashesOf(choices), slot, guess)
          // The answer is a border between held and not held; it is the first one wherever the set is closed under prefixes.
          expect(longest === 0 || held[longest - 1]).toBe(true)
          if (!held.includes(false) || held.indexOf(false) > held.lastIndexOf(true)) expect(longest).toBe(held.filter(Boolean).length)
        }
        expect(index.size).toBe(models.reduce((sum, model) => sum + model.blocks.size, 0))
      }),
      { numRuns: 300 },
    )
  })

  it('stays within its bytes and shares them when the capacities ask for more', () => {
    const bytesMax = 1_000_000
    const index = new PrefixIndex({ slotsMax: 4, bytesMax })
    for (let slot = 0; slot < 4; slot += 1) index.setCapacity(slot, indexBlocksOf(Number.NaN))
    for (let i = 0; i < 4000; i += 1)
      index.begin(hashesOf([`${i}`, 'a', 'b', 'c', 'd'].map((text) => text.padEnd(4).slice(0, 4))).slice(0, 10), i % 4)
    expect(index.bytes).toBeLessThanOrEqual(bytesMax)
    for (let slot = 1; slot < 4; slot += 1) expect(index.capacity(slot)).toBe(index.capacity(0))
    expect(index.size).toBeLessThanOrEqual(4 * index.capacity(0))
    for (let slot = 0; slot < 4; slot += 1) index.setCapacity(slot, 0)
    expect(index.size).toBe(0)
  })

  it('keeps a block that another request claims when the one that added it fails', () => {
    const index = new PrefixIndex({ slotsMax: 1, bytesMax: 8192 })
    index.setCapacity(0, 100)
    index.begin(hashesOf(['x']), 0)
    index.begin(hashesOf(['x', 'y']), 0)
    index.withdraw(hashesOf(['x']), 0)
    expect(index.longestPrefix(hashesOf(['x', 'y']), 0)).toBe(2)
    index.withdraw(hashesOf(['x', 'y']), 0)
    expect(index.size).toBe(0)
  })

  it('holds twice the blocks of the engine, of 1M tokens when it does not say', () => {
    expect(indexBlocksOf(Number.NaN)).toBe(31_250)
    expect(indexBlocksOf(100_000)).toBe(3125)
  })
})

describe('prefixHashes', () => {
  it('gives equal pairs up to the first different block and different ones from there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 300, maxLength: 2000 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, place, flip) => {
        const changed = bytes.slice()
        const at = place % Math.floor(bytes.length / 256 + 1) < 1 ? place % 256 : place % bytes.length
        changed[at] = (changed[at] ?? 0) ^ flip
        const before = prefixHashes(bytes, 0, bytes.length, 's')
        const after = prefixHashes(changed, 0, bytes.length, 's')
        expect(before.length).toBe(Math.floor(bytes.length / 256) * 2)
        for (let block = 0; block < before.length / 2; block += 1) {
          const same = before[block * 2] === after[block * 2] && before[block * 2 + 1] === after[block * 2 + 1]
          expect(same).toBe(block < Math.floor(at / 256))
        }
      }),
    )
  })

  it('depends on the seed and not on where the bytes lie', () => {
    const bytes = new Uint8Array(1000).map((_, at) => at * 7)
    expect(prefixHashes(bytes.subarray(3), 10, 800, 'a')).toEqual(prefixHashes(bytes, 13, 803, 'a'))
    expect(prefixHashes(bytes, 0, 512, 'a')).not.toEqual(prefixHashes(bytes, 0, 512, 'b'))
  })

  it('does not collide over 200,000 blocks that differ in a few bits', () => {
    const seen = new Set<bigint>()
    const bytes = new Uint8Array(256)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < 200_000; i += 1) {
      view.setUint32((i % 64) * 4, Math.floor(i / 64) << (i % 3 === 0 ? 16 : 0), true)
      const [high = 0, low = 0] = prefixHashes(bytes, 0, 256, 's')
      seen.add((BigInt(high) << 32n) | BigInt(low))
      bytes.fill(0)
    }
    // Block value 0 is the same wherever it is written, and shifts by 16 bits repeat none of the others.
    expect(seen.size).toBe(200_000 - 63)
  })
})
