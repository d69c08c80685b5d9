/** What is the same in every piece of one answer. */
export interface AnswerHead {
  readonly id: string
  /** Unix seconds. */
  readonly created: number
  /** The name that the client asked for. */
  readonly model: string
}

export interface Usage {
  readonly prompt_tokens: number
  readonly total_tokens: number
  readonly completion_tokens: number
  readonly prompt_tokens_details: { readonly cached_tokens: number } | null
}

export interface Choice {
  readonly index: number
  readonly text: string
  readonly finishReason: 'stop' | 'length'
}

/** How an answer is written; one implementation for each endpoint. SOURCE: `reference/vllm.md` §3.3-3.4. */
export interface AnswerShape {
  readonly idPrefix: string
  /** What opens choice `index` of a stream, before its first text. */
  opening(head: AnswerHead, index: number): object | undefined
  /** A piece of text; `finishReason` is null but in the last one. */
  chunk(head: AnswerHead, piece: { readonly index: number; readonly text: string; readonly finishReason: string | null }): object
  /** The chunk without choices that carries the usage. */
  usageChunk(head: AnswerHead, usage: Usage): object
  whole(head: AnswerHead, choices: readonly Choice[], usage: Usage): object
}

/** Names the parts that are simulated for what they are. */
const FINGERPRINT = 'simulated'

function envelope(head: AnswerHead, object: string, choices: readonly object[]): object {
  return { id: head.id, object, created: head.created, model: head.model, system_fingerprint: FINGERPRINT, choices }
}

const CHAT_CHUNK = 'chat.completion.chunk'

export const chatShape: AnswerShape = {
  idPrefix: 'chatcmpl-',
  opening: (head, index) => envelope(head, CHAT_CHUNK, [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }]),
  chunk: (head, { index, text, finishReason }) =>
    envelope(head, CHAT_CHUNK, [
      {
        index,
        delta: { content: text },
        logprobs: null,
        finish_reason: finishReason,
        ...(finishReason === null ? {} : { stop_reason: null }),
      },
    ]),
  usageChunk: (head, usage) => ({ ...envelope(head, CHAT_CHUNK, []), usage }),
  whole: (head, choices, usage) => ({
    ...envelope(
      head,
      'chat.completion',
      choices.map(({ index, text, finishReason }) => ({
        index,
        message: {
          role: 'assistant',
          content: text,
          refusal: null,
          annotations: null,
          audio: null,
          function_call: null,
          tool_calls: [],
          reasoning: null,
        },
        logprobs: null,
        finish_reason: finishReason,
        stop_reason: null,
      })),
    ),
    service_tier: null,
    usage,
    prompt_logprobs: null,
    kv_transfer_params: null,
  }),
}

const TEXT = 'text_completion'

export const textShape: AnswerShape = {
  idPrefix: 'cmpl-',
  opening: () => undefined,
  chunk: (head, { index, text, finishReason }) =>
    envelope(head, TEXT, [{ index, text, logprobs: null, finish_reason: finishReason, stop_reason: null }]),
  usageChunk: (head, usage) => ({ ...envelope(head, TEXT, []), usage }),
  whole: (head, choices, usage) => ({
    ...envelope(
      head,
      TEXT,
      choices.map(({ index, text, finishReason }) => ({
        index,
        text,
        logprobs: null,
        finish_reason: finishReason,
        stop_reason: null,
        prompt_logprobs: null,
      })),
    ),
    service_tier: null,
    usage,
    kv_transfer_params: null,
  }),
}
