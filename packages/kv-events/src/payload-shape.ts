import type { KvEventError } from './kv-event.ts'
import { limits } from './kv-event.ts'

/**
 * Whether `bytes` are one whole MessagePack value within the limits; undefined when they are. Walks over the heads alone and allocates
 * nothing, so that what decodes afterwards never allocates more than the bytes bear out: each element of a container is at
 * least one byte, and the elements still to come of all open containers must fit what is left. SOURCE: the MessagePack specification.
 */
export function shapeProblem(bytes: Uint8Array): KvEventError | undefined {
  if (bytes.length > limits.payloadBytes) {
    return { code: 'too-large', message: `the payload has ${bytes.length} bytes, ${limits.payloadBytes} are allowed` }
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  /** Values still to come: of each open container, and of all. */
  const open = new Float64Array(limits.depth + 1)
  open[0] = 1
  let depth = 0
  let pending = 1
  let at = 0
  while (depth >= 0) {
    if (open[depth] === 0) {
      depth -= 1
      continue
    }
    if (at >= bytes.length) return malformed(at, 'it is cut short')
    open[depth] = (open[depth] as number) - 1
    pending -= 1
    const head = bytes[at] as number
    const skipped = skip(view, at, head)
    if (skipped === undefined) return malformed(at, head === 0xc1 ? 'no value begins with c1' : 'it is cut short')
    at = skipped.end
    if (at > bytes.length) return malformed(bytes.length, 'it is cut short')
    if (skipped.values === 0) continue
    pending += skipped.values
    if (pending > bytes.length - at) return malformed(at, `${pending} values are announced and ${bytes.length - at} bytes left`)
    if (depth === limits.depth) return { code: 'too-large', message: `the payload is nested more than ${limits.depth} deep` }
    depth += 1
    open[depth] = skipped.values
  }
  return at === bytes.length ? undefined : malformed(at, `${bytes.length - at} bytes follow the batch`)
}

function malformed(at: number, what: string): KvEventError {
  return { code: 'malformed', message: `the payload is not MessagePack: at byte ${at}, ${what}` }
}

interface Skipped {
  /** Offset after the value or, of a container, after its head. */
  end: number
  /** Elements of a container; a map has two an entry. */
  values: number
}

/** The value at `at`; undefined: there is none, or its head is cut short. */
function skip(view: DataView, at: number, head: number): Skipped | undefined {
  if (head < 0x80 || head >= 0xe0) return { end: at + 1, values: 0 }
  if (head < 0x90) return { end: at + 1, values: 2 * (head & 0x0f) }
  if (head < 0xa0) return { end: at + 1, values: head & 0x0f }
  if (head < 0xc0) return { end: at + 1 + (head & 0x1f), values: 0 }
  if (head <= 0xc3) return head === 0xc1 ? undefined : { end: at + 1, values: 0 }
  const fixed = FIXED[head - 0xc4] as number
  if (fixed > 0) return { end: at + fixed, values: 0 }
  const width = WIDTH[head - 0xc4] as number
  if (at + 1 + width > view.byteLength) return undefined
  const length = width === 1 ? view.getUint8(at + 1) : width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1)
  const body = at + 1 + width
  if (head >= 0xdc) return { end: body, values: head >= 0xde ? 2 * length : length }
  // Extensions have a byte for their type.
  return { end: body + length + (head >= 0xc7 && head <= 0xc9 ? 1 : 0), values: 0 }
}

// Heads c4 to df:        bin        ext        f32 f64 uint         int          fixext              str        array map
const FIXED: readonly number[] = [0, 0, 0, 0, 0, 0, 5, 9, 2, 3, 5, 9, 2, 3, 5, 9, 3, 4, 6, 10, 18, 0, 0, 0, 0, 0, 0, 0]
const WIDTH: readonly number[] = [1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4]
