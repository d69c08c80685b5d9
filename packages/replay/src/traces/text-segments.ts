import type { Segment } from '../prompt.ts'
import { contentId } from './content-id.ts'

/** A piece ends with the line that makes it at least this long ... */
const PIECE_BYTES_MIN = 64
/** ... and at the latest here. */
const PIECE_BYTES_MAX = 512

/** Bytes of English text and of code for one token, where no tokenizer says better. */
const bytesPerToken = 4

/**
 * A text as segments, so that texts which begin alike begin with the same segments: pieces of whole lines of 64 to 512 bytes, cut from
 * left to right, each named by its content. Token counts are bytes over `bytesPerToken`, rounded so that their sum is right to one token; a text of no bytes has no segments.
 */
export function textSegments(text: string): Segment[] {
  const segments: Segment[] = []
  let pieceStart = 0
  let pieceBytes = 0
  let bytes = 0
  let tokens = 0
  const close = (end: number): void => {
    const upTo = Math.max(tokens + 1, Math.round(bytes / bytesPerToken))
    segments.push({ id: contentId(text.slice(pieceStart, end)), tokens: upTo - tokens })
    tokens = upTo
    pieceStart = end
    pieceBytes = 0
  }
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const size = utf8Size(unit)
    bytes += size
    pieceBytes += size
    if (pieceBytes >= PIECE_BYTES_MAX || (unit === 0x0a && pieceBytes >= PIECE_BYTES_MIN)) close(at + 1)
  }
  if (pieceStart < text.length) close(text.length)
  return segments
}

/** Bytes of a UTF-16 unit in UTF-8; each half of a pair counts for two of its four. */
function utf8Size(unit: number): number {
  if (unit < 0x80) return 1
  if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) return 2
  return 3
}
