import type { ServerResponse } from 'node:http'
import { assert } from '@signalbox/base'
import type { EngineRequest } from '@signalbox/engine'
import { type AnswerPlan, type AnswerSettings, planAnswer } from './answer-plan.ts'
import { type ApiError, badRequest, httpError, sendError, sendJson } from './api-error.ts'
import type { JsonObject } from './body.ts'
import type { EngineLoop, Output } from './engine-loop.ts'
import type { FaultPlan } from './fault-plan.ts'
import type { PairPart } from './pairs.ts'
import type { GenerationRequest } from './requests/generation-request.ts'
import type { ServerLoad } from './server-load.ts'
import type { AnswerEnd, AnswerHead, AnswerShape, AnswerWriter, Choice, Piece, TokenUsage } from './shapes/answer-shape.ts'

/** Bytes that may wait for a slow reader before its connection is broken. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024

/** Tokens of all answers to one request: planning them takes about half a second. */
const PLANNED_TOKENS_MAX = 1_000_000

/** What every answer of one server has in common. */
export interface GenerationOptions extends AnswerSettings {
  readonly loop: EngineLoop
  readonly load: ServerLoad
  readonly faults: FaultPlan
  readonly reportCachedTokens: boolean
}

/** A request that is to be answered. */
export interface GenerationTask {
  readonly request: GenerationRequest
  /** As sent. */
  readonly body: JsonObject
  /** The LoRA adapter that it runs with; undefined: the model itself. */
  readonly adapter: string | undefined
  readonly pair: PairPart
  readonly shape: AnswerShape
  readonly head: AnswerHead
  readonly response: ServerResponse
}

/** One answer on its way. */
interface Part {
  readonly choice: Choice
  readonly plan: AnswerPlan
  /** Tokens that the engine has generated, and of these, those that the client was told of. */
  generated: number
  told: number
  cachedTokens: number
}

/**
 * One request for answers from submission to the last byte, streamed or whole. The engine forgets it at once when the client
 * leaves. What the steps of one turn of the loop bring goes out in one write, a chunk for each choice.
 */
export class Generation {
  readonly #options: GenerationOptions
  readonly #task: GenerationTask
  readonly #writer: AnswerWriter
  readonly #parts = new Map<string, Part>()
  #unfinished = 0
  #kvTransferParams: JsonObject | null = null
  #tokens = 0
  #flushing = false

  constructor(options: GenerationOptions, task: GenerationTask) {
    this.#options = options
    this.#task = task
    const { head, request, body } = task
    this.#writer = task.shape.writer({ head, request, body, tokenizer: options.tokenizer })
  }

  /** `nextId` makes ids that the engine has not seen; `cacheSeed` is what equal prompts must also share to share blocks. */
  start(nextId: () => string, cacheSeed: string): void {
    const { request, response, shape } = this.#task
    const requests: EngineRequest[] = []
    let planned = 0
    for (const [promptIndex, prompt] of request.prompts.entries()) {
      for (let number = 0; number < request.n; number++) {
        const plan = planAnswer(this.#options, request, { prompt, number })
        if (!plan.ok) {
          sendError(response, plan.error, shape.errorBody)
          return
        }
        planned += plan.value.tokens.length
        if (planned > PLANNED_TOKENS_MAX) {
          sendError(response, tooMuch(request.limitField), shape.errorBody)
          return
        }
        const id = nextId()
        requests.push(this.#engineRequest(id, { promptTokens: prompt.tokens, plan: plan.value, cacheSeed }))
        const choice = { index: requests.length - 1, plan: plan.value, prompt: promptIndex }
        this.#parts.set(id, { choice, plan: plan.value, generated: 0, told: 0, cachedTokens: 0 })
      }
    }
    this.#unfinished = requests.length
    const submitted = this.#options.loop.submit(requests, (output) => this.#onOutput(output))
    if (!submitted.ok) {
      sendError(response, refusal(submitted.error), shape.errorBody)
      return
    }
    const over = this.#options.load.begin()
    response.on('close', () => {
      over()
      this.#abort()
    })
    if (request.streaming === undefined) return
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
    response.flushHeaders()
    const opening = this.#writer.opening(this.#usage())
    if (opening !== '') response.write(opening)
    this.#failIfAsked()
  }

  #engineRequest(id: string, of: { promptTokens: Uint32Array; plan: AnswerPlan; cacheSeed: string }): EngineRequest {
    const { adapter, pair, request } = this.#task
    const { promptTokens, plan, cacheSeed } = of
    return {
      id,
      promptTokens,
      answerTokens: plan.tokens,
      finishReason: plan.finishReason,
      outputTokensMax: plan.outputTokensMax,
      cacheSeed,
      priority: request.priority,
      ...(adapter === undefined ? {} : { adapter }),
      ...pair.engineFields,
    }
  }

  #onOutput({ id, token, finish }: Output): void {
    const { response, pair } = this.#task
    pair.fetched()
    if (response.destroyed || response.writableEnded) return
    if (finish?.reason === 'error' || finish?.reason === 'abort') {
      this.#fail(httpError(503, 'the engine ended this request before its answer was complete'))
      return
    }
    const part = this.#parts.get(id)
    assert(part !== undefined && token === part.plan.tokens[part.generated], `output that was not planned: ${id}`)
    part.generated += 1
    this.#tokens += 1
    if (finish !== undefined) {
      part.cachedTokens = finish.cachedTokens
      this.#kvTransferParams = pair.ended(id, { reason: finish.reason, promptTokens: this.#promptTokens(part.choice) })
      this.#unfinished -= 1
    }
    if (this.#tokens >= this.#failsAt()) {
      // What fails on purpose fails at its very token, however many a turn brings.
      this.#flush()
      return
    }
    if (this.#flushing) return
    // Runs when the loop's turn is over: it may make up for several steps in one.
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    const { request, response } = this.#task
    if (response.destroyed || response.writableEnded) return
    if (request.streaming !== undefined) this.#stream(request.streaming.interval)
    else if (this.#unfinished === 0) this.#answerWhole()
    this.#failIfAsked()
  }

  /** One write for all that a turn brings this stream. */
  #stream(interval: number): void {
    let frames = ''
    for (const part of this.#parts.values()) {
      const isLast = part.generated === part.plan.tokens.length
      if (part.told === part.generated || (!isLast && part.told > 0 && part.generated - part.told < interval)) continue
      frames += this.#writer.piece(this.#pieceOf(part, isLast))
      part.told = part.generated
    }
    const { response } = this.#task
    if (this.#unfinished === 0) response.end(frames + this.#writer.closing(this.#choices(), this.#end()))
    else if (frames !== '') {
      response.write(frames)
      if (response.writableLength > UNSENT_BYTES_MAX) response.destroy()
    }
  }

  #pieceOf({ choice, plan, told, generated, cachedTokens }: Part, isLast: boolean): Piece {
    const from = told === 0 ? 0 : (plan.shown[told - 1] as number)
    const text = plan.text.slice(from, plan.shown[generated - 1])
    const isCounted = this.#task.request.streaming?.continuousUsage === true
    const counts = { promptTokens: this.#promptTokens(choice), completionTokens: generated, cachedTokens }
    const usage = isCounted ? this.#reported(counts) : undefined
    return { choice, from: told, to: generated, text, isLast, usage }
  }

  #answerWhole(): void {
    sendJson(this.#task.response, 200, JSON.stringify(this.#writer.whole(this.#choices(), this.#end())))
  }

  #choices(): Choice[] {
    return Array.from(this.#parts.values(), ({ choice }) => choice)
  }

  #end(): AnswerEnd {
    return { usage: this.#usage(), kvTransferParams: this.#kvTransferParams }
  }

  #promptTokens({ prompt }: Choice): number {
    return this.#task.request.prompts[prompt]?.tokens.length ?? 0
  }

  /** A prompt counts once, however many answers it has; what was cached of it is what the first of these found. */
  #usage(): TokenUsage {
    const { prompts, n } = this.#task.request
    let [promptTokens, completionTokens, cachedTokens] = [0, 0, 0]
    for (const { tokens } of prompts) promptTokens += tokens.length
    for (const part of this.#parts.values()) {
      completionTokens += part.generated
      if (part.choice.index % n === 0) cachedTokens += part.cachedTokens
    }
    return this.#reported({ promptTokens, completionTokens, cachedTokens })
  }

  #reported(usage: { promptTokens: number; completionTokens: number; cachedTokens: number }): TokenUsage {
    return this.#options.reportCachedTokens ? usage : { ...usage, cachedTokens: undefined }
  }

  #fail(error: ApiError): void {
    const { response, shape } = this.#task
    if (!response.headersSent) sendError(response, error, shape.errorBody)
    else if (!response.writableEnded) response.end(this.#writer.failed(error))
  }

  #abort(): void {
    for (const id of this.#parts.keys()) if (this.#options.loop.abort(id)) this.#task.pair.fetched()
  }

  /** Tokens at which something goes wrong on purpose. */
  #failsAt(): number {
    const { faults } = this.#options
    return Math.min(faults.active('cutStreamAfterTokens') ?? Number.POSITIVE_INFINITY, faults.active('errorAfterTokens') ?? Number.POSITIVE_INFINITY)
  }

  #failIfAsked(): void {
    const { faults } = this.#options
    const { response } = this.#task
    if (response.destroyed || response.writableEnded || this.#tokens < this.#failsAt()) return
    if (this.#tokens >= (faults.active('cutStreamAfterTokens') ?? Number.POSITIVE_INFINITY)) {
      faults.meet('cutStreamAfterTokens')
      response.destroy()
    } else {
      faults.meet('errorAfterTokens')
      this.#fail(httpError(500, 'failed on purpose'))
      this.#abort()
    }
  }
}

function tooMuch(limitField: string): ApiError {
  return badRequest(`the answers would have more than ${PLANNED_TOKENS_MAX} tokens in all; lower ${limitField} or n`, limitField)
}

function refusal({ code, message }: { code: string; message: string }): ApiError {
  if (code === 'priority-off') return badRequest(`priority must be 0: ${message}`, 'priority')
  return code === 'too-long' ? badRequest(message) : httpError(503, message)
}
