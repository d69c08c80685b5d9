import { prefixHashes } from '@signalbox/scheduler'
import { bytesOf, type Prompt, type Segment, tokenBytesMax } from './prompt.ts'
import type { Trace, TraceRequest } from './trace.ts'

/** What a gateway's scan of a body finds of its prompt. */
export interface ScannedPrompt {
  readonly bytes: number
  /** As `RequestSummary.prefixHashes`. */
  readonly hashes: Uint32Array
}

const BYTES_MAX = 64 * 1024 * 1024

/**
 * What gateways see of a trace's prompts, kept from run to run: a prompt is turned into text and hashed once, as long as there is
 * room. What finds none is computed each time: runs read a trace from its beginning, so that the least recently used is what the
 * next run needs first. Good for the trace it was made of and its copies at other speeds.
 */
export class PromptCache {
  readonly #requests: readonly TraceRequest[]
  readonly #kept: (ScannedPrompt | undefined)[]
  #bytesLeft: number
  #text = new Uint8Array(0)
  #distinctTokens: number | undefined

  /** `bytesMax`: of the hashes that are kept. Default 64 MiB, about 8 million blocks. */
  constructor(trace: Trace, bytesMax = BYTES_MAX) {
    this.#requests = trace.requests
    this.#kept = new Array<ScannedPrompt | undefined>(trace.requests.length).fill(undefined)
    this.#bytesLeft = bytesMax
  }

  get length(): number {
    return this.#requests.length
  }

  /** The prompt of request `index` of the trace. */
  scanned(index: number): ScannedPrompt {
    const kept = this.#kept[index]
    if (kept !== undefined) return kept
    const request = this.#requests[index]
    if (request === undefined) throw new RangeError(`request ${index} of ${this.#requests.length}`)
    const room = request.prompt.tokens * tokenBytesMax
    if (this.#text.length < room) this.#text = new Uint8Array(2 ** Math.ceil(Math.log2(room)))
    const text = bytesOf(request.prompt, this.#text)
    const scanned = { bytes: text.length, hashes: prefixHashes(text, 0, text.length, request.model) }
    if (scanned.hashes.byteLength <= this.#bytesLeft) {
      this.#bytesLeft -= scanned.hashes.byteLength
      this.#kept[index] = scanned
    }
    return scanned
  }

  /**
   * Prompt tokens that no earlier request of the trace has asked or been answered at the same place: what one engine with an
   * endless cache would have to compute.
   */
  get distinctTokens(): number {
    this.#distinctTokens ??= distinctTokensOf(this.#requests)
    return this.#distinctTokens
  }
}

/** Tokens at the beginning that two prompts have in common. */
export function commonTokens(one: Prompt, other: Prompt): number {
  let tokens = 0
  for (let at = 0; at < one.segments.length && at < other.segments.length; at += 1) {
    const mine = one.segments[at] as Segment
    const theirs = other.segments[at] as Segment
    if (mine.id !== theirs.id) break
    tokens += Math.min(mine.tokens, theirs.tokens)
    if (mine.tokens !== theirs.tokens) break
  }
  return tokens
}

/**
 * A tree of segments in a map: the key of a node is made of its parent's key, the parent's length and its own id; the value is the longest run
 * seen there, since a shorter run is the beginning of a longer one.
 */
function distinctTokensOf(requests: readonly TraceRequest[]): number {
  const longest = new Map<number, number>()
  let distinct = 0
  for (const { prompt, output, model } of requests) {
    let key = textKey(model)
    for (const segment of prompt.segments) {
      key = chained(key, segment.id)
      distinct += lengthen(longest, key, segment.tokens)
      key = chained(key, segment.tokens)
    }
    lengthen(longest, chained(key, output.id), output.tokens)
  }
  return distinct
}

/** Notes a run; answers how much longer it is than the longest before. */
function lengthen(longest: Map<number, number>, key: number, tokens: number): number {
  const known = longest.get(key) ?? 0
  if (tokens <= known) return 0
  longest.set(key, tokens)
  return tokens - known
}

function textKey(text: string): number {
  let key = text.length
  for (let at = 0; at < text.length; at += 1) key = chained(key, text.charCodeAt(at))
  return key
}

/** 53 bits of a key and a number of as many: two lanes of 32 bits with the constants of MurmurHash3's finalizer. */
function chained(key: number, value: number): number {
  let low = Math.imul((key | 0) ^ Math.imul(value | 0, 0x9e3779b1), 0x85ebca6b)
  low ^= low >>> 15
  let high = Math.imul(Math.floor(key / 2 ** 32) ^ Math.floor(value / 2 ** 32) ^ Math.imul(low, 0x27d4eb2f) ^ (value | 0), 0xc2b2ae35)
  high ^= high >>> 13
  low = Math.imul(low ^ high, 0xc2b2ae35)
  low ^= low >>> 16
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0)
}
