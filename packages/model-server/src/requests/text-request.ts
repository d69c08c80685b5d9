import type { Tokenizer } from '@signalbox/tokenizers'
import type { BodyFields } from '../body-fields.ts'
import { readFormat } from './answer-format.ts'
import { type GenerationRequest, LOGPROBS_MAX, type Prompt, readN, readShared, truncated } from './generation-request.ts'

/** Prompts that one request may hold. */
const PROMPTS_MAX = 2048
/** SOURCE: `reference/vllm.md` §3.2. */
const OUTPUT_TOKENS_DEFAULT = 16

/** Reads the body of `/v1/completions`. */
export function readTextRequest(fields: BodyFields, tokenizer: Tokenizer): GenerationRequest {
  const prompts = readPrompts(fields, 'prompt', tokenizer).map((prompt) => ({ ...prompt, tokens: truncated(fields, prompt.tokens) }))
  const echo = fields.boolean('echo')
  // With `echo` a limit of 0 asks for the prompt alone; the engine, like vLLM's, still computes one token.
  const limit = fields.integer('max_tokens', { min: echo ? 0 : 1 }) ?? OUTPUT_TOKENS_DEFAULT
  return readShared(fields, {
    prompts,
    promptField: 'prompt',
    limitField: 'max_tokens',
    outputTokensMax: Math.max(1, limit),
    form: readFormat(fields),
    logprobs: fields.integer('logprobs', { min: 0, max: LOGPROBS_MAX }),
    echo,
    n: readN(fields, prompts.length),
  })
}

/** Reads `string`, `[string]`, `[int]` or `[[int]]`: one prompt for each. */
export function readPrompts(fields: BodyFields, name: string, tokenizer: Tokenizer): readonly Prompt[] {
  const value = fields.value(name)
  const list = typeof value === 'string' || isTokens(value) ? [value] : value
  if (!Array.isArray(list) || list.length === 0 || list.length > PROMPTS_MAX) {
    fields.refuse(name, `must be a string, an array of token numbers, or 1 to ${PROMPTS_MAX} of these`)
    return []
  }
  const prompts: Prompt[] = []
  for (const prompt of list as readonly unknown[]) {
    if (typeof prompt !== 'string' && !isTokens(prompt)) {
      fields.refuse(name, 'holds something that is neither text nor token numbers')
      return []
    }
    const tokens = typeof prompt === 'string' ? tokenizer.encode(prompt) : Uint32Array.from(prompt)
    if (tokens.length === 0) fields.refuse(name, 'is empty; give it at least one token')
    prompts.push({ tokens, question: typeof prompt === 'string' ? prompt : tokenizer.decode(tokens) })
  }
  return prompts
}

/** Whether it is a list of token numbers, at least one. */
export function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((token) => Number.isInteger(token) && token >= 0 && token < 2 ** 32)
}
