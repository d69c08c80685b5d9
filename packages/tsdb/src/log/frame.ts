import type { ByteWriter } from '../codec/byte-writer.ts'
import { crc32 } from '../codec/crc32.ts'
import type { Disk } from '../ports.ts'

// Frames of segments and snapshots: docs/formats/wal.md draws them.

export const FRAME_SERIES = 1
export const FRAME_SCRAPE = 2
export const FRAME_COLUMNS = 3
export const FRAME_SAMPLES = 4
export const FRAME_END = 5

const FILE_HEADER_BYTES = 16
const FRAME_HEADER_BYTES = 8

/** Type and payload of one frame. A writer closes its frame long before. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024

/** Read at once; a frame may take several. */
const READ_BYTES = 4 * 1024 * 1024

export type FileKind = 'SBWAL\0\0\u0001' | 'SBSNAP\0\u0001'
export const SEGMENT: FileKind = 'SBWAL\0\0\u0001'
export const SNAPSHOT: FileKind = 'SBSNAP\0\u0001'

/** Writes a file's first bytes; answers what the checksums of its frames begin from. */
export function writeFileHeader(writer: ByteWriter, kind: FileKind, number: number): number {
  const start = writer.length
  for (let i = 0; i < kind.length; i++) writer.u8(kind.charCodeAt(i))
  writer.f64(number)
  return crc32(writer.bytes, 0, start)
}

/** Begins a frame at the writer's end; `endFrame` takes the answer. */
export function beginFrame(writer: ByteWriter, type: number): number {
  const start = writer.length
  writer.u32(0)
  writer.u32(0)
  writer.u8(type)
  return start
}

export function endFrame(writer: ByteWriter, start: number, seed: number): void {
  writer.u32At(start, writer.length - start - FRAME_HEADER_BYTES)
  writer.u32At(start + 4, crc32(writer.bytes, seed, start + FRAME_HEADER_BYTES))
}

/** Gives whole frames that were made for another file the checksums of this one. */
export function reseedFrames(frames: Uint8Array, seed: number): void {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength)
  for (let at = 0; at < frames.length; ) {
    const end = at + FRAME_HEADER_BYTES + view.getUint32(at, true)
    view.setUint32(at + 4, crc32(frames, seed, at + FRAME_HEADER_BYTES, end), true)
    at = end
  }
}

/** Why reading a file ended before its end, and where. */
export interface FrameDamage {
  readonly code: 'unreadable' | 'header' | 'cut-short' | 'checksum' | 'content'
  readonly offset: number
}

/**
 * Reads a file frame by frame until its end, the first frame that is not sound, or one that `onFrame` answers false to: it is
 * not what its checksum says. Undefined: all of it was sound. The bytes given are valid during the call.
 */
export function readFrames(
  disk: Disk,
  file: { readonly name: string; readonly kind: FileKind; readonly number: number },
  onFrame: (type: number, bytes: Uint8Array) => boolean,
): FrameDamage | undefined {
  const size = disk.size(file.name)
  if (!size.ok) return { code: 'unreadable', offset: 0 }
  let window = new Uint8Array(0)
  let windowAt = 0
  const ensure = (offset: number, length: number): boolean => {
    if (offset + length <= windowAt + window.length) return true
    const read = disk.read(file.name, offset, Math.max(length, READ_BYTES))
    if (!read.ok || read.value.length < length) return false
    window = read.value as Uint8Array<ArrayBuffer>
    windowAt = offset
    return true
  }
  if (size.value < FILE_HEADER_BYTES) return { code: 'cut-short', offset: 0 }
  if (!ensure(0, FILE_HEADER_BYTES)) return { code: 'unreadable', offset: 0 }
  if (!hasHeader(window, file.kind, file.number)) return { code: 'header', offset: 0 }
  const seed = crc32(window, 0, 0, FILE_HEADER_BYTES)
  for (let at = FILE_HEADER_BYTES; at < size.value; ) {
    if (at + FRAME_HEADER_BYTES > size.value) return { code: 'cut-short', offset: at }
    if (!ensure(at, FRAME_HEADER_BYTES)) return { code: 'unreadable', offset: at }
    const header = new DataView(window.buffer, window.byteOffset + at - windowAt, FRAME_HEADER_BYTES)
    const length = header.getUint32(0, true)
    const crc = header.getUint32(4, true)
    if (length === 0 || length > FRAME_BYTES_MAX) return { code: 'checksum', offset: at }
    const end = at + FRAME_HEADER_BYTES + length
    if (end > size.value) return { code: 'cut-short', offset: at }
    if (!ensure(at, FRAME_HEADER_BYTES + length)) return { code: 'unreadable', offset: at }
    const start = at + FRAME_HEADER_BYTES - windowAt
    if (crc32(window, seed, start, start + length) !== crc) return { code: 'checksum', offset: at }
    if (!onFrame(window[start] as number, window.subarray(start + 1, start + length))) return { code: 'content', offset: at }
    at = end
  }
  return undefined
}

function hasHeader(bytes: Uint8Array, kind: FileKind, number: number): boolean {
  for (let i = 0; i < kind.length; i++) if (bytes[i] !== kind.charCodeAt(i)) return false
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(kind.length, true) === number
}
