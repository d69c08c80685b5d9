import { failure, ok, type Result, seededRandom } from '@signalbox/base'
import { hashTokens } from '@signalbox/engine'
import type { Tokenizer } from '@signalbox/tokenizers'
import { type ApiError, badRequest } from './api-error.ts'
import type { JsonObject } from './body.ts'
import { BodyFields } from './body-fields.ts'
import { truncated } from './requests/generation-request.ts'
import { readPrompts } from './requests/text-request.ts'
import type { AnswerHead } from './shapes/answer-shape.ts'

const DIMENSIONS = 384
const DIMENSIONS_MAX = 4096

/** Answers `/v1/embeddings`: unit vectors that are a function of the tokens alone. The engine's loop has no part in them. */
export function embed(
  body: JsonObject,
  head: AnswerHead,
  { tokenizer, contextTokensMax }: { tokenizer: Tokenizer; contextTokensMax: number },
): Result<object, ApiError> {
  const fields = new BodyFields(body)
  const inputs = readPrompts(fields, 'input', tokenizer).map(({ tokens }) => truncated(fields, tokens))
  const dimensions = fields.integer('dimensions', { min: 1, max: DIMENSIONS_MAX }) ?? DIMENSIONS
  const format = fields.string('encoding_format') ?? 'float'
  if (format !== 'float' && format !== 'base64') fields.refuse('encoding_format', 'must be float or base64')
  if (fields.error !== undefined) return failure(fields.error)
  const long = inputs.find((tokens) => tokens.length > contextTokensMax)
  if (long !== undefined) {
    return failure(badRequest(`the maximum context length is ${contextTokensMax} tokens; input has ${long.length}. Shorten input`, 'input'))
  }
  const promptTokens = inputs.reduce((sum, tokens) => sum + tokens.length, 0)
  return ok({
    ...head,
    object: 'list',
    system_fingerprint: 'simulated',
    data: inputs.map((tokens, index) => {
      const vector = unitVector(tokens, dimensions)
      return { index, object: 'embedding', embedding: format === 'float' ? [...vector] : Buffer.from(vector.buffer).toString('base64') }
    }),
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens, completion_tokens: 0, prompt_tokens_details: null },
  })
}

function unitVector(tokens: Uint32Array, dimensions: number): Float32Array {
  const random = seededRandom(hashTokens(tokens))
  const vector = Float32Array.from({ length: dimensions }, () => random.next() * 2 - 1)
  const length = Math.hypot(...vector) || 1
  return vector.map((value) => value / length)
}
