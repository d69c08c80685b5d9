import type { Tokenizer } from '@signalbox/tokenizers'
import type { AnswerPlan } from '../answer-plan.ts'
import type { ApiError } from '../api-error.ts'
import type { JsonObject } from '../body.ts'
import type { GenerationRequest, RequestReader } from '../requests/generation-request.ts'

/** What is the same in every piece of one answer. */
export interface AnswerHead {
  readonly id: string
  /** Unix seconds. */
  readonly created: number
  /** The name that the client asked for. */
  readonly model: string
}

export interface TokenUsage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Undefined: not reported. */
  readonly cachedTokens: number | undefined
}

/** One choice of an answer. */
export interface Choice {
  readonly index: number
  readonly plan: AnswerPlan
  /** Index of its prompt in the request. */
  readonly prompt: number
}

/** What a stream gets to know of one choice since the piece before: tokens `from` to `to` (excluded). */
export interface Piece {
  readonly choice: Choice
  readonly from: number
  readonly to: number
  /** What the tokens made visible. */
  readonly text: string
  readonly isLast: boolean
  /** Of the choice so far, where every chunk is to say it. */
  readonly usage: TokenUsage | undefined
}

/** What a writer knows before the first token. */
export interface AnswerContext {
  readonly head: AnswerHead
  readonly request: GenerationRequest
  readonly body: JsonObject
  readonly tokenizer: Tokenizer
}

/** The end of an answer beside its text. */
export interface AnswerEnd {
  readonly usage: TokenUsage
  /** What the decode half of a pair needs to fetch the keys and values. */
  readonly kvTransferParams: JsonObject | null
}

/**
 * Writes one answer, whole or as a stream. A stream is `opening` once the request is accepted, then `piece` for each piece, then
 * `closing`, or `failed` at any time after the opening; each gives server-sent events as text, which may be empty.
 */
export interface AnswerWriter {
  whole(choices: readonly Choice[], end: AnswerEnd): object
  opening(usage: TokenUsage): string
  piece(piece: Piece): string
  closing(choices: readonly Choice[], end: AnswerEnd): string
  failed(error: ApiError): string
}

/** One way to ask for an answer and to be answered. */
export interface AnswerShape {
  /** In front of the request's id. */
  readonly idPrefix: string
  readonly read: RequestReader
  writer(context: AnswerContext): AnswerWriter
  /** The body of an answer that is an error. */
  errorBody(error: ApiError): string
}

/** Names the parts that are simulated for what they are. */
export const FINGERPRINT = 'simulated'

/** The end of a stream in OpenAI's older endpoints. */
export const DONE = 'data: [DONE]\n\n'

/** A server-sent event with its name, which is its `type` too. */
export function namedFrame(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

/** SOURCE: `reference/vllm.md` §3.3. */
export function usageJson({ promptTokens, completionTokens, cachedTokens }: TokenUsage): object {
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: cachedTokens === undefined ? null : { cached_tokens: cachedTokens },
  }
}

/** SOURCE: `reference/vllm.md` §3.3: a call of a tool that is complete has a reason of its own. */
export function finishReason({ plan }: Choice): 'stop' | 'length' | 'tool_calls' {
  return plan.tool !== undefined && plan.finishReason === 'stop' ? 'tool_calls' : plan.finishReason
}
