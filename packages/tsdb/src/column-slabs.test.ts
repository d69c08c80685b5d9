import { describe, expect, it } from 'vitest'
import { ColumnSlabs } from './column-slabs.ts'

describe('columns', () => {
  it('do not overlap, whatever their lengths', () => {
    const slabs = new ColumnSlabs()
    const columns = [3, 600, 0, 1, 200_000, 511, 5].map((length, i) => slabs.column(length).fill(i))
    expect(columns.map((column) => column.length)).toEqual([3, 600, 0, 1, 200_000, 511, 5])
    expect(columns.every((column, i) => column.every((value) => value === i))).toBe(true)
  })

  it('come from the same memory after a rewind, and from new memory after forgetting', () => {
    const slabs = new ColumnSlabs()
    const first = slabs.column(10)
    slabs.rewind()
    const again = slabs.column(10)
    expect(again.buffer).toBe(first.buffer)
    expect(again.byteOffset).toBe(first.byteOffset)
    slabs.forget()
    expect(slabs.column(10).buffer).not.toBe(first.buffer)
  })

  it('beyond what is kept are memory of their own each time', () => {
    const slabs = new ColumnSlabs()
    const large = () => slabs.column(9_000_000).buffer
    const [kept, beyond] = [large(), large()]
    slabs.rewind()
    expect(large()).toBe(kept)
    expect(large()).not.toBe(beyond)
  })
})
