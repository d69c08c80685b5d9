import { type ApiError, errorBody } from '../api-error.ts'
import { readResponsesRequest } from '../requests/responses-request.ts'
import { tokenChoice } from '../token-logprobs.ts'
import {
  type AnswerContext,
  type AnswerEnd,
  type AnswerShape,
  type AnswerWriter,
  type Choice,
  namedFrame,
  type Piece,
  type TokenUsage,
} from './answer-shape.ts'

/** OpenAI's responses, nothing of which is stored. SOURCE: `reference/vllm.md` §3.9. */
export const responsesShape: AnswerShape = {
  idPrefix: 'resp_',
  read: readResponsesRequest,
  writer: (context) => new ResponsesWriter(context),
  errorBody,
}

type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed'

class ResponsesWriter implements AnswerWriter {
  readonly #context: AnswerContext
  #sequence = 0

  constructor(context: AnswerContext) {
    this.#context = context
  }

  opening(): string {
    const response = this.#response('in_progress', [], null)
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response })
  }

  piece(piece: Piece): string {
    const { choice, from, text } = piece
    let frames = from === 0 ? this.#begin(choice) : ''
    const place = { item_id: this.#itemId(choice), output_index: 0 }
    if (choice.plan.tool !== undefined) {
      if (text !== '') frames += this.#event('response.function_call_arguments.delta', { ...place, delta: text })
    } else if (text !== '') {
      frames += this.#event('response.output_text.delta', { ...place, content_index: 0, delta: text, logprobs: this.#logprobs(piece) })
    }
    return piece.isLast ? frames + this.#end(choice) : frames
  }

  closing(choices: readonly Choice[], end: AnswerEnd): string {
    const response = this.whole(choices, end)
    return this.#event(choices[0]?.plan.finishReason === 'length' ? 'response.incomplete' : 'response.completed', { response })
  }

  failed(error: ApiError): string {
    const response = { ...this.#response('failed', [], null), error: { code: 'server_error', message: error.message } }
    return this.#event('response.failed', { response })
  }

  whole(choices: readonly Choice[], { usage, kvTransferParams }: AnswerEnd): object {
    const status = choices[0]?.plan.finishReason === 'length' ? 'incomplete' : 'completed'
    const items = choices.map((choice) => this.#item(choice, status))
    return { ...this.#response(status, items, usage), ...(kvTransferParams === null ? {} : { kv_transfer_params: kvTransferParams }) }
  }

  #begin(choice: Choice): string {
    const item = { ...this.#item(choice, 'in_progress'), ...(choice.plan.tool === undefined ? { content: [] } : { arguments: '' }) }
    const added = this.#event('response.output_item.added', { output_index: 0, item })
    if (choice.plan.tool !== undefined) return added
    const part = { type: 'output_text', text: '', annotations: [], logprobs: [] }
    return added + this.#event('response.content_part.added', { item_id: this.#itemId(choice), output_index: 0, content_index: 0, part })
  }

  #end(choice: Choice): string {
    const { tool, text, finishReason } = choice.plan
    const place = { item_id: this.#itemId(choice), output_index: 0 }
    const item = this.#item(choice, finishReason === 'length' ? 'incomplete' : 'completed')
    const done = () => this.#event('response.output_item.done', { output_index: 0, item })
    if (tool !== undefined) return this.#event('response.function_call_arguments.done', { ...place, name: tool, arguments: text }) + done()
    const part = { ...place, content_index: 0 }
    return (
      this.#event('response.output_text.done', { ...part, text, logprobs: this.#allLogprobs(choice) }) +
      this.#event('response.content_part.done', { ...part, part: this.#content(choice) }) +
      done()
    )
  }

  #item(choice: Choice, status: Status): object {
    const { tool, text } = choice.plan
    const id = this.#itemId(choice)
    if (tool !== undefined) return { id, type: 'function_call', call_id: `call_${id.replace(/^fc_/, '')}`, name: tool, arguments: text, status }
    return { id, type: 'message', role: 'assistant', status, content: [this.#content(choice)] }
  }

  #content(choice: Choice): object {
    return { type: 'output_text', text: choice.plan.text, annotations: [], logprobs: this.#allLogprobs(choice) }
  }

  #itemId({ index, plan }: Choice): string {
    return `${plan.tool === undefined ? 'msg_' : 'fc_'}${this.#context.head.id.replace(/^resp_/, '')}_${index}`
  }

  #allLogprobs(choice: Choice): object[] {
    return this.#logprobs({ choice, from: 0, to: choice.plan.tokens.length })
  }

  #logprobs({ choice, from, to }: { choice: Choice; from: number; to: number }): object[] {
    const { request, tokenizer } = this.#context
    const { logprobs, tokensAsIds: asIds } = request
    if (logprobs === undefined) return []
    return Array.from(choice.plan.tokens.subarray(from, to), (token, at) => {
      const { text, logprob, alternatives } = tokenChoice(tokenizer, { token, index: from + at }, { alternatives: logprobs, asIds })
      const json = (one: { text: string; logprob: number }) => ({
        token: one.text,
        logprob: one.logprob,
        bytes: [...new TextEncoder().encode(one.text)],
      })
      return { ...json({ text, logprob }), top_logprobs: alternatives.map(json) }
    })
  }

  /** A response says again how it was asked for. */
  #response(status: Status, output: readonly object[], usage: TokenUsage | null): object {
    const { head, body } = this.#context
    return {
      id: head.id,
      object: 'response',
      created_at: head.created,
      status,
      model: head.model,
      output,
      error: null,
      incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      instructions: body['instructions'] ?? null,
      metadata: body['metadata'] ?? null,
      max_output_tokens: body['max_output_tokens'] ?? null,
      parallel_tool_calls: body['parallel_tool_calls'] ?? true,
      previous_response_id: null,
      background: false,
      reasoning: body['reasoning'] ?? null,
      service_tier: 'auto',
      store: false,
      temperature: body['temperature'] ?? 1,
      text: body['text'] ?? null,
      tool_choice: body['tool_choice'] ?? 'auto',
      tools: body['tools'] ?? [],
      top_p: body['top_p'] ?? 1,
      truncation: body['truncation'] ?? 'disabled',
      usage: usage === null ? null : usageOf(usage),
      user: body['user'] ?? null,
    }
  }

  #event(type: string, fields: object): string {
    return namedFrame(type, { sequence_number: this.#sequence++, ...fields })
  }
}

function usageOf({ promptTokens, completionTokens, cachedTokens }: TokenUsage): object {
  return {
    input_tokens: promptTokens,
    input_tokens_details: cachedTokens === undefined ? null : { cached_tokens: cachedTokens },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + completionTokens,
  }
}
