import type { Tokenizer } from '@signalbox/tokenizers'
import type { JsonObject } from '../body.ts'
import { BodyFields, type Bounds } from '../body-fields.ts'

/** Answers that one request may ask for: prompts times `n`. */
const ANSWERS_MAX = 256
/** Alternatives that one token may have. SOURCE: vLLM's `--max-logprobs`. */
export const LOGPROBS_MAX = 20
const STOPS_MAX = 64
const STOP_CHARACTERS_MAX = 1024
const REQUEST_ID_CHARACTERS_MAX = 256

/** One prompt as tokens, and what a person would say that it asks. */
export interface Prompt {
  readonly tokens: Uint32Array
  /** The last message of the user, or the prompt itself. */
  readonly question: string
}

/** What an answer must look like. */
export type AnswerForm =
  | { readonly kind: 'text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** JSON that fits the schema, which stands in `field` of the request. */
  | { readonly kind: 'json'; readonly schema: unknown; readonly field: string }
  /** A call of the function; `isListed`: generated as a list of calls, from which the arguments are taken. */
  | { readonly kind: 'tool'; readonly name: string; readonly schema: unknown; readonly isListed: boolean }

/** When an answer stops beside its own end and its limit. */
export interface StopConditions {
  readonly strings: readonly string[]
  readonly tokenIds: ReadonlySet<number>
  /** Whether the answer shows what stopped it. */
  readonly isIncluded: boolean
}

/** How an answer is streamed; undefined where the whole is asked for. */
interface Streaming {
  readonly includeUsage: boolean
  /** Whether every chunk says the usage so far. */
  readonly continuousUsage: boolean
  /** Tokens that a chunk waits for, the first and the last chunk excepted. */
  readonly interval: number
}

/** What any of the generation endpoints asks for, in one form. */
export interface GenerationRequest {
  /** Undefined: not named, the served model is meant. */
  readonly model: string | undefined
  readonly prompts: readonly Prompt[]
  /** The fields that errors name for a prompt and an answer that are too long. */
  readonly promptField: string
  readonly limitField: string
  /** Answers to each prompt. */
  readonly n: number
  readonly streaming: Streaming | undefined
  readonly outputTokensMin: number
  /** Undefined: what the context leaves. */
  readonly outputTokensMax: number | undefined
  readonly ignoreEos: boolean
  readonly stop: StopConditions
  readonly form: AnswerForm
  /** Alternatives to show for each token; undefined: no log probabilities. */
  readonly logprobs: number | undefined
  readonly tokensAsIds: boolean
  readonly returnTokenIds: boolean
  /** Whether the answer begins with the prompt. */
  readonly echo: boolean
  readonly cacheSalt: string
  /** Lower runs earlier. */
  readonly priority: number
  /** Of the answer, beside the server's seed. */
  readonly seed: number
  /** The client's name for the request. */
  readonly requestId: string | undefined
  readonly kvTransferParams: JsonObject | undefined
}

/** What one kind of body decides itself. */
export interface OwnParts {
  readonly prompts: readonly Prompt[]
  readonly promptField: string
  readonly limitField: string
  readonly outputTokensMax: number | undefined
  readonly form: AnswerForm
  readonly logprobs?: number | undefined
  readonly echo?: boolean
  /** Default 1: only some bodies can ask for more. */
  readonly n?: number
  readonly stopField?: string
}

/** Sampling fields change nothing here but are checked as vLLM checks them. `isOpen`: the lower bound is excluded. */
const SAMPLING: readonly (readonly [name: string, bounds: Bounds, isOpen: boolean])[] = [
  ['temperature', { min: 0 }, false],
  ['top_p', { min: 0, max: 1 }, true],
  ['min_p', { min: 0, max: 1 }, false],
  ['presence_penalty', { min: -2, max: 2 }, false],
  ['frequency_penalty', { min: -2, max: 2 }, false],
  ['repetition_penalty', { min: 0 }, true],
]

/** Adds to `own` what all bodies share. Look at `fields.error` afterwards. Fields that nobody knows are ignored, as vLLM does. */
export function readShared(fields: BodyFields, own: OwnParts): GenerationRequest {
  for (const [name, bounds, isOpen] of SAMPLING)
    if (fields.number(name, bounds) === bounds.min && isOpen) fields.refuse(name, `must be above ${bounds.min}`)
  if (fields.value('prompt_logprobs') !== undefined) fields.refuse('prompt_logprobs', 'is not supported by the simulated engine; leave it out')
  if (fields.boolean('use_beam_search')) fields.refuse('use_beam_search', 'is not supported; leave it out')
  return {
    ...own,
    model: fields.string('model'),
    n: own.n ?? 1,
    streaming: readStreaming(fields),
    outputTokensMin: readOutputMin(fields, own),
    ignoreEos: fields.boolean('ignore_eos'),
    stop: readStop(fields, own.stopField ?? 'stop'),
    logprobs: own.logprobs,
    tokensAsIds: fields.boolean('return_tokens_as_token_ids'),
    returnTokenIds: fields.boolean('return_token_ids'),
    echo: own.echo ?? false,
    cacheSalt: fields.string('cache_salt') ?? '',
    priority: fields.integer('priority') ?? 0,
    seed: fields.integer('seed') ?? 0,
    requestId: fields.string('request_id', REQUEST_ID_CHARACTERS_MAX),
    kvTransferParams: fields.object('kv_transfer_params'),
  }
}

/** Reads how many answers each of `prompts` prompts is to have. */
export function readN(fields: BodyFields, prompts: number): number {
  const n = fields.integer('n', { min: 1, max: ANSWERS_MAX }) ?? 1
  if (n > 1 && fields.number('temperature') === 0) fields.refuse('n', 'must be 1 with temperature 0: all answers would be the same')
  if (prompts > ANSWERS_MAX) fields.refuse('prompt', `may hold at most ${ANSWERS_MAX} prompts, not ${prompts}`)
  else if (n * prompts > ANSWERS_MAX) fields.refuse('n', `times the number of prompts must be at most ${ANSWERS_MAX}`)
  return n
}

function readOutputMin(fields: BodyFields, { outputTokensMax, limitField }: OwnParts): number {
  const tokens = fields.integer('min_tokens', { min: 0 }) ?? 0
  if (outputTokensMax !== undefined && tokens > outputTokensMax) {
    fields.refuse('min_tokens', `must be at most ${limitField} (${outputTokensMax}), not ${tokens}`)
  }
  return tokens
}

function readStreaming(fields: BodyFields): Streaming | undefined {
  const isStreamed = fields.boolean('stream')
  const options = fields.object('stream_options')
  if (options !== undefined && !isStreamed) fields.refuse('stream_options', 'is only allowed with stream: true')
  const inner = new BodyFields(options ?? {}, 'stream_options.')
  const streaming = {
    includeUsage: inner.boolean('include_usage'),
    continuousUsage: inner.boolean('continuous_usage_stats'),
    interval: fields.integer('stream_interval', { min: 1 }) ?? 1,
  }
  fields.adopt(inner.error)
  return isStreamed ? streaming : undefined
}

function readStop(fields: BodyFields, name: string): StopConditions {
  const value = fields.value(name)
  const strings = typeof value === 'string' ? [value] : (fields.list(name, STOPS_MAX) ?? [])
  for (const stop of strings) {
    if (typeof stop !== 'string' || stop === '' || stop.length > STOP_CHARACTERS_MAX) {
      fields.refuse(name, `must hold strings of 1 to ${STOP_CHARACTERS_MAX} characters`)
    }
  }
  const tokenIds = fields.list('stop_token_ids', STOPS_MAX) ?? []
  if (!tokenIds.every((id) => Number.isInteger(id))) fields.refuse('stop_token_ids', 'must hold token numbers')
  return {
    strings: strings as readonly string[],
    tokenIds: new Set(tokenIds as readonly number[]),
    isIncluded: fields.boolean('include_stop_str_in_output'),
  }
}

/** The last tokens of a prompt where `truncate_prompt_tokens` asks for fewer than there are. */
export function truncated(fields: BodyFields, tokens: Uint32Array): Uint32Array {
  const kept = fields.integer('truncate_prompt_tokens', { min: 1 })
  return kept === undefined || kept >= tokens.length ? tokens : tokens.slice(-kept)
}

/** Reads a body of one endpoint. */
export type RequestReader = (fields: BodyFields, tokenizer: Tokenizer) => GenerationRequest
