import type { Disk } from '../ports.ts'

/** Bytes `[offset, offset + length)` of a file. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** Ranges that are closer than this are read together: cheaper than another call. */
const GAP_BYTES_MAX = 64 * 1024
/** Read at once, unless a single range is longer. */
const READ_BYTES_MAX = 4 * 1024 * 1024

/** Reads ranges of a file, ascending, in few calls. A range that cannot be read is given as undefined. The bytes are valid during the call. */
export function readRanges(
  disk: Disk,
  name: string,
  ranges: readonly ByteRange[],
  onRange: (index: number, bytes: Uint8Array | undefined) => void,
): void {
  for (let first = 0; first < ranges.length; ) {
    const { offset: start } = ranges[first] as ByteRange
    let end = start + (ranges[first] as ByteRange).length
    let next = first + 1
    for (; next < ranges.length; next++) {
      const { offset, length } = ranges[next] as ByteRange
      if (offset < start || offset > end + GAP_BYTES_MAX || offset + length - start > READ_BYTES_MAX) break
      end = Math.max(end, offset + length)
    }
    const read = disk.read(name, start, end - start)
    for (let i = first; i < next; i++) {
      const from = (ranges[i] as ByteRange).offset - start
      const to = from + (ranges[i] as ByteRange).length
      onRange(i, read.ok && to <= read.value.length ? read.value.subarray(from, to) : undefined)
    }
    first = next
  }
}
