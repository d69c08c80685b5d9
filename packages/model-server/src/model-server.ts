import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Clock, Result } from '@signalbox/base'
import { seededRandom } from '@signalbox/base'
import { Engine, type EngineDialectId, type EngineOptions, engineDialects } from '@signalbox/engine'
import { contentTypeOf, negotiateFormat } from '@signalbox/exposition'
import { Registry } from '@signalbox/instruments'
import { listen } from '@signalbox/node'
import { entriesOf } from '@signalbox/signals'
import { type AnswerShape, chatShape, textShape } from './answer-shape.ts'
import { type ApiError, badRequest, httpError, notFound, send, sendError, sendJson } from './api-error.ts'
import { type JsonObject, readJsonObject } from './body.ts'
import { embed } from './embeddings.ts'
import { EngineLoop, systemTimers, type Timers } from './engine-loop.ts'
import { FaultPlan, type Faults, parseFaults } from './faults.ts'
import { Generation, type GenerationOptions } from './generation.ts'
import { type GenerationRequest, parseChatRequest, parseTextRequest } from './generation-request.ts'
import { ServedModels } from './served-models.ts'

export interface ModelServerOptions {
  readonly host: string
  /** 0: the system chooses. */
  readonly port: number
  /** Name of this server, sent in the `server` header. The model's name is the engine's. */
  readonly name: string
  readonly engine: EngineOptions
  /** Whose names and meanings `/metrics` has. Default `vllm`, the newest. The rest of the HTTP front is vLLM's whatever this is. */
  readonly dialect?: EngineDialectId
  readonly clock: Clock
  /** Default: the system's. */
  readonly timers?: Timers
  /** Of answers' texts and lengths. Default 0. */
  readonly seed?: number
  /** 2 makes every step take half its time. Default 1. */
  readonly speed?: number
  /** Whether `usage` says how much of the prompt was cached (vLLM's --enable-prompt-tokens-details). Default true. */
  readonly reportCachedTokens?: boolean
  /** Mean length of an answer that stops by itself. Default 160 tokens. */
  readonly answerTokensMean?: number
  /** Default 64 MiB. */
  readonly bodyBytesMax?: number
  readonly faults?: Faults
}

export interface ModelServer {
  readonly port: number
  /** Replaces what goes wrong on purpose, as `POST /simulator/faults` does. */
  setFaults(faults: Faults): void
  /** Stops accepting, lets running requests go on for `graceMs`, then ends them with an error. */
  close(graceMs: number): Promise<void>
}

/**
 * Starts a simulated model server: vLLM's HTTP, and metrics in the dialect that was chosen. Every answer carries
 * `x-signalbox-simulated: true`. Rejects when it cannot listen, saying what is in the way.
 */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const front = new ModelFront(options)
  const listening = await listen(front.server, options)
  if (!listening.ok) throw new Error(listening.error.message)
  return {
    port: listening.value,
    setFaults: (faults) => front.setFaults(faults),
    close: (graceMs) => front.close(graceMs),
  }
}

const BODY_BYTES_MAX = 64 * 1024 * 1024
const ANSWER_TOKENS_MEAN = 160
const FAULTS_PATH = '/simulator/faults'
/** Longer than clients keep idle connections in their pools, so that it is they who close them. */
const KEEP_ALIVE_MS = 75_000
/** How long the last bytes may take to leave once every request has ended. */
const FLUSH_MS = 1000

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

class ModelFront {
  readonly server: Server
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #name: string
  readonly #version: string
  readonly #bodyBytesMax: number
  readonly #registry: Registry
  readonly #faults: FaultPlan
  readonly #loop: EngineLoop
  readonly #models: ServedModels
  readonly #generation: GenerationOptions
  readonly #routes: ReadonlyMap<string, ReadonlyMap<string, Handler>>
  readonly #open = new Set<ServerResponse>()
  #engineIds = 0
  #closing = false

  constructor(options: ModelServerOptions) {
    const { clock, engine: engineOptions } = options
    this.#clock = clock
    this.#timers = options.timers ?? systemTimers
    this.#name = options.name
    this.#bodyBytesMax = options.bodyBytesMax ?? BODY_BYTES_MAX
    const dialect = engineDialects[options.dialect ?? 'vllm']
    this.#version = `${dialect.vllmVersion}+simulated`
    this.#registry = new Registry({ entries: [...dialect.entries, ...entriesOf('process')], clock })
    this.#registry
      .gauge('process.start_time')
      .with()
      .set(clock.nowMs() / 1000)
    const metrics = dialect.record(this.#registry, engineOptions)
    const seed = options.seed ?? 0
    const engine = new Engine(engineOptions, seededRandom(seed), metrics)
    metrics.watch(engine)
    this.#faults = new FaultPlan()
    this.#loop = new EngineLoop({ engine, clock, timers: this.#timers, speed: options.speed ?? 1 })
    this.#models = new ServedModels(engineOptions.model, { created: this.#seconds(), contextTokensMax: engine.contextTokensMax })
    this.#generation = {
      loop: this.#loop,
      faults: this.#faults,
      contextTokensMax: engine.contextTokensMax,
      seed,
      answerTokensMean: options.answerTokensMean ?? ANSWER_TOKENS_MEAN,
      reportCachedTokens: options.reportCachedTokens ?? true,
    }
    this.#routes = this.#buildRoutes()
    this.setFaults(options.faults ?? {})
    this.server = createServer((request, response) => void this.#serve(request, response))
    this.server.keepAliveTimeout = KEEP_ALIVE_MS
  }

  setFaults(faults: Faults): void {
    this.#faults.replace(faults)
    if (faults.stallMs !== undefined) this.#loop.stall(faults.stallMs)
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve())
    })
    const cancelGrace = this.#timers.after(graceMs, () => this.#loop.failAll())
    await this.#loop.idle()
    cancelGrace()
    const cancelFlush = this.#timers.after(FLUSH_MS, () => this.server.closeAllConnections())
    this.#closeWhenFlushed()
    await closed
    cancelFlush()
  }

  #buildRoutes(): ReadonlyMap<string, ReadonlyMap<string, Handler>> {
    const get = (handler: Handler) => new Map([['GET', handler]])
    const post = (handler: (body: JsonObject, request: IncomingMessage, response: ServerResponse) => void): ReadonlyMap<string, Handler> =>
      new Map([['POST', (request, response) => this.#withBody(request, response, handler)]])
    const generate = (shape: AnswerShape, parse: (body: JsonObject) => Result<GenerationRequest, ApiError>) =>
      post((body, request, response) => this.#generate({ request, response }, shape, parse(body)))
    return new Map<string, ReadonlyMap<string, Handler>>([
      ['/v1/chat/completions', generate(chatShape, parseChatRequest)],
      ['/v1/completions', generate(textShape, parseTextRequest)],
      ['/v1/embeddings', post((body, _request, response) => this.#embed(body, response))],
      ['/v1/models', get((_, response) => sendJson(response, 200, JSON.stringify(this.#models.list())))],
      ['/v1/load_lora_adapter', post((body, _, response) => sendText(response, this.#models.load(body, this.#seconds())))],
      ['/v1/unload_lora_adapter', post((body, _, response) => sendText(response, this.#models.unload(body)))],
      ['/health', get((_, response) => this.#health(response))],
      ['/version', get((_, response) => sendJson(response, 200, JSON.stringify({ version: this.#version })))],
      ['/metrics', get((request, response) => this.#metrics(request, response))],
      [
        FAULTS_PATH,
        new Map([
          ...get((_, response) => sendJson(response, 200, JSON.stringify(this.#faults.faults))),
          ...post((body, _, response) => this.#postFaults(body, response)),
        ]),
      ],
    ])
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open.add(response)
    response.on('close', () => {
      this.#open.delete(response)
      this.#closeWhenFlushed()
    })
    response.setHeader('x-signalbox-simulated', 'true')
    response.setHeader('server', this.#name)
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (this.#faults.faults.refuse === true && path !== FAULTS_PATH) {
      request.socket.resetAndDestroy()
      return
    }
    if (this.#closing) {
      response.setHeader('connection', 'close')
      sendError(response, httpError(503, 'the server is shutting down'))
      return
    }
    const methods = this.#routes.get(path)
    const handler = methods?.get(request.method === 'HEAD' ? 'GET' : (request.method ?? ''))
    if (handler === undefined) {
      sendError(response, methods === undefined ? notFound(`there is no ${path} here`) : httpError(405, `${path} does not take ${request.method}`))
      return
    }
    try {
      await handler(request, response)
    } catch (error) {
      // A bug of ours costs the request that met it, as it would in vLLM, and is told to the client.
      if (response.headersSent) response.destroy()
      else sendError(response, httpError(500, error instanceof Error ? error.message : String(error)))
    }
  }

  async #withBody(
    request: IncomingMessage,
    response: ServerResponse,
    handler: (body: JsonObject, request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<void> {
    const body = await readJsonObject(request, this.#bodyBytesMax)
    if (body === undefined || response.destroyed) return
    if (body.ok) handler(body.value, request, response)
    else {
      // What is left of a refused body is not worth reading, so the connection cannot be used again.
      if (body.error.status === 413) response.setHeader('connection', 'close')
      sendError(response, body.error)
    }
  }

  #generate(exchange: { request: IncomingMessage; response: ServerResponse }, shape: AnswerShape, parsed: Result<GenerationRequest, ApiError>): void {
    const { request, response } = exchange
    const failure = this.#faults.takeFailure()
    if (failure !== undefined) {
      sendError(response, httpError(failure, 'failed on purpose'))
      return
    }
    const model = parsed.ok ? this.#models.resolve(parsed.value.model) : parsed
    if (!model.ok || !parsed.ok) {
      sendError(response, model.ok ? badRequest('not a request') : model.error)
      return
    }
    const asked = request.headers['x-request-id']
    const id = shape.idPrefix + (typeof asked === 'string' && asked !== '' ? asked : randomUUID().replaceAll('-', ''))
    const head = { id, created: this.#seconds(), model: model.value }
    const generation = new Generation(this.#generation, { request: parsed.value, shape, head, response })
    generation.start(() => `${this.#engineIds++}`, JSON.stringify([model.value, parsed.value.cacheSalt]))
  }

  #embed(body: JsonObject, response: ServerResponse): void {
    const failure = this.#faults.takeFailure()
    const model = this.#models.resolve(typeof body['model'] === 'string' ? body['model'] : undefined)
    if (failure !== undefined) sendError(response, httpError(failure, 'failed on purpose'))
    else if (!model.ok) sendError(response, model.error)
    else {
      const answer = embed(body, { id: `embd-${randomUUID().replaceAll('-', '')}`, created: this.#seconds(), model: model.value })
      if (answer.ok) sendJson(response, 200, JSON.stringify(answer.value))
      else sendError(response, answer.error)
    }
  }

  #health(response: ServerResponse): void {
    if (this.#faults.faults.unhealthy === true) sendError(response, httpError(503, 'unhealthy on purpose'))
    else send(response, { status: 200, contentType: 'text/plain', body: '' })
  }

  #metrics(request: IncomingMessage, response: ServerResponse): void {
    const format = negotiateFormat(request.headers.accept)
    const body = this.#faults.faults.metricsBody ?? this.#registry.render(format)
    send(response, { status: 200, contentType: contentTypeOf(format), body })
  }

  #postFaults(body: JsonObject, response: ServerResponse): void {
    const faults = parseFaults(body)
    if (faults.ok) this.setFaults(faults.value)
    if (faults.ok) sendJson(response, 200, JSON.stringify(this.#faults.faults))
    else sendError(response, badRequest(faults.error))
  }

  /** Connections kept alive by clients would hold `close` up for ever. */
  #closeWhenFlushed(): void {
    if (this.#closing && this.#open.size === 0 && this.#loop.size === 0) this.server.closeAllConnections()
  }

  #seconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000)
  }
}

function sendText(response: ServerResponse, answer: Result<string, ApiError>): void {
  if (answer.ok) send(response, { status: 200, contentType: 'text/plain; charset=utf-8', body: answer.value })
  else sendError(response, answer.error)
}
