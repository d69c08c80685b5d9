import { type ApiError, errorBody } from '../api-error.ts'
import { readChatRequest } from '../requests/chat-request.ts'
import { type TokenLogprob, tokenChoice } from '../token-logprobs.ts'
import {
  type AnswerContext,
  type AnswerEnd,
  type AnswerShape,
  type AnswerWriter,
  type Choice,
  FINGERPRINT,
  finishReason,
  type Piece,
  usageJson,
} from './answer-shape.ts'
import { CompletionChunks } from './completion-chunks.ts'

/** Chat completions. SOURCE: `reference/vllm.md` §3.3-3.5. */
export const chatShape: AnswerShape = {
  idPrefix: 'chatcmpl-',
  read: readChatRequest,
  writer: (context) => new ChatWriter(context),
  errorBody,
}

class ChatWriter implements AnswerWriter {
  readonly #context: AnswerContext
  readonly #chunks: CompletionChunks

  constructor(context: AnswerContext) {
    this.#context = context
    this.#chunks = new CompletionChunks('chat.completion.chunk', context)
  }

  opening(): string {
    return ''
  }

  piece(piece: Piece): string {
    const { choice, from, text } = piece
    const usage = this.#chunks.usageSoFar(piece)
    const delta =
      choice.plan.tool === undefined
        ? `{"content":${JSON.stringify(text)}}`
        : `{"tool_calls":[{"index":0,"function":{"arguments":${JSON.stringify(text)}}}]}`
    const rest = piece.isLast ? this.#last(choice) : '"finish_reason":null'
    const chunk = `${this.#chunks.start}{"index":${choice.index},"delta":${delta},"logprobs":${this.#logprobs(piece)},${rest}${this.#chunks.tokenIds(piece)}}]${usage}}\n\n`
    return from === 0 ? this.#role(choice, usage) + chunk : chunk
  }

  closing(_: readonly Choice[], { usage }: AnswerEnd): string {
    return this.#chunks.closing(usage)
  }

  failed(error: ApiError): string {
    return this.#chunks.failed(error)
  }

  whole(choices: readonly Choice[], { usage, kvTransferParams }: AnswerEnd): object {
    const { id, created, model } = this.#context.head
    const { returnTokenIds, prompts } = this.#context.request
    return {
      id,
      object: 'chat.completion',
      created,
      model,
      system_fingerprint: FINGERPRINT,
      choices: choices.map((choice) => this.#wholeChoice(choice)),
      service_tier: null,
      usage: usageJson(usage),
      prompt_logprobs: null,
      ...(returnTokenIds ? { prompt_token_ids: [...(prompts[0]?.tokens ?? [])] } : {}),
      kv_transfer_params: kvTransferParams,
    }
  }

  #wholeChoice(choice: Choice): object {
    const { index, plan } = choice
    const { tool, tokens } = plan
    const { logprobs, returnTokenIds } = this.#context.request
    return {
      index,
      message: {
        role: 'assistant',
        content: tool === undefined ? plan.text : null,
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        tool_calls: tool === undefined ? [] : [{ id: this.#callId(choice), type: 'function', function: { name: tool, arguments: plan.text } }],
        reasoning: null,
      },
      logprobs: logprobs === undefined ? null : this.#content(choice, 0, tokens.length),
      finish_reason: finishReason(choice),
      stop_reason: plan.stopReason,
      ...(returnTokenIds ? { token_ids: [...tokens] } : {}),
    }
  }

  /** vLLM opens with a chunk that has the role and no text; a call of a tool is named in a chunk of its own. */
  #role(choice: Choice, usage: string): string {
    const chunk = (delta: string) =>
      `${this.#chunks.start}{"index":${choice.index},"delta":${delta},"logprobs":null,"finish_reason":null}]${usage}}\n\n`
    const { tool } = choice.plan
    const call = { tool_calls: [{ id: this.#callId(choice), type: 'function', index: 0, function: { name: tool, arguments: '' } }] }
    return chunk('{"role":"assistant","content":""}') + (tool === undefined ? '' : chunk(JSON.stringify(call)))
  }

  #last(choice: Choice): string {
    return `"finish_reason":"${finishReason(choice)}","stop_reason":${JSON.stringify(choice.plan.stopReason)}`
  }

  #callId({ index }: Choice): string {
    return `chatcmpl-tool-${this.#context.head.id.replace(/^chatcmpl-/, '')}-${index}`
  }

  #logprobs({ choice, from, to }: Piece): string {
    return this.#context.request.logprobs === undefined ? 'null' : JSON.stringify(this.#content(choice, from, to))
  }

  #content({ plan }: Choice, from: number, to: number): object {
    const { tokenizer, request } = this.#context
    const options = { alternatives: request.logprobs ?? 0, asIds: request.tokensAsIds }
    const content: object[] = []
    for (let index = from; index < to; index++) {
      const chosen = tokenChoice(tokenizer, { token: plan.tokens[index] as number, index }, options)
      content.push({ ...logprobJson(chosen), top_logprobs: chosen.alternatives.map(logprobJson) })
    }
    return { content }
  }
}

function logprobJson({ text, logprob }: TokenLogprob): object {
  return { token: text, logprob, bytes: [...new TextEncoder().encode(text)] }
}
