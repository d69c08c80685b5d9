import { Buffer } from 'node:buffer'
import type { ScannedRequest } from './scanned-fields.ts'

const wholeMember = Buffer.from('"stream_options":{"include_usage":true},')
const wholeValue = Buffer.from('{"include_usage":true}')
const innerMember = Buffer.from('"include_usage":true')
const innerMemberBefore = Buffer.from('"include_usage":true,')
const trueValue = Buffer.from('true')

/**
 * A copy of `body` that asks for a usage event at the end of the stream; every byte that does not have to change stays.
 * `scanned` is what a scan of this body found (it has at least one member: the model).
 */
export function askForUsage(body: Buffer, scanned: ScannedRequest): Buffer {
  const { streamOptions, includeUsageValue } = scanned
  if (streamOptions === undefined) return splice(body, scanned.objectStart + 1, scanned.objectStart + 1, wholeMember)
  if (body[streamOptions.start] !== 0x7b) return splice(body, streamOptions.start, streamOptions.end, wholeValue)
  if (includeUsageValue !== undefined) return splice(body, includeUsageValue.start, includeUsageValue.end, trueValue)
  const inside = streamOptions.start + 1
  return splice(body, inside, inside, isBlank(body, inside, streamOptions.end - 1) ? innerMember : innerMemberBefore)
}

function splice(body: Buffer, start: number, end: number, inserted: Buffer): Buffer {
  return Buffer.concat([body.subarray(0, start), inserted, body.subarray(end)])
}

function isBlank(body: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if ((body[at] as number) > 0x20) return false
  }
  return true
}
