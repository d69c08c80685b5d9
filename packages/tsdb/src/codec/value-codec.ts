import { assert } from '@signalbox/base'

/*
 * Columns of numbers as bytes: docs/formats/block.md draws them. Everything is aligned to bytes or divides them evenly: a bit stream
 * as of Facebook's Gorilla decodes five times slower here. Chosen by size for each column; ties go to what decodes faster.
 */

const CONSTANT = 0
const RAW = 1
const XOR = 2
const DELTAS = 16
const PACKED_1 = 24
const PACKED_2 = 32
const PACKED_4 = 40

const POWERS = [1, 10, 100, 1_000, 10_000] as const
/** Integers below it have exact differences that fit a zigzag varint. */
const INTEGER_MAX = 2 ** 51

/** Most values of one column. */
export const COLUMN_LENGTH_MAX = 480
/** An encoded column of `n` values is at most so many bytes. */
export function encodedBytesMax(n: number): number {
  return 9 + 9 * n
}

const doubles = new Float64Array(COLUMN_LENGTH_MAX)
const words = new Uint32Array(doubles.buffer)
/** Zigzag differences of the column in hand; the first is the first value. */
const differences = new Float64Array(COLUMN_LENGTH_MAX)

/** Writes `values[0..n)` at `at` of `out`, which has room for `encodedBytesMax(n)`; answers the end. Every bit comes back. */
export function encodeValues(values: Float64Array, n: number, out: Uint8Array, at: number): number {
  assert(n > 0 && n <= COLUMN_LENGTH_MAX, 'a column has 1 to 480 values')
  for (let i = 0; i < n; i++) doubles[i] = values[i] as number
  if (isConstant(n)) {
    out[at] = CONSTANT
    return putDouble(0, out, at + 1)
  }
  const power = decimalPower(n)
  if (power >= 0) return encodeIntegers(power, n, out, at)
  const end = encodeXor(n, out, at)
  if (end <= at + 1 + 8 * n) return end
  out[at] = RAW
  let next = at + 1
  for (let i = 0; i < n; i++) next = putDouble(i, out, next)
  return next
}

function isConstant(n: number): boolean {
  const low = words[0]
  const high = words[1]
  for (let i = 1; i < n; i++) if (words[2 * i] !== low || words[2 * i + 1] !== high) return false
  return true
}

function putDouble(index: number, out: Uint8Array, at: number): number {
  const low = words[2 * index] as number
  const high = words[2 * index + 1] as number
  for (let i = 0; i < 4; i++) {
    out[at + i] = low >>> (8 * i)
    out[at + 4 + i] = high >>> (8 * i)
  }
  return at + 8
}

/** The least p for which every value is an integer over 10^p, bit for bit; leaves the zigzag differences behind. -1: there is none. */
function decimalPower(n: number): number {
  for (let i = 0; i < n; i++) {
    const value = doubles[i] as number
    if (!(Math.abs(value) < INTEGER_MAX) || (value === 0 && words[2 * i + 1] !== 0)) return -1
  }
  return POWERS.findIndex((power) => scaled(power, n))
}

/** The values are no NaN, infinity or negative zero. */
function scaled(power: number, n: number): boolean {
  let previous = 0
  for (let i = 0; i < n; i++) {
    const value = doubles[i] as number
    const integer = Math.round(value * power)
    if (!(integer < INTEGER_MAX && integer > -INTEGER_MAX) || integer / power !== value) return false
    const difference = integer - previous
    differences[i] = difference < 0 ? -2 * difference - 1 : 2 * difference
    previous = integer
  }
  return true
}

function encodeIntegers(power: number, n: number, out: Uint8Array, at: number): number {
  let largest = 0
  let varintBytes = 0
  for (let i = 1; i < n; i++) {
    const difference = differences[i] as number
    if (difference > largest) largest = difference
    varintBytes += difference < 128 ? 1 : difference < 16_384 ? 2 : 3
  }
  const bits = largest < 2 ? 1 : largest < 4 ? 2 : largest < 16 ? 4 : 8
  if (bits === 8 || varintBytes <= Math.ceil(((n - 1) * bits) / 8)) {
    out[at] = DELTAS + power
    let next = at + 1
    for (let i = 0; i < n; i++) next = putVarint(differences[i] as number, out, next)
    return next
  }
  out[at] = (bits === 1 ? PACKED_1 : bits === 2 ? PACKED_2 : PACKED_4) + power
  let next = putVarint(differences[0] as number, out, at + 1)
  const perByte = 8 / bits
  for (let i = 1; i < n; i += perByte) {
    let byte = 0
    for (let k = 0; k < perByte && i + k < n; k++) byte |= (differences[i + k] as number) << (k * bits)
    out[next++] = byte
  }
  return next
}

function putVarint(value: number, out: Uint8Array, at: number): number {
  let rest = value
  let next = at
  while (rest > 0x7fffffff) {
    out[next++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  while (rest > 127) {
    out[next++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[next] = rest
  return next + 1
}

function encodeXor(n: number, out: Uint8Array, at: number): number {
  out[at] = XOR
  let next = putDouble(0, out, at + 1)
  for (let i = 1; i < n; i++) {
    const low = (words[2 * i] as number) ^ (words[2 * i - 2] as number)
    const high = (words[2 * i + 1] as number) ^ (words[2 * i - 1] as number)
    const above = (high === 0 ? 32 + Math.clz32(low) : Math.clz32(high)) >>> 3
    const below = (low === 0 ? 32 + zerosBelow(high) : zerosBelow(low)) >>> 3
    const count = above === 8 ? 0 : 8 - above - below
    out[next++] = above * 16 + count
    for (let k = 0; k < count; k++) {
      const byte = below + k
      out[next++] = byte < 4 ? low >>> (8 * byte) : high >>> (8 * (byte - 4))
    }
  }
  return next
}

function zerosBelow(word: number): number {
  return word === 0 ? 32 : 31 - Math.clz32(word & -word)
}

/** One encoded column: `bytes` in `[at, end)`. */
export interface EncodedSpan {
  readonly bytes: Uint8Array
  readonly at: number
  readonly end: number
}

/**
 * Reads the `n` values of `span` into `target` from `to`. False when the bytes are none of ours: `target` then holds
 * anything. Reads nothing beyond `end` that it trusts, and takes time in proportion to `n` whatever the bytes are.
 */
export function decodeValues(span: EncodedSpan, n: number, target: Float64Array, to: number): boolean {
  const { bytes, at, end } = span
  if (at >= end || n < 1 || n > COLUMN_LENGTH_MAX || to + n > target.length) return false
  const kind = bytes[at] as number
  switch (kind) {
    case CONSTANT:
      if (end - at !== 9) return false
      takeDouble(bytes, at + 1, 0)
      target.fill(doubles[0] as number, to, to + n)
      return true
    case RAW:
      if (end - at !== 1 + 8 * n) return false
      for (let i = 0; i < n; i++) takeDouble(bytes, at + 1 + 8 * i, i)
      target.set(n === COLUMN_LENGTH_MAX ? doubles : doubles.subarray(0, n), to)
      return true
    case XOR:
      return decodeXor(bytes, at + 1, end, n) && copied(n, target, to)
    default:
      return decodeIntegers(span, n, target, to)
  }
}

function copied(n: number, target: Float64Array, to: number): true {
  for (let i = 0; i < n; i++) target[to + i] = doubles[i] as number
  return true
}

function takeDouble(bytes: Uint8Array, at: number, index: number): void {
  words[2 * index] = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
  words[2 * index + 1] =
    (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8) | ((bytes[at + 6] as number) << 16) | ((bytes[at + 7] as number) << 24)
}

function decodeXor(bytes: Uint8Array, start: number, end: number, n: number): boolean {
  if (start + 8 > end) return false
  takeDouble(bytes, start, 0)
  let at = start + 8
  for (let i = 1; i < n; i++) {
    const control = bytes[at++] as number
    const above = control >>> 4
    const count = control & 15
    if (above + count > 8 || at + count > end) return false
    let low = words[2 * i - 2] as number
    let high = words[2 * i - 1] as number
    const below = 8 - above - count
    for (let k = 0; k < count; k++) {
      const byte = below + k
      if (byte < 4) low ^= (bytes[at + k] as number) << (8 * byte)
      else high ^= (bytes[at + k] as number) << (8 * (byte - 4))
    }
    words[2 * i] = low
    words[2 * i + 1] = high
    at += count
  }
  return at === end
}

function decodeIntegers(span: EncodedSpan, n: number, target: Float64Array, to: number): boolean {
  const { bytes, at: start, end } = span
  const kind = bytes[start] as number
  const power = POWERS[kind & 7]
  if (power === undefined || kind < DELTAS || kind >= PACKED_4 + POWERS.length) return false
  const bits = kind < PACKED_1 ? 0 : kind < PACKED_2 ? 1 : kind < PACKED_4 ? 2 : 4
  let at = start + 1
  let integer = 0
  const varints = bits === 0 ? n : 1
  for (let i = 0; i < varints; i++) {
    let byte = bytes[at++] as number
    let difference = byte & 127
    for (let scale = 128; byte >= 128; scale *= 128) {
      if (at >= end) return false
      byte = bytes[at++] as number
      difference += (byte & 127) * scale
    }
    integer += difference % 2 === 0 ? difference / 2 : -(difference + 1) / 2
    target[to + i] = integer / power
  }
  if (bits === 0) return at === end
  if (end - at !== Math.ceil(((n - 1) * bits) / 8)) return false
  const mask = (1 << bits) - 1
  for (let i = 1, shift = 0; i < n; i++) {
    const difference = ((bytes[at] as number) >>> shift) & mask
    integer += difference & 1 ? -((difference + 1) >>> 1) : difference >>> 1
    target[to + i] = integer / power
    shift += bits
    if (shift === 8) {
      shift = 0
      at += 1
    }
  }
  return true
}
