import { failure, ok, type Result, seededRandom } from '@signalbox/base'
import { hashTokens } from '@signalbox/engine'
import type { Tokenizer } from '@signalbox/tokenizers'
import { type AnswerScript, clipped, scriptOf } from './answer-script.ts'
import { type ApiError, badRequest } from './api-error.ts'
import type { AnswerForm, GenerationRequest, Prompt } from './requests/generation-request.ts'
import { schemaValue } from './schema-value.ts'
import type { AnswerTexts, AskedPrompt } from './texts/answer-texts.ts'
import { naturalOutputTokens } from './texts/output-length.ts'

/** What decides about answers beside the request. */
export interface AnswerSettings {
  readonly tokenizer: Tokenizer
  readonly texts: AnswerTexts
  readonly seed: number
  /** Mean length of answers that have no end of their own. */
  readonly answerTokensMean: number
  readonly contextTokensMax: number
}

/** One answer as it will be: known before its first token is computed. */
export interface AnswerPlan extends AnswerScript {
  readonly finishReason: 'stop' | 'length'
  /** Tokens that it might have had. */
  readonly outputTokensMax: number
  /** The function that it calls with its text as arguments. */
  readonly tool: string | undefined
}

/** Characters that a token is taken to have where more text is made than needed. */
const TOKEN_CHARACTERS = 6

/**
 * Plans answer `number` (from 0) to a prompt: a function of the prompt, the request and the server's seed. Fails when prompt
 * and answer do not fit the context, and when no answer has the form that is asked for.
 */
export function planAnswer(
  settings: AnswerSettings,
  request: GenerationRequest,
  { prompt, number }: { prompt: Prompt; number: number },
): Result<AnswerPlan, ApiError> {
  const misfit = contextMisfit(settings, request, prompt)
  if (misfit !== undefined) return failure(misfit)
  const room = settings.contextTokensMax - prompt.tokens.length
  const outputTokensMax = Math.min(room, request.outputTokensMax ?? room)
  const asked: AskedPrompt = { seed: seedOf(settings, request, prompt, number), question: prompt.question }
  const { form } = request
  if (form.kind === 'text') {
    const { tokens, isWhole } = freeAnswer(settings, request, { asked, outputTokensMax })
    return ok(planned(settings, request, { tokens, isWhole, outputTokensMax }))
  }
  const formed = formedText(form, asked)
  if (!formed.ok) return formed
  const { text, from, to } = formed.value
  const all = settings.tokenizer.encode(text)
  const isWhole = all.length <= outputTokensMax
  const plan = planned(settings, request, { tokens: isWhole ? all : all.subarray(0, outputTokensMax), isWhole, outputTokensMax })
  return ok({ ...plan, ...clipped(plan, from, to), tool: form.kind === 'tool' ? form.name : undefined })
}

function planned(
  { tokenizer }: AnswerSettings,
  { stop, outputTokensMin: tokensMin }: GenerationRequest,
  { tokens, isWhole, outputTokensMax }: { tokens: Uint32Array; isWhole: boolean; outputTokensMax: number },
): AnswerPlan {
  const script = scriptOf(tokenizer, tokens, { stop, tokensMin })
  return { ...script, finishReason: isWhole || script.stopReason !== null ? 'stop' : 'length', outputTokensMax, tool: undefined }
}

/** Answer 0 without a seed depends on the prompt alone. */
function seedOf(settings: AnswerSettings, { seed }: GenerationRequest, prompt: Prompt, number: number): number {
  const base = hashTokens(prompt.tokens, settings.seed)
  return (number === 0 && seed === 0 ? base : hashTokens([number, seed], base)) >>> 0
}

/** The tokens of a text that is free to be any; `isWhole`: it ends there by itself. */
function freeAnswer(
  { tokenizer, texts, answerTokensMean }: AnswerSettings,
  { ignoreEos, outputTokensMin }: GenerationRequest,
  { asked, outputTokensMax }: { asked: AskedPrompt; outputTokensMax: number },
): { tokens: Uint32Array; isWhole: boolean } {
  const { text, end } = texts.answer(asked, 1)
  const own = end === undefined ? naturalOutputTokens(seededRandom(asked.seed), answerTokensMean) : tokenizer.encode(text.slice(0, end)).length
  const natural = Math.max(own, outputTokensMin)
  const isWhole = !ignoreEos && natural <= outputTokensMax
  const wanted = isWhole ? natural : outputTokensMax
  // An end of its own is kept as it is written: a longer text might be cut into other tokens there.
  if (end !== undefined && wanted === own) return { tokens: tokenizer.encode(text.slice(0, end)), isWhole }
  for (let characters = wanted * TOKEN_CHARACTERS; ; characters *= 2) {
    const tokens = tokenizer.encode(texts.answer(asked, characters).text)
    if (tokens.length >= wanted) return { tokens: tokens.subarray(0, wanted), isWhole }
  }
}

/** A text of a given form, and the part of it that the client sees. */
function formedText(
  form: Exclude<AnswerForm, { kind: 'text' }>,
  { seed }: AskedPrompt,
): Result<{ text: string; from: number; to: number }, ApiError> {
  if (form.kind === 'choice') {
    const text = form.choices[seed % form.choices.length] as string
    return ok({ text, from: 0, to: text.length })
  }
  const value = schemaValue(form.schema, seededRandom(seed))
  if (!value.ok) {
    const field = form.kind === 'json' ? form.field : 'tools'
    return failure(badRequest(`${field}: the schema at ${value.error.at}: ${value.error.message}`, field))
  }
  const written = JSON.stringify(value.value)
  if (form.kind === 'json' || !form.isListed) return ok({ text: written, from: 0, to: written.length })
  const opening = `[{"name": ${JSON.stringify(form.name)}, "parameters": `
  return ok({ text: `${opening}${written}}]`, from: opening.length, to: opening.length + written.length })
}

/** SOURCE: `reference/vllm.md` §3.2; vLLM refuses a limit that the context does not leave. */
function contextMisfit({ contextTokensMax }: AnswerSettings, request: GenerationRequest, { tokens }: Prompt): ApiError | undefined {
  const { promptField, limitField, outputTokensMax = 0 } = request
  const facts = `the maximum context length is ${contextTokensMax} tokens, answer included; ${promptField} has ${tokens.length}`
  if (tokens.length >= contextTokensMax) return badRequest(`${facts}. Shorten ${promptField}`, promptField)
  if (tokens.length + outputTokensMax <= contextTokensMax) return undefined
  const room = contextTokensMax - tokens.length
  return badRequest(
    `${facts} and ${limitField} asks for ${outputTokensMax} more. Lower ${limitField} to at most ${room} or shorten ${promptField}`,
    limitField,
  )
}
