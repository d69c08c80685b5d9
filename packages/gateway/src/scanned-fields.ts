import type { Buffer } from 'node:buffer'

/** A range of the body's bytes, `end` not included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * What one pass over a JSON body found. Where a key occurs twice the last one counts, as in every engine's parser.
 * A field that is null counts as absent. Spans point into the scanned body and cover whole JSON values.
 */
export interface ScannedRequest {
  readonly model: string | undefined
  readonly stream: boolean
  readonly priority: number
  readonly user: string | undefined
  /** max_completion_tokens, else max_tokens, else max_output_tokens. */
  readonly outputTokensMax: number | undefined
  /** The client asked for a usage event (`stream_options.include_usage`). */
  readonly includeUsage: boolean
  readonly streamOptions: Span | undefined
  /** The value of `include_usage` inside `streamOptions`. */
  readonly includeUsageValue: Span | undefined
  /** The value of `messages`, else `prompt`, else `input`. */
  readonly prompt: Span | undefined
  readonly tools: Span | undefined
  readonly cacheSalt: Span | undefined
  /** Strings of inline media (`data:` URLs under `url` or `image_url`) inside the prompt, in order; at most `imagesMax`. */
  readonly images: readonly Span[]
  /** Offset of the top-level object's opening brace. */
  readonly objectStart: number
}

export interface ScanFailure {
  readonly code: 'invalid-json' | 'missing-field' | 'invalid-field'
  /** The field at fault, null when it is the document itself. */
  readonly param: string | null
  readonly message: string
}

const userBytesMax = 512
export const noSpans: readonly Span[] = []

const QUOTE = 0x22
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b

/** What pydantic's lax mode, and so vLLM, reads as true beside the literal (docs.pydantic.dev, conversion table). */
const truthyWords: ReadonlySet<unknown> = new Set([true, 1, '1', 'on', 't', 'true', 'y', 'yes'])

/** The fields read so far: the last occurrence of each. */
export class ScannedFields {
  readonly #body: Buffer
  readonly #strict: boolean
  failure: ScanFailure | undefined
  objectStart = 0
  model: string | undefined
  #stream = false
  #priority = 0
  #user: string | undefined
  #maxTokens: number | undefined
  #maxCompletionTokens: number | undefined
  #maxOutputTokens: number | undefined
  #includeUsage = false
  #streamOptions: Span | undefined
  #includeUsageValue: Span | undefined
  #messages: Span | undefined
  #prompt: Span | undefined
  #input: Span | undefined
  #tools: Span | undefined
  #cacheSalt: Span | undefined

  constructor(body: Buffer, strict: boolean) {
    this.#body = body
    this.#strict = strict
  }

  /** False when the field's type is wrong (and `failure` says so). */
  read(key: string, start: number, end: number): boolean {
    switch (key) {
      case 'model':
        this.model = undefined
        if (this.#isNull(start, end)) return true
        this.model = this.#string(start, end)
        return this.model !== undefined || this.#wrong(key, 'a non-empty string')
      case 'stream': {
        const value = this.#isNull(start, end) ? false : this.#value(start, end)
        this.#stream = value === true
        return typeof value === 'boolean' || this.#wrong(key, 'a boolean')
      }
      case 'priority': {
        const value = this.#isNull(start, end) ? 0 : this.#value(start, end)
        const valid = Number.isSafeInteger(value)
        this.#priority = valid ? (value as number) : 0
        return valid || this.#wrong(key, 'an integer')
      }
      case 'user':
        // A user that is too long to be a label is no tenant; its type is the engine's to check.
        this.#user = end - start > userBytesMax ? undefined : this.#string(start, end)
        return true
      case 'max_tokens':
        this.#maxTokens = this.#count(start, end)
        return this.#maxTokens !== undefined || this.#isNull(start, end) || this.#wrong(key, 'a non-negative integer')
      case 'max_completion_tokens':
        this.#maxCompletionTokens = this.#count(start, end)
        return this.#maxCompletionTokens !== undefined || this.#isNull(start, end) || this.#wrong(key, 'a non-negative integer')
      case 'max_output_tokens':
        this.#maxOutputTokens = this.#count(start, end)
        return true
      case 'stream_options':
        this.#streamOptions = { start, end }
        this.#includeUsageValue = undefined
        this.#includeUsage = false
        return this.#body[start] === OPEN_BRACE || this.#isNull(start, end) || this.#wrong(key, 'an object')
      case 'messages':
        this.#messages = this.#isNull(start, end) ? undefined : { start, end }
        return this.#messages === undefined || this.#body[start] === OPEN_BRACKET || this.#wrong(key, 'an array')
      case 'prompt': {
        this.#prompt = this.#isNull(start, end) ? undefined : { start, end }
        const first = this.#body[start]
        return this.#prompt === undefined || first === QUOTE || first === OPEN_BRACKET || this.#wrong(key, 'a string or an array')
      }
      case 'input':
        this.#input = this.#isNull(start, end) ? undefined : { start, end }
        return true
      case 'tools':
        this.#tools = { start, end }
        return true
      case 'cache_salt':
        this.#cacheSalt = { start, end }
        return true
      default:
        return true
    }
  }

  readIncludeUsage(start: number, end: number): void {
    this.#includeUsageValue = { start, end }
    const value = end - start > 8 ? undefined : this.#value(start, end)
    this.#includeUsage = truthyWords.has(typeof value === 'string' ? value.toLowerCase() : value)
  }

  result(images: readonly Span[]): ScannedRequest {
    const prompt = this.#messages ?? this.#prompt ?? this.#input
    return {
      model: this.model,
      stream: this.#stream,
      priority: this.#priority,
      user: this.#user,
      outputTokensMax: this.#maxCompletionTokens ?? this.#maxTokens ?? this.#maxOutputTokens,
      includeUsage: this.#includeUsage,
      streamOptions: this.#streamOptions,
      includeUsageValue: this.#includeUsageValue,
      prompt,
      tools: this.#tools,
      cacheSalt: this.#cacheSalt,
      images: prompt === undefined || images.length === 0 ? noSpans : images.filter((image) => image.start > prompt.start && image.end < prompt.end),
      objectStart: this.objectStart,
    }
  }

  #isNull(start: number, end: number): boolean {
    return end - start === 4 && this.#body[start] === 0x6e
  }

  #count(start: number, end: number): number | undefined {
    const value = this.#value(start, end)
    return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
  }

  #string(start: number, end: number): string | undefined {
    const value = this.#body[start] === QUOTE ? this.#value(start, end) : undefined
    return typeof value === 'string' && value !== '' ? value : undefined
  }

  /** The JSON value of a scalar or a short string; undefined when it is none. */
  #value(start: number, end: number): unknown {
    const first = this.#body[start]
    if (first === OPEN_BRACE || first === OPEN_BRACKET) return undefined
    return parseJson(this.#body.toString('utf8', start, end))
  }

  #wrong(key: string, expected: string): boolean {
    if (!this.#strict) return true
    this.failure = { code: 'invalid-field', param: key, message: `'${key}' must be ${expected}` }
    return false
  }
}

/** The value of a JSON text, undefined when it is malformed: an expected outcome, which the caller names. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
