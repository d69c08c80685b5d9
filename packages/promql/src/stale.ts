/*
 * A stale marker is a NaN whose low word is 2. Prometheus writes it as the signalling NaN 7ff00000 00000002; engines quiet a
 * signalling NaN to 7ff80000 00000002 whenever it passes through arithmetic, so both forms count and the quiet one is made here.
 * The payload survives typed arrays, variables and calls; a plain array of numbers loses it.
 * SOURCE: prometheus model/value/value.go (StaleNaN).
 */

const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW

/** A value that `isStale` recognises. Store it in a typed array; it reads as NaN everywhere else. */
export function staleNaN(): number {
  const words = new Uint32Array(2)
  words[LOW] = 2
  words[HIGH] = 0x7ff80000
  return new Float64Array(words.buffer)[0] as number
}

/** Whether the value is a stale marker; false for every other NaN. */
export function isStale(value: number): boolean {
  if (!Number.isNaN(value)) return false
  const bits = new Float64Array(1)
  bits[0] = value
  const words = new Uint32Array(bits.buffer)
  return words[LOW] === 2 && ((words[HIGH] as number) & 0x7ff7ffff) === 0x7ff00000
}
