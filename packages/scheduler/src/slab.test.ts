import { expect, it } from 'vitest'
import { Slab } from './slab.ts'

it('gives every caller zeros that nobody else writes, across slabs and for pieces of any size', () => {
  const slab = new Slab()
  const pieces = Array.from({ length: 400 }, (_, at) => slab.take([3, 69, 1024, 1500][at % 4] as number))
  for (const [at, piece] of pieces.entries()) {
    expect(piece.every((value) => value === 0)).toBe(true)
    piece.fill(at + 1)
  }
  for (const [at, piece] of pieces.entries()) expect(piece.every((value) => value === at + 1)).toBe(true)
})

it('copies the first values and no more', () => {
  const source = Float64Array.of(1, Number.NaN, 3, 4)
  const copied = new Slab().copy(source, 3)
  source.fill(9)
  expect([...copied]).toEqual([1, Number.NaN, 3])
})
