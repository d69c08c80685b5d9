import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BlockIndex } from './block-index.ts'

it('finds what a Map finds, whatever collides', () => {
  // Eight homes for the hashes of 30 blocks: long runs, which wrap around the end of the table.
  const hash = fc.tuple(fc.nat(3), fc.constantFrom(0, 1, 2, 60, 61, 62, 63)).map(([high, low]) => high * 0x1_0000_0000 + low)
  fc.assert(
    fc.property(fc.array(fc.record({ set: fc.boolean(), block: fc.integer({ min: 1, max: 29 }), hash }), { maxLength: 200 }), (operations) => {
      const hashes = new Float64Array(30).fill(Number.NaN)
      const index = new BlockIndex(hashes)
      const model = new Map<number, number>()
      for (const operation of operations) {
        const { block } = operation
        if (operation.set && Number.isNaN(hashes[block])) {
          const holder = model.get(operation.hash)
          hashes[block] = operation.hash
          index.set(block)
          model.set(operation.hash, block)
          if (holder !== undefined) hashes[holder] = Number.NaN
        } else if (!operation.set && model.has(operation.hash)) {
          index.delete(operation.hash)
          hashes[model.get(operation.hash) as number] = Number.NaN
          model.delete(operation.hash)
        }
        for (const each of operations) expect(index.find(each.hash)).toBe(model.get(each.hash) ?? 0)
      }
      index.clear()
      for (const each of operations) expect(index.find(each.hash)).toBe(0)
    }),
  )
})
