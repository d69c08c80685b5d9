import { expect, it } from 'vitest'
import { crc32 } from './crc32.ts'

const bytes = new TextEncoder().encode('123456789')

it('is the CRC-32 that everyone has, with its published check value', () => {
  expect(crc32(bytes)).toBe(0xcbf43926)
  expect(crc32(new Uint8Array())).toBe(0)
})

it('goes on where a former one ended, wherever the cut is', () => {
  const long = Uint8Array.from({ length: 100 }, (_, i) => i * 7)
  for (let cut = 0; cut <= long.length; cut++) expect(crc32(long, crc32(long, 0, 0, cut), cut)).toBe(crc32(long))
})
