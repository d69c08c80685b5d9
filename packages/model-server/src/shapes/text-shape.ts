import type { TokenDecoder } from '@signalbox/tokenizers'
import { type ApiError, errorBody } from '../api-error.ts'
import { readTextRequest } from '../requests/text-request.ts'
import { type TokenChoice, tokenChoice } from '../token-logprobs.ts'
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

/** Text completions. SOURCE: `reference/vllm.md` §3.3-3.5. */
export const textShape: AnswerShape = {
  idPrefix: 'cmpl-',
  read: readTextRequest,
  writer: (context) => new TextWriter(context),
  errorBody,
}

class TextWriter implements AnswerWriter {
  readonly #context: AnswerContext
  readonly #chunks: CompletionChunks
  /** By index of the choice. */
  readonly #readers = new Map<number, Reader>()

  constructor(context: AnswerContext) {
    this.#context = context
    this.#chunks = new CompletionChunks('text_completion', context)
  }

  opening(): string {
    return ''
  }

  piece(piece: Piece): string {
    const { choice, from, to, text, isLast } = piece
    const { index, plan } = choice
    const { logprobs, echo } = this.#context.request
    const told = echo && from === 0 ? this.#promptText(choice) + text : text
    const shown = logprobs === undefined ? 'null' : JSON.stringify(this.#logprobs(choice, from, to))
    const finish = isLast ? `"${finishReason(choice)}"` : 'null'
    const stop = isLast ? JSON.stringify(plan.stopReason) : 'null'
    const fields = `"index":${index},"text":${JSON.stringify(told)},"logprobs":${shown},"finish_reason":${finish},"stop_reason":${stop}`
    return `${this.#chunks.start}{${fields}${this.#chunks.tokenIds(piece)}}]${this.#chunks.usageSoFar(piece)}}\n\n`
  }

  closing(_: readonly Choice[], { usage }: AnswerEnd): string {
    return this.#chunks.closing(usage)
  }

  failed(error: ApiError): string {
    return this.#chunks.failed(error)
  }

  whole(choices: readonly Choice[], { usage, kvTransferParams }: AnswerEnd): object {
    const { id, created, model } = this.#context.head
    return {
      id,
      object: 'text_completion',
      created,
      model,
      system_fingerprint: FINGERPRINT,
      choices: choices.map((choice) => this.#wholeChoice(choice)),
      service_tier: null,
      usage: usageJson(usage),
      kv_transfer_params: kvTransferParams,
    }
  }

  #wholeChoice(choice: Choice): object {
    const { index, plan, prompt } = choice
    const { logprobs, returnTokenIds, echo, prompts } = this.#context.request
    return {
      index,
      text: echo ? this.#promptText(choice) + plan.text : plan.text,
      logprobs: logprobs === undefined ? null : this.#logprobs(choice, 0, plan.tokens.length),
      finish_reason: finishReason(choice),
      stop_reason: plan.stopReason,
      ...(returnTokenIds ? { token_ids: [...plan.tokens], prompt_token_ids: [...(prompts[prompt]?.tokens ?? [])] } : {}),
      prompt_logprobs: null,
    }
  }

  #promptText({ prompt }: Choice): string {
    return this.#context.tokenizer.decode(this.#promptTokens(prompt))
  }

  #promptTokens(prompt: number): Uint32Array {
    return this.#context.request.prompts[prompt]?.tokens ?? NO_TOKENS
  }

  /** Of the tokens from `from` to `to`, which follow those of the call before. With `echo` the prompt's tokens come first. */
  #logprobs(choice: Choice, from: number, to: number): object {
    const { request, tokenizer } = this.#context
    const promptTokens = request.echo ? this.#promptTokens(choice.prompt) : NO_TOKENS
    const reader = from === 0 ? { decoder: tokenizer.decoder(), offset: 0 } : (this.#readers.get(choice.index) as Reader)
    this.#readers.set(choice.index, reader)
    const alternatives = request.logprobs ?? 0
    const list = new LogprobList(alternatives)
    const add = (token: number, index: number): void => {
      // The very first token of a prompt has nothing before it, and so no probability.
      const isUnknown = index === 0 && promptTokens.length > 0
      list.add(tokenChoice(tokenizer, { token, index }, { alternatives, asIds: request.tokensAsIds }), { offset: reader.offset, isUnknown })
      reader.offset += reader.decoder.push(token).length
    }
    if (from === 0) for (const [index, token] of promptTokens.entries()) add(token, index)
    for (let index = from; index < to; index++) add(choice.plan.tokens[index] as number, promptTokens.length + index)
    return list.json()
  }
}

/** How far the text of a choice has been read: offsets count it with every token shown, held back or cut parts included. */
interface Reader {
  readonly decoder: TokenDecoder
  offset: number
}

const NO_TOKENS = new Uint32Array(0)

/** SOURCE: OpenAI's completions: four lists in step. */
class LogprobList {
  readonly #hasAlternatives: boolean
  readonly #offsets: number[] = []
  readonly #logprobs: (number | null)[] = []
  readonly #tokens: string[] = []
  readonly #alternatives: (object | null)[] = []

  constructor(alternatives: number) {
    this.#hasAlternatives = alternatives > 0
  }

  add({ text, logprob, alternatives }: TokenChoice, { offset, isUnknown }: { offset: number; isUnknown: boolean }): void {
    this.#offsets.push(offset)
    this.#tokens.push(text)
    this.#logprobs.push(isUnknown ? null : logprob)
    this.#alternatives.push(isUnknown ? null : Object.fromEntries(alternatives.map((other) => [other.text, other.logprob])))
  }

  json(): object {
    return {
      text_offset: this.#offsets,
      token_logprobs: this.#logprobs,
      tokens: this.#tokens,
      top_logprobs: this.#hasAlternatives ? this.#alternatives : null,
    }
  }
}
