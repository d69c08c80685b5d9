import { Buffer } from 'node:buffer'
import type { ScannedRequest, Span } from './scanned-fields.ts'

/** Bytes of prompt a block covers; the scheduler's approximate index counts in the same blocks. */
export const prefixBlockBytes = 256
/** 64 MB of prompt; what is longer shares its first 262,144 blocks. */
const blocksMax = 262_144
const imageSamples = 64

export interface PromptPrefix {
  /** Bytes of the prompt as sent, inline images left out. */
  readonly promptBytes: number
  /** As `RequestSummary.prefixHashes` describes. */
  readonly prefixHashes: Uint32Array
}

/**
 * Chained hashes of a scanned body's prompt. An inline image stands in the hashed text as sixteen characters of its own
 * hash, so that another image is another prefix without a megabyte of base64 filling the index.
 */
export function hashPrompt(body: Buffer, scanned: ScannedRequest): PromptPrefix {
  const { prompt, images } = scanned
  if (prompt === undefined) return { promptBytes: 0, prefixHashes: noHashes }
  const chain = new HashChain()
  chain.mixText(scanned.model ?? '')
  if (scanned.tools !== undefined) chain.mix(body, scanned.tools.start, scanned.tools.end)
  if (scanned.cacheSalt !== undefined) chain.mix(body, scanned.cacheSalt.start, scanned.cacheSalt.end)
  if (images.length === 0) {
    return { promptBytes: prompt.end - prompt.start, prefixHashes: chain.blocks(body, prompt.start, prompt.end) }
  }
  const text = withoutImages(body, prompt, images)
  return { promptBytes: text.length - 16 * images.length, prefixHashes: chain.blocks(text, 0, text.length) }
}

const noHashes = new Uint32Array(0)

function withoutImages(body: Buffer, prompt: Span, images: readonly Span[]): Buffer {
  const pieces: Buffer[] = []
  let from = prompt.start
  for (const image of images) {
    pieces.push(body.subarray(from, image.start), imageHash(body, image))
    from = image.end
  }
  pieces.push(body.subarray(from, prompt.end))
  return Buffer.concat(pieces)
}

/** Of its length, its first and last kilobyte and words spread over the rest: compressed bytes differ everywhere. */
function imageHash(body: Buffer, { start, end }: Span): Buffer {
  const chain = new HashChain()
  chain.mixText(String(end - start))
  chain.mix(body, start, Math.min(end, start + 1024))
  chain.mix(body, Math.max(start, end - 1024), end)
  const stride = Math.floor((end - start) / imageSamples)
  if (stride > 16) {
    for (let at = start; at + 8 <= end; at += stride) chain.mix(body, at, at + 8)
  }
  return Buffer.from(chain.hex(), 'latin1')
}

/**
 * Two 32-bit lanes, each a MurmurHash3 x86_32 body (A. Appleby, public domain) with its own seed and multiplier, chained
 * over everything mixed in; 64 bits together, about 1 ns a byte. Not for adversaries: a collision costs a bad prediction.
 */
class HashChain {
  #a = 0x9747b28c
  #b = 0x3c6ef372

  mixText(text: string): void {
    const bytes = Buffer.from(text)
    this.mix(bytes, 0, bytes.length)
  }

  mix(bytes: Buffer, start: number, end: number): void {
    let a = this.#a
    let b = this.#b
    let at = start
    for (; at + 4 <= end; at += 4) {
      const word = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
      let x = Math.imul(word, 0xcc9e2d51)
      x = Math.imul((x << 15) | (x >>> 17), 0x1b873593)
      a ^= x
      a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0
      let y = Math.imul(word, 0x85ebca6b)
      y = Math.imul((y << 16) | (y >>> 16), 0xc2b2ae35)
      b ^= y
      b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x38495ab5) | 0
    }
    for (; at < end; at++) {
      a = Math.imul(a ^ (bytes[at] as number), 0x01000193)
      b = Math.imul(b ^ (bytes[at] as number), 0x01000197)
    }
    this.#a = a ^ (end - start)
    this.#b = b ^ (end - start)
  }

  /** The chain's value after each whole block of the range, as (high, low) pairs. */
  blocks(bytes: Buffer, start: number, end: number): Uint32Array {
    const count = Math.min(blocksMax, Math.floor((end - start) / prefixBlockBytes))
    const hashes = new Uint32Array(2 * count)
    for (let i = 0; i < count; i++) {
      const from = start + i * prefixBlockBytes
      this.mix(bytes, from, from + prefixBlockBytes)
      hashes[2 * i] = finish(this.#a)
      hashes[2 * i + 1] = finish(this.#b)
    }
    return hashes
  }

  /** Sixteen hexadecimal digits. */
  hex(): string {
    return (finish(this.#a) >>> 0).toString(16).padStart(8, '0') + (finish(this.#b) >>> 0).toString(16).padStart(8, '0')
  }
}

/** MurmurHash3's last avalanche. */
function finish(lane: number): number {
  let h = lane
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
