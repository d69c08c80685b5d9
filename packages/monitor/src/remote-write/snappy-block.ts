import { failure, ok, type Result } from '@signalbox/base'
import { uncompress } from 'snappyjs'

export interface BlockError {
  readonly code: 'corrupt' | 'too-large'
  readonly message: string
}

const CORRUPT: BlockError = { code: 'corrupt', message: 'the body is not a snappy block' }

/**
 * The bytes of a snappy block, in an array of their own that begins its buffer. Nothing is allocated for a block whose elements do not
 * add up to the length in its header, or whose length is over `bytesMax`: the library fills such gaps with zeros.
 * SOURCE: google/snappy format_description.txt.
 */
export function inflateBlock(block: Uint8Array, bytesMax: number): Result<Uint8Array<ArrayBuffer>, BlockError> {
  const header = readLength(block)
  if (header === undefined) return failure(CORRUPT)
  if (header.length > bytesMax) {
    return failure({ code: 'too-large', message: `the body is ${header.length} bytes once decompressed, the limit is ${bytesMax}` })
  }
  if (elementsLength(block, header.next, header.length) !== header.length) return failure(CORRUPT)
  try {
    // The library answers with the type it was given, and a Buffer may lie inside a larger one.
    return ok(uncompress(new Uint8Array(block.buffer, block.byteOffset, block.byteLength), bytesMax))
  } catch {
    // What the walk over the elements does not check: a copy from before the beginning.
    return failure(CORRUPT)
  }
}

/** The varint in front of a block: the length of what it holds, below 2^32. */
function readLength(block: Uint8Array): { readonly length: number; readonly next: number } | undefined {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return length < 2 ** 32 ? { length, next: i + 1 } : undefined
  }
  return undefined
}

/** How many bytes the elements make; -1 when the last one is cut or they make more than `lengthMax`. */
function elementsLength(block: Uint8Array, start: number, lengthMax: number): number {
  let made = 0
  let at = start
  while (at < block.length) {
    const tag = block[at] as number
    const kind = tag & 3
    at += 1
    if (kind === 0) {
      let literal = (tag >>> 2) + 1
      if (literal > 60) {
        const width = literal - 60
        if (at + width > block.length) return -1
        literal = 1
        for (let i = 0; i < width; i++) literal += (block[at + i] as number) * 2 ** (8 * i)
        at += width
      }
      at += literal
      made += literal
    } else {
      at += kind === 3 ? 4 : kind
      made += kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
    }
    if (at > block.length || made > lengthMax) return -1
  }
  return made
}
