import { PREFIX_BLOCK_BYTES, PrefixIndex, type RequestSummary } from '@signalbox/scheduler'
import type { Arrival, RecordedRequest } from './conversations.ts'
import type { Outcome, Witness } from './fleet.ts'

/** A way to predict that is not the scheduler's: it watches the same run and says what it would have predicted. */
export interface ShadowOptions {
  /** Bytes of a block. */
  readonly blockBytes: number
  /** What is hashed: the bytes as sent, or roles and contents without the syntax of JSON. */
  readonly text: 'sent' | 'contents'
  /** Whether tokens of the template are learned apart from bytes a token. */
  readonly frame: boolean
  /** Whether the part of a block that cannot be seen to match counts half. */
  readonly halfBlock: boolean
  /** Whether the answer enters the index when it ends, as the message that the next turn sends. */
  readonly answers: boolean
  /** Whether the prediction is scaled by what was delivered of earlier ones. */
  readonly feedback: boolean
  /** Whether the tokens of a prompt that was answered are remembered for those that begin with it. */
  readonly memory: boolean
  /** Blocks of the index over those that the engine's cache amounts to. */
  readonly indexFactor: number
}

/** How the scheduler predicted before this study: bytes as sent in blocks of 256, one learned ratio a model, tools in the seed. */
export const plain: ShadowOptions = {
  blockBytes: PREFIX_BLOCK_BYTES,
  text: 'sent',
  frame: false,
  halfBlock: false,
  answers: false,
  feedback: false,
  memory: false,
  indexFactor: 2,
}

const FORGETTING = 0.995
const MARK_BLOCKS = 16

/** Least squares of tokens over bytes with forgetting: tokens = frame + bytes / bytesPerToken. */
class TokenLine {
  #n = 1
  #x: number
  #y: number
  #xx: number
  #xy: number
  readonly #withFrame: boolean

  constructor(withFrame: boolean) {
    this.#withFrame = withFrame
    // The prior: 4 bytes a token, one prompt of 1,000 tokens.
    this.#x = 4000
    this.#y = 1000
    this.#xx = 16e6
    this.#xy = 4e6
  }

  add(bytes: number, tokens: number): void {
    this.#n = this.#n * FORGETTING + 1
    this.#x = this.#x * FORGETTING + bytes
    this.#y = this.#y * FORGETTING + tokens
    this.#xx = this.#xx * FORGETTING + bytes * bytes
    this.#xy = this.#xy * FORGETTING + bytes * tokens
  }

  get line(): { readonly frame: number; readonly perByte: number } {
    if (!this.#withFrame) return { frame: 0, perByte: this.#y / this.#x }
    const spread = this.#n * this.#xx - this.#x * this.#x
    const slope = spread > 0 ? (this.#n * this.#xy - this.#x * this.#y) / spread : this.#y / this.#x
    const perByte = Math.min(2, Math.max(1 / 16, slope))
    const frame = Math.max(0, (this.#y - perByte * this.#x) / this.#n)
    return { frame, perByte: frame === 0 ? this.#y / this.#x : perByte }
  }
}

export class Shadow implements Witness {
  readonly #options: ShadowOptions
  readonly #requests: readonly RecordedRequest[]
  readonly #arrivals: readonly Arrival[]
  readonly #index: PrefixIndex
  readonly #line: TokenLine
  #ratio = 1
  readonly #predicted: { cached: number; prompt: number; bytes: number; hashes: Uint32Array; frame: number }[] = []
  readonly #memory = new Map<string, number>()
  readonly #seen = new Set<number>()

  constructor(
    options: ShadowOptions,
    requests: readonly RecordedRequest[],
    arrivals: readonly Arrival[],
    fleet: { readonly endpoints: number; readonly capacityTokens: number },
  ) {
    this.#options = options
    this.#requests = requests
    this.#arrivals = arrivals
    this.#line = new TokenLine(options.frame)
    this.#index = new PrefixIndex({ slotsMax: fleet.endpoints, bytesMax: 64 << 20 })
    for (let slot = 0; slot < fleet.endpoints; slot++)
      this.#index.setCapacity(slot, Math.ceil((4 * options.indexFactor * fleet.capacityTokens) / options.blockBytes))
  }

  dispatched(index: number, endpoint: number, summary: RequestSummary): void {
    const { blockBytes, halfBlock, feedback, frame: hasFrame } = this.#options
    const bytes = this.#textOf(index, summary)
    const hashes = this.#hashes(bytes, index)
    const blocks = this.#index.longestPrefix(hashes, endpoint)
    const { frame, perByte } = this.#line.line
    const known = this.#options.memory ? this.#known(hashes, blocks) : undefined
    const knownBytes = (known?.blocks ?? 0) * blockBytes
    const tokensAt = (at: number) => {
      if (known === undefined) return at * perByte
      return at <= knownBytes ? (known.tokens * at) / knownBytes : known.tokens + (at - knownBytes) * perByte
    }
    const prompt = Math.ceil(frame + tokensAt(bytes.length))
    const rest = bytes.length - blocks * blockBytes
    const matched = blocks * blockBytes + (halfBlock && blocks > 0 ? Math.min(rest, blockBytes) / 2 : 0)
    const held = hasFrame && this.#seen.has(endpoint) ? frame : 0
    // A token block of 16 is held when all of it is: half of one is lost on average.
    const found = held + tokensAt(matched)
    const cached = Math.max(0, Math.min(prompt, found - (halfBlock && found > 0 ? 8 : 0)))
    this.#predicted[index] = {
      cached: Math.floor(feedback ? Math.min(prompt, cached * this.#ratio) : cached),
      prompt,
      bytes: bytes.length,
      hashes,
      frame,
    }
    this.#index.begin(hashes, endpoint)
    this.#index.confirm(hashes, endpoint)
    this.#seen.add(endpoint)
  }

  ended(index: number, endpoint: number, cachedTokens: number): void {
    const { cached, bytes, hashes: sent, frame } = this.#predicted[index] as { cached: number; bytes: number; hashes: Uint32Array; frame: number }
    const tokens = (this.#arrivals[index] as Arrival).promptTokens.length
    this.#line.add(bytes, tokens)
    const blocks = sent.length / 2
    const perBlock = (Math.max(0, tokens - frame) * this.#options.blockBytes) / bytes
    for (let block = MARK_BLOCKS; block < blocks; block += MARK_BLOCKS) this.#memory.set(keyOf(sent, block), block * perBlock)
    if (blocks > 0) this.#memory.set(keyOf(sent, blocks), blocks * perBlock)
    if (cached > 0) this.#ratio += 0.05 * (Math.min(2, Math.max(0.5, cachedTokens / (cached / this.#ratio))) - this.#ratio)
    if (!this.#options.answers) return
    const request = this.#requests[index] as RecordedRequest
    const text = contentsOf({ ...request, messages: [...request.messages, { role: 'assistant', content: request.output }] })
    const hashes = this.#hashes(text, index)
    this.#index.begin(hashes, endpoint)
    this.#index.confirm(hashes, endpoint)
  }

  /** What this way would have predicted of each request. */
  outcomes(real: readonly Outcome[]): Outcome[] {
    return real.map((outcome, index) => {
      const { cached, prompt } = this.#predicted[index] as { cached: number; prompt: number }
      return { ...outcome, predictedCachedTokens: cached, predictedPromptTokens: prompt }
    })
  }

  #textOf(index: number, summary: RequestSummary): Uint8Array {
    if (this.#options.text === 'contents') return contentsOf(this.#requests[index] as RecordedRequest)
    // The value of `messages`; `tools`, where there are any, follow it in these bodies.
    const { body } = this.#arrivals[index] as Arrival
    const start = body.indexOf('[', body.indexOf('"messages"'))
    const { tools } = this.#requests[index] as RecordedRequest
    const toolsBytes = tools === undefined ? 0 : Buffer.byteLength(JSON.stringify(tools))
    return body.subarray(start, start + summary.promptBytes - toolsBytes)
  }

  /** Tools are in the seed: other tools are another prompt from the first byte. */
  #seedOf(index: number): number {
    const { tools } = this.#requests[index] as RecordedRequest
    let seed = PREFIX_BLOCK_BYTES
    for (const unit of tools === undefined ? '' : JSON.stringify(tools)) seed = Math.imul(seed ^ unit.charCodeAt(0), 0x01000193)
    return seed
  }

  #known(hashes: Uint32Array, blocks: number): { readonly blocks: number; readonly tokens: number } | undefined {
    for (let block = blocks; block > 0 && block > blocks - MARK_BLOCKS; block--) {
      const tokens = this.#memory.get(keyOf(hashes, block))
      if (tokens !== undefined) return { blocks: block, tokens }
    }
    return undefined
  }

  /** Chained hashes of blocks of any size, as pairs of 32 bits: FNV-1a twice. */
  #hashes(bytes: Uint8Array, index: number): Uint32Array {
    const { blockBytes } = this.#options
    const blocks = Math.floor(bytes.length / blockBytes)
    const hashes = new Uint32Array(blocks * 2)
    let a = 0x811c9dc5
    let b = this.#seedOf(index)
    for (let at = 0; at < blocks * blockBytes; at++) {
      a = Math.imul(a ^ (bytes[at] as number), 0x01000193)
      b = Math.imul(b ^ (bytes[at] as number), 0x85ebca6b)
      b ^= b >>> 15
      if ((at + 1) % blockBytes === 0) hashes.set([a, b], ((at + 1) / blockBytes - 1) * 2)
    }
    return hashes
  }
}

/** Roles and contents as bytes, with marks that no text has. */
function contentsOf({ messages }: RecordedRequest): Uint8Array {
  return Buffer.from(messages.map(({ role, content }) => `\u0001${role}\u0002${content}`).join(''))
}

function keyOf(hashes: Uint32Array, block: number): string {
  return `${hashes[block * 2 - 2]} ${hashes[block * 2 - 1]}`
}
