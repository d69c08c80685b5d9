/**
 * The chained identity of a KV block: H(identity of the block before it, its own tokens), so that two
 * equal hashes mean two equal prefixes. 53 bits, which a double holds exactly and a Map takes as a
 * key: among 10^6 blocks the chance of any collision is 6e-5, and one costs a wrong hit in a simulation.
 *
 *     cacheSeed -> H0(tokens 0..15) -> H1(tokens 16..31) -> ...
 *
 * Two 32-bit multiply-xor lanes with Murmur3's finalizer constants. The chain and the place of the
 * seed are vLLM's (`reference/vllm.md` §4).
 */
export function chainHash(parent: number, tokens: ArrayLike<number>, from: number, to: number): number {
  let low = parent >>> 0
  let high = Math.floor(parent / 0x1_0000_0000)
  for (let i = from; i < to; i++) {
    const token = tokens[i] as number
    low = Math.imul(low ^ token, 0x85eb_ca6b)
    low ^= low >>> 15
    high = Math.imul(high ^ token ^ (low << 7), 0xc2b2_ae35)
    high ^= high >>> 13
  }
  low = Math.imul(low ^ (high >>> 16), 0xc2b2_ae35)
  low ^= low >>> 13
  high = Math.imul(high ^ (low >>> 15), 0x85eb_ca6b)
  high ^= high >>> 16
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0)
}

/** Where the chain of a `cacheSeed` starts. */
export function seedHash(cacheSeed: string): number {
  const bytes = new TextEncoder().encode(cacheSeed)
  return chainHash(bytes.length, bytes, 0, bytes.length)
}

/** 53 bits that stand for a whole run of tokens. */
export function hashTokens(tokens: ArrayLike<number>, seed = 0): number {
  return chainHash(seed, tokens, 0, tokens.length)
}
