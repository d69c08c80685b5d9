import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlockPool } from './block-pool.ts'

describe('BlockPool', () => {
  it('hands out the least recently freed block first', () => {
    const pool = new BlockPool(4)
    const [a, b, c] = [pool.allocate(), pool.allocate(), pool.allocate()]
    for (const block of [b, c, a]) pool.release(block)
    expect([pool.allocate(), pool.allocate(), pool.allocate()]).toEqual([b, c, a])
  })

  it('keeps the content of a free block until it is handed out again', () => {
    const pool = new BlockPool(3)
    const block = pool.allocate()
    pool.publish(block, 77)
    pool.release(block)
    expect(pool.find(77)).toBe(block)
    pool.allocate()
    expect(pool.find(77)).toBe(block)
    expect(pool.allocate()).toBe(block)
    expect(pool.find(77)).toBe(0)
  })

  it('takes a block that is held again out of the order of reuse', () => {
    const pool = new BlockPool(4)
    const [a, b, c] = [pool.allocate(), pool.allocate(), pool.allocate()]
    for (const block of [a, b, c]) pool.release(block)
    pool.retain(a)
    expect(pool.allocate()).toBe(b)
    pool.release(a)
    expect([pool.allocate(), pool.allocate(), pool.freeBlocks]).toEqual([c, a, 0])
  })

  it('finds another block of equal content when the first is reused', () => {
    const pool = new BlockPool(4)
    const [a, b, c] = [pool.allocate(), pool.allocate(), pool.allocate()]
    for (const block of [a, b, c]) pool.publish(block, 5)
    pool.release(a)
    expect(pool.allocate()).toBe(a)
    expect([b, c]).toContain(pool.find(5))
    pool.release(b)
    pool.release(c)
    pool.allocate()
    expect(pool.find(5)).toBe(c)
    pool.allocate()
    expect(pool.find(5)).toBe(0)
  })

  it('behaves as a plain list of free blocks and a plain table of contents', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('allocate', 'retain', 'release', 'publish'), fc.nat(8), fc.nat(3)), { maxLength: 200 }),
        (steps) => {
          const pool = new BlockPool(9)
          const free = [1, 2, 3, 4, 5, 6, 7, 8]
          const held = new Map<number, number>()
          const content = new Map<number, number>()
          for (const [step, block, hash] of steps) {
            const holders = held.get(block) ?? 0
            if (step === 'allocate' && free.length > 0) {
              const expected = free.shift() as number
              content.delete(expected)
              held.set(expected, 1)
              expect(pool.allocate()).toBe(expected)
            } else if (step === 'retain' && block > 0) {
              if (holders === 0) free.splice(free.indexOf(block), 1)
              held.set(block, holders + 1)
              pool.retain(block)
            } else if (step === 'release' && holders > 0) {
              held.set(block, holders - 1)
              if (holders === 1) free.push(block)
              pool.release(block)
            } else if (step === 'publish' && holders > 0 && !content.has(block)) {
              content.set(block, hash)
              pool.publish(block, hash)
            }
            expect(pool.freeBlocks).toBe(free.length)
            for (let h = 0; h <= 3; h++) {
              const blocks = [...content].filter(([, stored]) => stored === h).map(([at]) => at)
              if (blocks.length === 0) expect(pool.find(h)).toBe(0)
              else expect(blocks).toContain(pool.find(h))
            }
          }
        },
      ),
    )
  })
})
