import { Buffer } from 'node:buffer'
import { PREFIX_BLOCK_BYTES, prefixHashes } from '@signalbox/scheduler'
import type { ScannedRequest, Span } from './scanned-fields.ts'

export interface PromptPrefix {
  /** Bytes of tools and prompt as sent, inline images left out. */
  readonly promptBytes: number
  /** As `RequestSummary.prefixHashes` describes. */
  readonly prefixHashes: Uint32Array
}

const noHashes = new Uint32Array(0)
const digestLength = 16
/** Of an inline image: this much of its beginning and of its end. Compressed bytes differ everywhere. */
const imageSampleBytes = 2048

/**
 * Chained hashes of a scanned body's tools and prompt, in this order, seeded with model and cache salt. A template declares tools before
 * the conversation, so conversations with the same tools share these tokens whatever is said then. An inline image stands in the hashed
 * text as sixteen characters made of its own bytes, so that another image is another prefix without a megabyte of base64
 * filling the index.
 */
export function promptPrefix(body: Buffer, scanned: ScannedRequest): PromptPrefix {
  const { prompt, images, cacheSalt } = scanned
  if (prompt === undefined) return { promptBytes: 0, prefixHashes: noHashes }
  const seed = `${scanned.model ?? ''}\u0000${cacheSalt === undefined ? '' : digest(body, cacheSalt)}`
  const tools = scanned.tools !== undefined && declaresTools(body, scanned.tools) ? scanned.tools : undefined
  if (tools === undefined && images.length === 0) {
    return { promptBytes: prompt.end - prompt.start, prefixHashes: prefixHashes(body, prompt.start, prompt.end, seed) }
  }
  const pieces: Buffer[] = tools === undefined ? [] : [body.subarray(tools.start, tools.end)]
  let from = prompt.start
  for (const image of images) {
    pieces.push(body.subarray(from, image.start), Buffer.from(imageDigest(body, image), 'latin1'))
    from = image.end
  }
  pieces.push(body.subarray(from, prompt.end))
  const text = Buffer.concat(pieces)
  return { promptBytes: text.length - digestLength * images.length, prefixHashes: prefixHashes(text, 0, text.length, seed) }
}

/** `null` and `[]` say the same as no field at all. */
function declaresTools(body: Buffer, { start, end }: Span): boolean {
  return end - start > 4 || !['null', '[]'].includes(body.toString('latin1', start, end))
}

function imageDigest(body: Buffer, { start, end }: Span): string {
  const head = digest(body, { start, end: Math.min(end, start + imageSampleBytes) })
  const tail = digest(body, { start: Math.max(start, end - imageSampleBytes), end })
  const both = Buffer.from(`${head}${tail}${end - start}`, 'latin1')
  return digest(both, { start: 0, end: both.length })
}

/** Sixteen hexadecimal digits of a span: the last hash of its blocks, the bytes after them among the seed. */
function digest(bytes: Buffer, { start, end }: Span): string {
  const rest = (end - start) % PREFIX_BLOCK_BYTES
  const chain = prefixHashes(bytes, start, end - rest, '')
  const last = chain.length < 2 ? '' : `${chain[chain.length - 2]}.${chain[chain.length - 1]}`
  const closing = prefixHashes(padding, 0, PREFIX_BLOCK_BYTES, `${last}\u0000${bytes.toString('latin1', end - rest, end)}`)
  return hex(closing[0]) + hex(closing[1])
}

/** One block that only serves to finish a seed. */
const padding = Buffer.alloc(PREFIX_BLOCK_BYTES)

function hex(word: number | undefined): string {
  return (word ?? 0).toString(16).padStart(8, '0')
}
