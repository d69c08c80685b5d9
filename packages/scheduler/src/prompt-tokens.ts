import { LruMap } from '@signalbox/base'
import { PRIORS, TOKENS_MAX } from './learned-values.ts'
import { LeastSquares } from './least-squares.ts'
import { PREFIX_BLOCK_BYTES } from './prefix-hash.ts'
import type { RequestSummary } from './types.ts'

const MODELS_MAX = 1024
const FORGETTING = 0.995
/**
 * Where the line starts: 4 bytes a token, as if one mid-sized prompt had said so, and no frame, as if eight had. Prompts of one size cannot
 * tell the two apart; what they say then goes to bytes a token.
 */
const PRIOR_LINE = { interceptPrior: 0, interceptWeight: 8, slopePrior: 1 / PRIORS.bytesPerToken, xScale: 4000 }
/** A token is half a byte to sixteen bytes of prompt, whatever usage says. */
const TOKENS_PER_BYTE_MIN = 1 / 16
const TOKENS_PER_BYTE_MAX = 2
/** Tokens that a template is believed to add to a conversation; more is a misfit, and would count as cached everywhere. */
const FRAME_TOKENS_MAX = 256

/** Marks, over all prompts: one for each 4 kB of distinct text. About 4 MB. */
const MARKS_MAX = 65_536
/** Blocks from one mark of a prompt to the next. */
const MARK_BLOCKS = 16
/** Weight of the newest prompt in a mark that several prompts pass. */
const MARK_ALPHA = 0.25
/** Half a token block of 16: what a match loses on average because the engine keeps whole blocks. */
const BLOCK_TAIL_TOKENS = 8

export type SizedPrompt = Pick<RequestSummary, 'model' | 'promptBytes' | 'images' | 'prefixHashes'>

/** What a prompt and its beginnings are thought to be in tokens. */
export interface PromptEstimate {
  /** Of the whole prompt, template and images included. */
  readonly promptTokens: number
  /** Of the first `blocks` blocks of the index; `warm`: the endpoint has some prompt, so that it has what the template starts every prompt with. */
  cachedTokens(blocks: number, warm: boolean): number
}

/**
 * Turns bytes of prompts into tokens, taught by the `usage` of answers.
 *
 *     tokens = frame + bytes * slope        of each model: least squares over its prompts
 *
 *     prompt  |----------------|----------------|---------|---    '|' a block with a mark: every 16th, and the last whole one
 *     tokens                  t1               t2        t3       what the text up to there was, as an answer said
 *
 * The frame is what the chat template adds. A prompt that begins as an answered one did takes the tokens of the
 * common part from its marks, and the model's slope for the rest alone: bytes a token differ more between
 * conversations (2.9 to 4.9 where it was measured, docs/prediction.md) than all else is off.
 *
 * Owner: the scheduler. Bounded: 1,024 models and 65,536 marks, least recently used out. An estimate costs at most 17 look-ups.
 */
export class PromptTokens {
  readonly #models = new LruMap<string, LeastSquares>(MODELS_MAX)
  readonly #marks = new LruMap<number, number>(MARKS_MAX)
  readonly #estimate = new Estimate()

  /** `blocks`: how many of the prompt's blocks the index knows somewhere. The answer is reused by the next call. */
  estimate(prompt: SizedPrompt, blocks: number): PromptEstimate {
    const { frameTokens, tokensPerByte } = this.#lineOf(prompt.model)
    this.#estimate.begin(prompt, frameTokens, tokensPerByte)
    for (let block = blocks; block > 0 && block > blocks - MARK_BLOCKS; block -= 1) {
      const tokens = this.#marks.get(markOf(prompt.prefixHashes, block))
      if (tokens === undefined) continue
      this.#estimate.known(block, tokens)
      break
    }
    this.#estimate.finish()
    return this.#estimate
  }

  /** `usage` of an answer said how many tokens its prompt had, images included. What is no plausible number teaches nothing. */
  observed(prompt: SizedPrompt, tokens: number): void {
    const { model, promptBytes, images, prefixHashes } = prompt
    const textTokens = tokens - images * PRIORS.imageTokens
    if (!(textTokens > 0 && textTokens <= TOKENS_MAX) || !(promptBytes > 0)) return
    let line = this.#models.get(model)
    if (line === undefined) {
      line = new LeastSquares({ ...PRIOR_LINE, forgetting: FORGETTING, interceptMax: FRAME_TOKENS_MAX })
      this.#models.set(model, line)
    }
    line.add(promptBytes, textTokens)
    // Where images stand in the prompt, and what this engine makes of them, is not known.
    if (images > 0) return
    const ratio = Math.max(0, textTokens - this.#lineOf(model).frameTokens) / promptBytes
    const blocks = prefixHashes.length >>> 1
    for (let block = MARK_BLOCKS; block < blocks; block += MARK_BLOCKS) this.#mark(markOf(prefixHashes, block), block * PREFIX_BLOCK_BYTES * ratio)
    if (blocks > 0) this.#marks.set(markOf(prefixHashes, blocks), blocks * PREFIX_BLOCK_BYTES * ratio)
  }

  #mark(mark: number, tokens: number): void {
    const known = this.#marks.peek(mark)
    this.#marks.set(mark, known === undefined ? tokens : known + MARK_ALPHA * (tokens - known))
  }

  #lineOf(model: string): { readonly frameTokens: number; readonly tokensPerByte: number } {
    const line = this.#models.peek(model)
    if (line === undefined) return { frameTokens: 0, tokensPerByte: 1 / PRIORS.bytesPerToken }
    return {
      frameTokens: line.intercept,
      tokensPerByte: Math.min(TOKENS_PER_BYTE_MAX, Math.max(TOKENS_PER_BYTE_MIN, line.slope)),
    }
  }
}

class Estimate implements PromptEstimate {
  promptTokens = 0
  #frameTokens = 0
  #tokensPerByte = 0
  #promptBytes = 0
  #images = 0
  #knownBlocks = 0
  #knownTokens = 0

  begin({ promptBytes, images }: SizedPrompt, frameTokens: number, tokensPerByte: number): void {
    this.#promptBytes = promptBytes
    this.#images = images
    this.#frameTokens = frameTokens
    this.#tokensPerByte = tokensPerByte
    this.#knownBlocks = 0
    this.#knownTokens = 0
  }

  known(blocks: number, tokens: number): void {
    this.#knownBlocks = blocks
    this.#knownTokens = tokens
  }

  finish(): void {
    const rest = Math.max(0, this.#promptBytes - this.#knownBlocks * PREFIX_BLOCK_BYTES)
    this.promptTokens = Math.ceil(this.#frameTokens + this.#knownTokens + rest * this.#tokensPerByte) + this.#images * PRIORS.imageTokens
  }

  cachedTokens(blocks: number, warm: boolean): number {
    const frame = warm ? this.#frameTokens : 0
    if (blocks === 0) return Math.min(this.promptTokens, Math.floor(frame))
    const known = Math.min(blocks, this.#knownBlocks)
    const matched = known === 0 ? 0 : (this.#knownTokens * known) / this.#knownBlocks
    const beyond = (blocks - known) * PREFIX_BLOCK_BYTES * this.#tokensPerByte
    // Of the block where the prompts part, or the last one that is not whole, half is common on average.
    const tail = Math.max(0, this.#blockTokens(blocks) / 2 - BLOCK_TAIL_TOKENS)
    return Math.min(this.promptTokens, Math.floor(frame + matched + beyond + tail))
  }

  /** Tokens of the block after the first `blocks`, which may not be whole: as an answer said where it is known, so that more blocks are never fewer tokens. */
  #blockTokens(blocks: number): number {
    if (blocks < this.#knownBlocks) return this.#knownTokens / this.#knownBlocks
    return Math.min(PREFIX_BLOCK_BYTES, Math.max(0, this.#promptBytes - blocks * PREFIX_BLOCK_BYTES)) * this.#tokensPerByte
  }
}

/** 53 bits of the hash of block `block`, counted from 1: what a Map takes as key without a copy. */
function markOf(hashes: Uint32Array, block: number): number {
  return (hashes[block * 2 - 2] as number) * 0x20_0000 + ((hashes[block * 2 - 1] as number) >>> 11)
}
