import { type ApiError, anthropicErrorBody } from '../api-error.ts'
import { readMessagesRequest } from '../requests/messages-request.ts'
import {
  type AnswerContext,
  type AnswerEnd,
  type AnswerShape,
  type AnswerWriter,
  type Choice,
  DONE,
  namedFrame,
  type Piece,
  type TokenUsage,
} from './answer-shape.ts'

/** Anthropic's messages. SOURCE: `reference/vllm.md` §3.9. */
export const messagesShape: AnswerShape = {
  idPrefix: 'msg_',
  read: readMessagesRequest,
  writer: (context) => new MessagesWriter(context),
  errorBody: anthropicErrorBody,
}

class MessagesWriter implements AnswerWriter {
  readonly #context: AnswerContext
  #promptUsage: TokenUsage | undefined

  constructor(context: AnswerContext) {
    this.#context = context
  }

  /** Like vLLM, nothing before the first token. */
  opening(usage: TokenUsage): string {
    this.#promptUsage = usage
    return ''
  }

  piece({ choice, from, text, isLast }: Piece): string {
    const delta = choice.plan.tool === undefined ? { type: 'text_delta', text } : { type: 'input_json_delta', partial_json: text }
    let frames = from === 0 ? this.#start(choice) : ''
    if (text !== '') frames += namedFrame('content_block_delta', { index: 0, delta })
    return isLast ? frames + namedFrame('content_block_stop', { index: 0 }) : frames
  }

  closing([choice]: readonly Choice[], { usage }: AnswerEnd): string {
    const delta = choice === undefined ? {} : ending(choice)
    // vLLM ends this stream as it ends its others, which Anthropic does not.
    return namedFrame('message_delta', { delta, usage: usageOf(usage) }) + namedFrame('message_stop') + DONE
  }

  failed(error: ApiError): string {
    return `event: error\ndata: ${anthropicErrorBody(error)}\n\n`
  }

  whole(choices: readonly Choice[], { usage, kvTransferParams }: AnswerEnd): object {
    const [choice] = choices
    return {
      ...this.#message(),
      content: choices.map(({ plan, index }) =>
        plan.tool === undefined
          ? { type: 'text', text: plan.text }
          : { type: 'tool_use', id: this.#callId(index), name: plan.tool, input: inputOf(plan.text) },
      ),
      ...(choice === undefined ? {} : ending(choice)),
      usage: usageOf(usage),
      ...(kvTransferParams === null ? {} : { kv_transfer_params: kvTransferParams }),
    }
  }

  #message(): object {
    const { id, model } = this.#context.head
    return { id, type: 'message', role: 'assistant', content: [], model, stop_reason: null, stop_sequence: null }
  }

  #start({ plan, index }: Choice): string {
    const { promptTokens = 0, cachedTokens } = this.#promptUsage ?? {}
    const message = { ...this.#message(), usage: usageOf({ promptTokens, completionTokens: 0, cachedTokens }) }
    const block = plan.tool === undefined ? { type: 'text', text: '' } : { type: 'tool_use', id: this.#callId(index), name: plan.tool, input: {} }
    return namedFrame('message_start', { message }) + namedFrame('content_block_start', { index: 0, content_block: block }) + namedFrame('ping')
  }

  #callId(index: number): string {
    return `toolu_${this.#context.head.id.replace(/^msg_/, '')}_${index}`
  }
}

function ending({ plan }: Choice): object {
  const { finishReason, stopReason, tool } = plan
  const sequence = typeof stopReason === 'string' ? stopReason : null
  const done = sequence !== null ? 'stop_sequence' : tool === undefined ? 'end_turn' : 'tool_use'
  return { stop_reason: finishReason === 'length' ? 'max_tokens' : done, stop_sequence: sequence }
}

/** Tokens read from the cache are part of the input, as vLLM counts; Anthropic counts them apart. */
function usageOf({ promptTokens, completionTokens, cachedTokens }: TokenUsage): object {
  return {
    input_tokens: promptTokens,
    output_tokens: completionTokens,
    cache_creation_input_tokens: null,
    cache_read_input_tokens: cachedTokens ?? null,
  }
}

/** Arguments that the limit cut off are no JSON. */
function inputOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
