import { bench, describe } from 'vitest'
import { decodeBatch } from './decode-batch.ts'
import { encodeBatch } from './encode-batch.ts'
import type { KvEventBatch } from './kv-event.ts'

const BLOCKS = 128
const BLOCK_TOKENS = 16

/** What a step that computes 2,048 prompt tokens tells. */
const batch: KvEventBatch = {
  ts: 1_700_000_000.5,
  events: [
    {
      type: 'stored',
      hashes: Array.from({ length: BLOCKS }, (_, index) => BigInt(index + 1) * 0x1f_1234_5678_9abcn),
      parent: 7n,
      tokens: Array.from({ length: BLOCKS * BLOCK_TOKENS }, (_, index) => (index * 7919) % 100_000),
      blockTokens: BLOCK_TOKENS,
      adapter: undefined,
      medium: 'GPU',
    },
  ],
  dataParallelRank: 0,
}

describe('a batch of 128 blocks of 16 tokens', () => {
  for (const [encoding, hashes] of [
    ['array', 'int'],
    ['map', 'bytes'],
  ] as const) {
    const payload = encodeBatch(batch, encoding, hashes)
    let bytes = 0
    bench(`encode, ${encoding}, hashes as ${hashes} (${payload.length} bytes)`, () => {
      bytes += encodeBatch(batch, encoding, hashes).length
    })
    bench(`decode, ${encoding}, hashes as ${hashes}`, () => {
      const decoded = decodeBatch(payload)
      if (!decoded.ok || bytes < 0) throw new Error('no batch')
    })
  }
})
