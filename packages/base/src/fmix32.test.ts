import { expect, it } from 'vitest'
import { fmix32 } from './fmix32.ts'

it('mixes as MurmurHash3 ends', () => {
  expect([0, 1, 2, 0xffffffff].map((value) => fmix32(value) >>> 0)).toEqual([0, 0x514e28b7, 0x30f4c306, 0x81f16f39])
})
