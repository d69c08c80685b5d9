/** What a server says it counted. Null: not said. */
export interface Usage {
  readonly promptTokens: number | null
  readonly outputTokens: number | null
  readonly cachedTokens: number | null
}

/** Why a request failed: the kinds that are counted apart. HTTP statuses are `http-503` and so on. */
export type FailureKind =
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'timeout'
  | 'cut-short'
  | 'stream-error'
  | 'malformed'
  | 'too-large'
  | `http-${number}`

export interface Failure {
  readonly kind: FailureKind
  /** In the server's or the system's words, one line. */
  readonly message: string
}

/** Reads an answer as it comes, streamed or whole, of chat or plain completions. Times are those of whoever calls, in ms. */
export class Answer {
  readonly #keepsText: boolean
  readonly #onGap: (ms: number) => void
  readonly #texts: string[] = []
  #failure: Failure | undefined
  #isComplete = false
  usage: Usage = { promptTokens: null, outputTokens: null, cachedTokens: null }
  /** First event with content, of a streamed answer. */
  firstContentMs: number | undefined
  lastContentMs: number | undefined

  /** `onGap` is told the time between one event with content and the next. */
  constructor(keepsText: boolean, onGap: (ms: number) => void) {
    this.#keepsText = keepsText
    this.#onGap = onGap
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  get text(): string {
    return this.#texts.join('')
  }

  /** Takes the data of one event. */
  event(data: string, nowMs: number): void {
    if (data === '[DONE]') {
      this.#isComplete = true
      return
    }
    const chunk = recordOf(data)
    if (chunk === undefined) {
      this.#fail('malformed', `an event is not a JSON object: ${data.slice(0, 100)}`)
      return
    }
    const error = chunk['error']
    if (error !== undefined && error !== null) {
      this.#fail('stream-error', messageOf(error))
      return
    }
    this.#take(chunk, nowMs)
  }

  /** Takes a whole answer, one that is not streamed. */
  whole(body: string): void {
    const answer = recordOf(body)
    if (answer === undefined || !Array.isArray(answer['choices'])) {
      this.#fail('malformed', `the answer is not a completion: ${body.slice(0, 100)}`)
      return
    }
    this.#take(answer, undefined)
    this.#isComplete = true
  }

  /** The stream has ended: it must have said so itself. */
  end(): void {
    if (!this.#isComplete) this.#fail('cut-short', 'the stream ended without [DONE] or a finish reason')
  }

  #take(chunk: JsonRecord, nowMs: number | undefined): void {
    const usage = chunk['usage']
    if (isRecord(usage)) this.usage = usageOf(usage)
    const choices = chunk['choices']
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
    if (!isRecord(choice)) return
    if (typeof choice['finish_reason'] === 'string') this.#isComplete = true
    const text = contentOf(choice)
    if (text === undefined) return
    if (this.#keepsText) this.#texts.push(text)
    if (nowMs === undefined) return
    if (this.lastContentMs !== undefined) this.#onGap(nowMs - this.lastContentMs)
    this.firstContentMs ??= nowMs
    this.lastContentMs = nowMs
  }

  #fail(kind: FailureKind, message: string): void {
    this.#failure ??= { kind, message: message.slice(0, 300).replaceAll('\n', ' ') }
  }
}

/** The sentence of an error object, as OpenAI's shape or a bare text has it. */
export function messageOf(error: unknown): string {
  if (typeof error === 'string') return error
  if (isRecord(error) && typeof error['message'] === 'string') return error['message']
  return JSON.stringify(error) ?? 'no message'
}

/** The JSON object that a text is; undefined for anything else. */
export function recordOf(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

type JsonRecord = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The generated text of a choice; '' of a tool call, which is content without text; undefined without content. */
function contentOf(choice: JsonRecord): string | undefined {
  if (typeof choice['text'] === 'string') return choice['text'] === '' ? undefined : choice['text']
  const message = choice['delta'] ?? choice['message']
  if (!isRecord(message)) return undefined
  for (const field of ['content', 'reasoning_content', 'reasoning']) {
    const text = message[field]
    if (typeof text === 'string' && text !== '') return field === 'content' ? text : ''
  }
  return Array.isArray(message['tool_calls']) && message['tool_calls'].length > 0 ? '' : undefined
}

function usageOf(usage: JsonRecord): Usage {
  const details = usage['prompt_tokens_details']
  return {
    promptTokens: countOf(usage['prompt_tokens']),
    outputTokens: countOf(usage['completion_tokens']),
    cachedTokens: isRecord(details) ? countOf(details['cached_tokens']) : null,
  }
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}
