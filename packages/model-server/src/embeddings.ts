import { failure, ok, type Result, seededRandom } from '@signalbox/base'
import { hashTokens } from '@signalbox/engine'
import { type ApiError, badRequest } from './api-error.ts'
import type { JsonObject } from './body.ts'
import { parsePrompts } from './generation-request.ts'

const DIMENSIONS = 384
const DIMENSIONS_MAX = 4096

/** Answers `/v1/embeddings`: unit vectors that are a function of the tokens alone. The engine's loop has no part in them. */
export function embed(body: JsonObject, head: { id: string; created: number; model: string }): Result<object, ApiError> {
  const inputs = parsePrompts(body['input'], 'input')
  if (!inputs.ok) return inputs
  const dimensions = body['dimensions'] ?? DIMENSIONS
  if (!Number.isInteger(dimensions) || (dimensions as number) < 1 || (dimensions as number) > DIMENSIONS_MAX) {
    return failure(badRequest(`dimensions must be an integer from 1 to ${DIMENSIONS_MAX}`, 'dimensions'))
  }
  const format = body['encoding_format'] ?? 'float'
  if (format !== 'float' && format !== 'base64') return failure(badRequest('encoding_format must be float or base64', 'encoding_format'))
  const promptTokens = inputs.value.reduce((sum, tokens) => sum + tokens.length, 0)
  return ok({
    ...head,
    object: 'list',
    system_fingerprint: 'simulated',
    data: inputs.value.map((tokens, index) => {
      const vector = unitVector(tokens, dimensions as number)
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
