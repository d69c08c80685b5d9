import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, seededRandom } from '@signalbox/base'
import { type EngineDialectId, type EngineOptions, engineDialects } from '@signalbox/engine'
import { listen } from '@signalbox/node'
import { loadTokenizer, type Tokenizer, type TokenizerId } from '@signalbox/tokenizers'
import { httpError, sendError, sendJson } from './api-error.ts'
import { ApiKey } from './api-key.ts'
import { systemTimers, type Timers } from './engine-loop.ts'
import { type FaultEffects, FaultPlan, type FaultReport } from './fault-plan.ts'
import type { Faults } from './faults.ts'
import { generationRoutes } from './generation-routes.ts'
import { type KvEventOptions, KvEventPublisher, type KvEventState } from './kv-event-publisher.ts'
import { lifecycleRoutes } from './lifecycle-routes.ts'
import { LivingState } from './living-state.ts'
import { operationRoutes } from './operation-routes.ts'
import { Router } from './routes.ts'
import type { AdapterModules } from './served-models.ts'
import type { EngineRole } from './server-state.ts'
import { isOperators, simulatorRoutes } from './simulator-routes.ts'
import type { AnswerTexts, TextSource } from './texts/answer-texts.ts'
import { loadTexts } from './texts/load-texts.ts'
import { tokenizerRoutes } from './tokenizer-routes.ts'

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
  /** What tokens are: pieces of four bytes, bytes, or those of gpt-oss. Default `pieces`. */
  readonly tokenizer?: TokenizerId
  /** Where answers' texts come from. Default `canned`. */
  readonly texts?: TextSource
  /** Mean length of an answer whose text has no end of its own (`canned`). Default 160 tokens. */
  readonly answerTokensMean?: number
  /** Default 64 MiB. */
  readonly bodyBytesMax?: number
  /** Adapters that are there from the start, by name, with their paths. */
  readonly adapters?: AdapterModules
  /** Stated by `/server_info`, not enforced. Default `both`. */
  readonly role?: EngineRole
  /** The bearer token that paths under `/v1` ask for. Default: none. */
  readonly apiKey?: string
  /** How long everything is answered 503 after a start or restart: a model being loaded. Default 0. */
  readonly startupMs?: number
  readonly faults?: Faults
  /** Publishes KV-cache events over ZeroMQ. Default: none are published. */
  readonly events?: KvEventOptions
}

export interface ModelServer {
  readonly port: number
  /** Of the KV-cache events now, with the endpoints in use; undefined where none are published. */
  readonly events: KvEventState | undefined
  /** Replaces what goes wrong on purpose, as `POST /simulator/faults` does. */
  setFaults(faults: Faults): void
  /** What goes wrong on purpose, and how often it did. */
  readonly faults: FaultReport
  /** Stops accepting, lets running requests go on for `graceMs`, then ends them with an error. */
  close(graceMs: number): Promise<void>
}

/** Why a server could not start: which of its parts, and what is in the way. */
export class ModelServerStartError extends Error {
  override readonly name = 'ModelServerStartError'
  readonly part: 'http' | 'events' | 'texts'

  constructor(part: ModelServerStartError['part'], message: string) {
    super(message)
    this.part = part
  }
}

/**
 * Starts a simulated model server: vLLM's HTTP, and metrics in the dialect that was chosen. Every answer carries
 * `x-signalbox-simulated: true`. Rejects with a ModelServerStartError where something is in the way.
 */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const texts = await loadTexts(options.texts ?? 'canned')
  if (!texts.ok) throw new ModelServerStartError('texts', texts.error)
  const tokenizer = await loadTokenizer(options.tokenizer ?? 'pieces')
  const events = await publisherOf(options)
  const front = new ModelFront(options, { tokenizer, texts: texts.value, events })
  const listening = await listen(front.server, options)
  if (!listening.ok) {
    await events?.close()
    throw new ModelServerStartError('http', listening.error.message)
  }
  return {
    port: listening.value,
    get events() {
      return events?.state
    },
    get faults() {
      return front.faults
    },
    setFaults: (faults) => front.setFaults(faults),
    close: (graceMs) => front.close(graceMs),
  }
}

async function publisherOf({ events, clock }: ModelServerOptions): Promise<KvEventPublisher | undefined> {
  if (events === undefined) return undefined
  const publisher = await KvEventPublisher.open(events, clock)
  if (!publisher.ok) throw new ModelServerStartError('events', publisher.error)
  return publisher.value
}

/** Longer than clients keep idle connections in their pools, so that it is they who close them. */
const KEEP_ALIVE_MS = 75_000
/** Keeps the random numbers of faults apart from those of answers: one more of these changes none of those. */
const FAULT_STREAM = 0x5bd1e995
/** In vLLM's words. */
const UNAUTHORIZED = '{"error":"Unauthorized"}'
/** How long the last bytes may take to leave once every request has ended. */
const FLUSH_MS = 1000

/** What takes time to open. */
interface OpenedParts {
  readonly tokenizer: Tokenizer
  readonly texts: AnswerTexts
  readonly events: KvEventPublisher | undefined
}

/** Sockets, and what becomes of a request before it has a route. */
class ModelFront {
  readonly server: Server
  readonly #timers: Timers
  readonly #name: string
  readonly #startupMs: number
  readonly #apiKey: ApiKey | undefined
  readonly #state: LivingState
  readonly #faults: FaultPlan
  readonly #router: Router
  readonly #open = new Set<ServerResponse>()
  readonly #sockets = new Set<Socket>()
  #closing = false

  constructor(options: ModelServerOptions, parts: OpenedParts) {
    this.#timers = options.timers ?? systemTimers
    this.#name = options.name
    this.#startupMs = options.startupMs ?? 0
    this.#apiKey = options.apiKey === undefined ? undefined : new ApiKey(options.apiKey)
    const seed = options.seed ?? 0
    this.#faults = new FaultPlan({ clock: options.clock, timers: this.#timers, random: seededRandom(seed ^ FAULT_STREAM), effects: this.#effects() })
    this.#state = new LivingState({
      ...options,
      seed,
      dialect: engineDialects[options.dialect ?? 'vllm'],
      timers: this.#timers,
      faults: this.#faults,
      startupMs: this.#startupMs,
      ...parts,
    })
    this.#router = new Router([
      ...generationRoutes(this.#state),
      ...tokenizerRoutes(this.#state),
      ...operationRoutes(this.#state),
      ...lifecycleRoutes(this.#state),
      ...simulatorRoutes(this.#state, (faults) => this.setFaults(faults)),
    ])
    this.server = createServer((request, response) => void this.#serve(request, response))
    this.server.keepAliveTimeout = KEEP_ALIVE_MS
    this.server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.setFaults(options.faults ?? {})
  }

  get faults(): FaultReport {
    return this.#faults.report
  }

  setFaults(faults: Faults): void {
    this.#faults.replace(faults)
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true
    this.#faults.stop()
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve())
    })
    const cancelGrace = this.#timers.after(graceMs, () => this.#state.loop.failAll())
    await this.#state.loop.idle()
    cancelGrace()
    const cancelFlush = this.#timers.after(FLUSH_MS, () => this.server.closeAllConnections())
    this.#closeWhenFlushed()
    await closed
    cancelFlush()
    // Blocks may still be held for another engine.
    this.#state.loop.discard()
    await this.#state.events?.close()
  }

  #effects(): FaultEffects {
    return {
      slow: (factor) => this.#state.loop.slow(factor),
      limitKvBlocks: (blocks) => this.#state.life.limitKvBlocks(blocks),
      stall: (ms) => this.#state.loop.stall(ms),
      dropEventBatches: (batches) => this.#state.events?.skip(batches),
      restart: (startupMs) => {
        this.#endLife()
        if (this.#faults.active('die') === undefined) this.#state.begin(startupMs)
      },
      die: () => this.#endLife(),
      revive: () => this.#state.begin(this.#startupMs),
    }
  }

  /** As when a process dies: what it had under way is lost, its connections are reset. Whoever asks the simulator for it gets an answer. */
  #endLife(): void {
    this.#state.loop.discard()
    const spared = new Set([...this.#open].filter(({ req }) => isOperators(pathOf(req))).map(({ req }) => req.socket))
    for (const socket of this.#sockets) if (!spared.has(socket)) socket.resetAndDestroy()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open.add(response)
    response.on('close', () => {
      this.#open.delete(response)
      this.#closeWhenFlushed()
    })
    response.setHeader('x-signalbox-simulated', 'true')
    response.setHeader('server', this.#name)
    const path = pathOf(request)
    if (!isOperators(path) && this.#turnAway(request, response, path)) return
    const handler = this.#router.find(request.method ?? '', path)
    if (!handler.ok) {
      sendError(response, handler.error)
      return
    }
    try {
      await handler.value({ request, response })
    } catch (error) {
      // A bug of ours costs the request that met it, as it would in vLLM, and is told to the client.
      if (response.headersSent) response.destroy()
      else sendError(response, httpError(500, error instanceof Error ? error.message : String(error)))
    }
  }

  /** Answers what no handler gets to see, or breaks it off; false: nothing is in its way. */
  #turnAway(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    if (this.#faults.active('die') !== undefined || this.#faults.meet('refuse') !== undefined) {
      request.socket.resetAndDestroy()
    } else if (this.#closing) {
      response.setHeader('connection', 'close')
      sendError(response, httpError(503, 'the server is shutting down'))
    } else if (this.#state.life.isLoading) {
      sendError(response, httpError(503, 'the engine is loading its model'))
    } else if (this.#apiKey?.admits({ method: request.method ?? '', path, authorization: request.headers.authorization }) === false) {
      sendJson(response, 401, UNAUTHORIZED)
    } else return false
    return true
  }

  /** Connections kept alive by clients would hold `close` up for ever. */
  #closeWhenFlushed(): void {
    if (this.#closing && this.#open.size === 0 && this.#state.loop.size === 0) this.server.closeAllConnections()
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}
