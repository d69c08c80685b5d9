import type { Buffer } from 'node:buffer'
import { parseJson } from './scanned-fields.ts'

/** Token counts as an engine reported them; undefined where it did not say. */
export interface Usage {
  readonly promptTokens: number | undefined
  readonly completionTokens: number | undefined
  readonly cachedTokens: number | undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** A usage object is a few hundred bytes; what is longer is something else. */
const usageBytesMax = 4096

/**
 * The token counts in a parsed `usage` object, by the OpenAI field names, those of the Responses API or Anthropic's
 * (`input_tokens`, `output_tokens`, `cache_read_input_tokens`); undefined when it holds none.
 */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isRecord(usage)) return undefined
  const details = isRecord(usage['prompt_tokens_details']) ? usage['prompt_tokens_details'] : usage['input_tokens_details']
  const cached = isRecord(details) ? details['cached_tokens'] : usage['cache_read_input_tokens']
  const read: Usage = {
    promptTokens: count(usage['prompt_tokens'] ?? usage['input_tokens']),
    completionTokens: count(usage['completion_tokens'] ?? usage['output_tokens']),
    cachedTokens: count(cached),
  }
  return read.promptTokens === undefined && read.completionTokens === undefined ? undefined : read
}

/** The usage of a whole JSON answer: the last member named `usage`, read without parsing the rest. */
export function usageOfAnswer(body: Buffer): Usage | undefined {
  for (let key = body.lastIndexOf('"usage"'); key >= 0; key = key === 0 ? -1 : body.lastIndexOf('"usage"', key - 1)) {
    const start = objectAfterKey(body, key + 7)
    if (start < 0) continue
    const end = objectEnd(body, start)
    return end < 0 ? undefined : readUsage(parseJson(body.toString('utf8', start, end)))
  }
  return undefined
}

/** The offset after the brace that closes the one at `start`, -1 when it is further away than a usage object is long. */
function objectEnd(body: Buffer, start: number): number {
  const limit = Math.min(body.length, start + usageBytesMax)
  let depth = 0
  let inString = false
  for (let at = start; at < limit; at++) {
    const c = body[at]
    if (c === BACKSLASH) at += 1
    else if (c === QUOTE) inString = !inString
    else if (inString) continue
    else if (c === OPEN_BRACE) depth += 1
    else if (c === CLOSE_BRACE) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return -1
}

/** The offset of the brace in `: {` at `from`, -1 when something else stands there. */
export function objectAfterKey(body: Buffer, from: number): number {
  let at = skipBlank(body, from)
  if (body[at] !== 0x3a) return -1
  at = skipBlank(body, at + 1)
  return body[at] === 0x7b ? at : -1
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function skipBlank(body: Buffer, from: number): number {
  let at = from
  while (at < body.length && (body[at] as number) <= 0x20) at += 1
  return at
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
