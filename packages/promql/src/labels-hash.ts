import type { Labels } from '@signalbox/base'

/*
 * xxHash64 over the labels as Prometheus lays them out: for each label its name, then its value, each after its length (one byte, or 255
 * and three bytes, low first). SOURCE: Y. Collet, xxHash specification 0.1.1; prometheus model/labels (stringlabels).
 */

const MASK = (1n << 64n) - 1n
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n
const LONG = 255

/** Where the series stands among all, in [0, 1): evenly spread, and the same wherever it is computed. */
export function sampleOffset(labels: Labels): number {
  return Number(xxHash64(encoded(labels))) / 2 ** 64
}

function encoded(labels: Labels): Uint8Array {
  const encoder = new TextEncoder()
  const bytes: number[] = []
  for (let i = 0; i < labels.size; i++) {
    for (const text of [labels.names[i] as string, labels.values[i] as string]) {
      const content = encoder.encode(text)
      if (content.length < LONG) bytes.push(content.length)
      else bytes.push(LONG, content.length & 255, (content.length >> 8) & 255, (content.length >> 16) & 255)
      for (const byte of content) bytes.push(byte)
    }
  }
  return Uint8Array.from(bytes)
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK
}

function round(accumulator: bigint, lane: bigint): bigint {
  return (rotate((accumulator + lane * P2) & MASK, 31n) * P1) & MASK
}

/** The 64-bit hash with seed 0. */
export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let hash = P5
  if (bytes.length >= 32) {
    let lanes = [(P1 + P2) & MASK, P2, 0n, -P1 & MASK]
    for (; at + 32 <= bytes.length; at += 32) lanes = lanes.map((lane, i) => round(lane, view.getBigUint64(at + 8 * i, true)))
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint]
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & MASK
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK
  }
  hash = (hash + BigInt(bytes.length)) & MASK
  for (; at + 8 <= bytes.length; at += 8) hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4) & MASK
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * P1) & MASK), 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at] as number) * P5) & MASK), 11n) * P1) & MASK
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return hash ^ (hash >> 32n)
}
