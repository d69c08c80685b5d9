import { assert, fmix32 } from '@signalbox/base'

/** Bytes of one block of the approximate prefix index. */
export const PREFIX_BLOCK_BYTES = 256

/**
 * Chained 64-bit hashes of the 256-byte blocks of `bytes[start, end)`; a partial last block is left out.
 *
 * Answers one pair (high, low) a block; pair i depends on the seed and on every byte of blocks 0..i, so
 * equal pairs mean equal prefixes under equal seeds. The seed names all that makes equal bytes different
 * prompts: model, adapter, cache salt.
 *
 *     word w (4 bytes, little endian):   a = rotl(a ^ w, *) , b = rotl(b ^ w, *)   two lanes of 32 bits
 *     end of a block:                    pair = (fmix(a + rotl(b)), fmix(b + 3a)); a and b run on
 *
 * Each lane's step (xor, odd multiplier, rotation) is a bijection of the state and of the word, so a single
 * changed word always changes both lanes, and different rotations keep one later word from mending both.
 * SOURCE: multipliers and `fmix32` of MurmurHash3_x86_32 (A. Appleby, public domain), reduced to one
 * multiplication a word and lane. Not for secrets: who forges a collision gains a wrong prediction.
 *
 * Measured (bench, Node 20, one shared core of a server): 2.7 GB/s.
 */
export function prefixHashes(bytes: Uint8Array, start: number, end: number, seed: string): Uint32Array {
  assert(start >= 0 && start <= end && end <= bytes.length, `hash range ${start}..${end} of ${bytes.length} bytes`)
  const blocks = Math.floor((end - start) / PREFIX_BLOCK_BYTES)
  const hashes = new Uint32Array(blocks * 2)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let a = 0x9747b28c ^ seed.length
  let b = 0x3c6ef372
  for (let at = 0; at < seed.length; at += 1) {
    const unit = seed.charCodeAt(at)
    a = stepA(a, unit)
    b = stepB(b, unit)
  }
  let at = start
  for (let block = 0; block < blocks; block += 1) {
    const blockEnd = at + PREFIX_BLOCK_BYTES
    for (; at < blockEnd; at += 4) {
      const word = view.getInt32(at, true)
      a = stepA(a, word)
      b = stepB(b, word)
    }
    hashes[block * 2] = fmix32(a + ((b << 16) | (b >>> 16)))
    hashes[block * 2 + 1] = fmix32(b + Math.imul(a, 3))
  }
  return hashes
}

function stepA(state: number, word: number): number {
  const mixed = Math.imul(state ^ word, 0xcc9e2d51)
  return (mixed << 15) | (mixed >>> 17)
}

function stepB(state: number, word: number): number {
  const mixed = Math.imul(state ^ word, 0x1b873593)
  return (mixed << 13) | (mixed >>> 19)
}
