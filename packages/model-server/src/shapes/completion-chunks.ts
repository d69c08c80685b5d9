import { type ApiError, errorBody } from '../api-error.ts'
import { type AnswerContext, DONE, FINGERPRINT, type Piece, type TokenUsage, usageJson } from './answer-shape.ts'

/** What the streams of chat and of text completions have in common. SOURCE: `reference/vllm.md` §3.4. */
export class CompletionChunks {
  /** A chunk up to its list of choices: the same in every one, so it is written once. */
  readonly start: string
  readonly #request: AnswerContext['request']

  /** `object`: what each chunk says it is. */
  constructor(object: string, { head, request }: AnswerContext) {
    const { id, created, model } = head
    const start = JSON.stringify({ id, object, created, model, system_fingerprint: FINGERPRINT })
    this.start = `data: ${start.slice(0, -1)},"choices":[`
    this.#request = request
  }

  /** The field of a choice with the tokens of a piece, after a comma; empty where they were not asked for. */
  tokenIds({ choice, from, to }: Piece): string {
    return this.#request.returnTokenIds ? `,"token_ids":[${choice.plan.tokens.subarray(from, to).join(',')}]` : ''
  }

  /** The field of a chunk with the usage so far, after a comma; empty where chunks are not to say it. */
  usageSoFar({ usage }: Piece): string {
    return usage === undefined ? '' : `,"usage":${JSON.stringify(usageJson(usage))}`
  }

  closing(usage: TokenUsage): string {
    if (this.#request.streaming?.includeUsage !== true) return DONE
    return `${this.start}],"usage":${JSON.stringify(usageJson(usage))}}\n\n${DONE}`
  }

  failed(error: ApiError): string {
    return `data: ${errorBody(error)}\n\n${DONE}`
  }
}
