import type { ServerResponse } from 'node:http'
import { assert, seededRandom } from '@signalbox/base'
import { type EngineRequest, hashTokens, naturalOutputTokens, textOf, tokenAt } from '@signalbox/engine'
import type { AnswerHead, AnswerShape, Choice, Usage } from './answer-shape.ts'
import { type ApiError, badRequest, errorBody, httpError, sendError, sendJson } from './api-error.ts'
import type { JsonObject } from './body.ts'
import type { EngineLoop, Output } from './engine-loop.ts'
import type { FaultPlan } from './fault-plan.ts'
import type { GenerationRequest } from './generation-request.ts'
import type { PairPart } from './pairs.ts'

/** Bytes that may wait for a slow reader before its connection is broken. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024

/** What every answer of one server has in common. */
export interface GenerationOptions {
  readonly loop: EngineLoop
  readonly faults: FaultPlan
  readonly contextTokensMax: number
  readonly seed: number
  readonly answerTokensMean: number
  readonly reportCachedTokens: boolean
}

/** A request that is to be answered. */
export interface GenerationTask {
  readonly request: GenerationRequest
  /** The LoRA adapter that it runs with; undefined: the model itself. */
  readonly adapter: string | undefined
  readonly pair: PairPart
  readonly shape: AnswerShape
  readonly head: AnswerHead
  readonly response: ServerResponse
}

/** One prompt of the request on its way. */
interface Part {
  readonly index: number
  readonly promptTokens: number
  text: string
  outputTokens: number
  cachedTokens: number
  finishReason: Choice['finishReason'] | undefined
}

/**
 * One completion or chat request from submission to the last byte, streamed or whole. The engine forgets it at once when the
 * client leaves.
 */
export class Generation {
  readonly #options: GenerationOptions
  readonly #request: GenerationRequest
  readonly #adapter: string | undefined
  readonly #pair: PairPart
  readonly #shape: AnswerShape
  readonly #head: AnswerHead
  readonly #response: ServerResponse
  readonly #parts = new Map<string, Part>()
  #unfinished = 0
  #tokens = 0
  #kvTransferParams: JsonObject | null = null

  constructor(options: GenerationOptions, task: GenerationTask) {
    this.#options = options
    this.#request = task.request
    this.#adapter = task.adapter
    this.#pair = task.pair
    this.#shape = task.shape
    this.#head = task.head
    this.#response = task.response
  }

  /** `nextId` makes ids that the engine has not seen; `cacheSeed` is what equal prompts must also share to share blocks. */
  start(nextId: () => string, cacheSeed: string): void {
    const requests: EngineRequest[] = []
    for (const [index, promptTokens] of this.#request.prompts.entries()) {
      const room = this.#options.contextTokensMax - promptTokens.length
      if (room < 1) {
        sendError(this.#response, contextError(promptTokens.length, this.#options.contextTokensMax))
        return
      }
      const id = nextId()
      const adapter = this.#adapter === undefined ? {} : { adapter: this.#adapter }
      requests.push({ id, promptTokens, cacheSeed, ...adapter, ...this.#pair.engineFields, ...this.#plan(promptTokens, room) })
      this.#parts.set(id, { index, promptTokens: promptTokens.length, text: '', outputTokens: 0, cachedTokens: 0, finishReason: undefined })
    }
    this.#unfinished = requests.length
    const submitted = this.#options.loop.submit(requests, (output) => this.#onOutput(output))
    if (!submitted.ok) {
      const { code, message } = submitted.error
      sendError(this.#response, code === 'too-long' ? badRequest(message) : httpError(503, message))
      return
    }
    this.#response.on('close', () => {
      for (const id of this.#parts.keys()) if (this.#options.loop.abort(id)) this.#pair.fetched()
    })
    if (!this.#request.stream) return
    this.#response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
    this.#response.flushHeaders()
    this.#failIfAsked()
  }

  /** The answer and why it ends: a function of the prompt, the request's limits and the server's seed. */
  #plan(promptTokens: Uint32Array, room: number): Pick<EngineRequest, 'answerTokens' | 'outputTokensMax' | 'finishReason'> {
    const { outputTokensMax = room, outputTokensMin, ignoreEos } = this.#request
    const limit = Math.min(room, outputTokensMax)
    const seed = hashTokens(promptTokens, this.#options.seed) >>> 0
    const random = seededRandom(seed)
    const natural = Math.max(outputTokensMin, naturalOutputTokens(random, this.#options.answerTokensMean))
    const isCut = ignoreEos || natural > limit
    const answerTokens = Uint32Array.from({ length: isCut ? limit : natural }, (_, at) => tokenAt(seed, at))
    return { answerTokens, outputTokensMax: limit, finishReason: isCut ? 'length' : 'stop' }
  }

  #onOutput({ id, token, finish }: Output): void {
    this.#pair.fetched()
    if (this.#response.destroyed || this.#response.writableEnded) return
    if (finish?.reason === 'error' || finish?.reason === 'abort') {
      this.#fail(httpError(503, 'the engine ended this request before its answer was complete'))
      return
    }
    const part = this.#parts.get(id)
    assert(part !== undefined && token !== undefined, `output without a part: ${id}`)
    const text = textOf(token)
    part.text += text
    part.outputTokens += 1
    this.#tokens += 1
    if (finish !== undefined) {
      assert(finish.reason === 'stop' || finish.reason === 'length', `finish ${finish.reason}`)
      part.finishReason = finish.reason
      part.cachedTokens = finish.cachedTokens
      this.#kvTransferParams = this.#pair.ended(id, { reason: finish.reason, promptTokens: part.promptTokens })
      this.#unfinished -= 1
    }
    if (this.#request.stream) this.#stream(part, text)
    else if (this.#unfinished === 0) this.#answerWhole()
    this.#failIfAsked()
  }

  /** One write for all that a step brings this stream. */
  #stream(part: Part, text: string): void {
    const head = this.#head
    const opening = part.outputTokens === 1 ? this.#shape.opening(head, part.index) : undefined
    let frames = opening === undefined ? '' : frame(opening)
    frames += frame(this.#shape.chunk(head, { index: part.index, text, finishReason: part.finishReason ?? null }))
    if (this.#unfinished > 0) {
      this.#response.write(frames)
      if (this.#response.writableLength > UNSENT_BYTES_MAX) this.#response.destroy()
      return
    }
    if (this.#request.includeUsage) frames += frame(this.#shape.usageChunk(head, this.#usage()))
    this.#response.end(`${frames}${DONE}`)
  }

  #answerWhole(): void {
    const choices: Choice[] = []
    for (const { index, text, finishReason } of this.#parts.values()) {
      assert(finishReason !== undefined, 'answered before the end')
      choices.push({ index, text, finishReason })
    }
    const whole = this.#shape.whole(this.#head, choices, this.#usage())
    sendJson(this.#response, 200, JSON.stringify({ ...whole, kv_transfer_params: this.#kvTransferParams }))
  }

  #usage(): Usage {
    let [prompt, completion, cached] = [0, 0, 0]
    for (const part of this.#parts.values()) {
      prompt += part.promptTokens
      completion += part.outputTokens
      cached += part.cachedTokens
    }
    return {
      prompt_tokens: prompt,
      total_tokens: prompt + completion,
      completion_tokens: completion,
      prompt_tokens_details: this.#options.reportCachedTokens ? { cached_tokens: cached } : null,
    }
  }

  #fail(error: ApiError): void {
    if (!this.#response.headersSent) sendError(this.#response, error)
    else if (!this.#response.writableEnded) this.#response.end(`data: ${errorBody(error)}\n\n${DONE}`)
  }

  /** What goes wrong on purpose once an answer has so many tokens. */
  #failIfAsked(): void {
    const { faults } = this.#options
    const response = this.#response
    if (response.destroyed || response.writableEnded) return
    if (this.#tokens >= (faults.active('cutStreamAfterTokens') ?? Number.POSITIVE_INFINITY)) {
      faults.meet('cutStreamAfterTokens')
      response.destroy()
    } else if (this.#tokens >= (faults.active('errorAfterTokens') ?? Number.POSITIVE_INFINITY)) {
      faults.meet('errorAfterTokens')
      this.#fail(httpError(500, 'failed on purpose'))
      for (const id of this.#parts.keys()) this.#options.loop.abort(id)
    }
  }
}

const DONE = 'data: [DONE]\n\n'

function frame(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`
}

function contextError(promptTokens: number, contextTokensMax: number): ApiError {
  return badRequest(`the prompt has ${promptTokens} tokens; the maximum context length is ${contextTokensMax}, answer included`, 'prompt')
}
