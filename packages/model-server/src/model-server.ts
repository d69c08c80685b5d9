import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Clock, seededRandom } from '@signalbox/base'
import { Engine, type EngineDialectId, type EngineOptions, engineDialects } from '@signalbox/engine'
import { Registry } from '@signalbox/instruments'
import { listen } from '@signalbox/node'
import { entriesOf } from '@signalbox/signals'
import { httpError, sendError } from './api-error.ts'
import { EngineLoop, systemTimers, type Timers } from './engine-loop.ts'
import { FaultPlan, type Faults } from './faults.ts'
import { generationRoutes } from './generation-routes.ts'
import { type KvEventOptions, KvEventPublisher, type KvEventState } from './kv-event-publisher.ts'
import { FAULTS_PATH, operationRoutes } from './operation-routes.ts'
import { Router } from './routes.ts'
import { ServedModels } from './served-models.ts'
import { type ServerState, unixSeconds } from './server-state.ts'

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
  /** Publishes KV-cache events over ZeroMQ. Default: none are published. */
  readonly events?: KvEventOptions
}

export interface ModelServer {
  readonly port: number
  /** Of the KV-cache events now, with the endpoints in use; undefined where none are published. */
  readonly events: KvEventState | undefined
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
  const events = await publisherOf(options)
  const front = new ModelFront(options, events)
  const listening = await listen(front.server, options)
  if (!listening.ok) {
    await events?.close()
    throw new Error(listening.error.message)
  }
  return {
    port: listening.value,
    get events() {
      return events?.state
    },
    setFaults: (faults) => front.setFaults(faults),
    close: (graceMs) => front.close(graceMs),
  }
}

async function publisherOf({ events, clock }: ModelServerOptions): Promise<KvEventPublisher | undefined> {
  if (events === undefined) return undefined
  const publisher = await KvEventPublisher.open(events, clock)
  if (!publisher.ok) throw new Error(publisher.error)
  return publisher.value
}

const BODY_BYTES_MAX = 64 * 1024 * 1024
const ANSWER_TOKENS_MEAN = 160
/** Longer than clients keep idle connections in their pools, so that it is they who close them. */
const KEEP_ALIVE_MS = 75_000
/** How long the last bytes may take to leave once every request has ended. */
const FLUSH_MS = 1000

class ModelFront {
  readonly server: Server
  readonly #timers: Timers
  readonly #name: string
  readonly #state: ServerState
  readonly #router: Router
  readonly #open = new Set<ServerResponse>()
  #closing = false

  constructor(options: ModelServerOptions, events: KvEventPublisher | undefined) {
    this.#timers = options.timers ?? systemTimers
    this.#name = options.name
    this.#state = createState(options, this.#timers, events)
    this.#router = new Router([...generationRoutes(this.#state), ...operationRoutes(this.#state, (faults) => this.setFaults(faults))])
    this.setFaults(options.faults ?? {})
    this.server = createServer((request, response) => void this.#serve(request, response))
    this.server.keepAliveTimeout = KEEP_ALIVE_MS
  }

  setFaults(faults: Faults): void {
    this.#state.faults.replace(faults)
    if (faults.stallMs !== undefined) this.#state.loop.stall(faults.stallMs)
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true
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
    await this.#state.events?.close()
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
    if (this.#state.faults.faults.refuse === true && path !== FAULTS_PATH) {
      request.socket.resetAndDestroy()
      return
    }
    if (this.#closing) {
      response.setHeader('connection', 'close')
      sendError(response, httpError(503, 'the server is shutting down'))
      return
    }
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

  /** Connections kept alive by clients would hold `close` up for ever. */
  #closeWhenFlushed(): void {
    if (this.#closing && this.#open.size === 0 && this.#state.loop.size === 0) this.server.closeAllConnections()
  }
}

function createState(options: ModelServerOptions, timers: Timers, events: KvEventPublisher | undefined): ServerState {
  const { clock, engine: engineOptions, seed = 0 } = options
  const dialect = engineDialects[options.dialect ?? 'vllm']
  const registry = new Registry({ entries: [...dialect.entries, ...entriesOf('process')], clock })
  registry
    .gauge('process.start_time')
    .with()
    .set(clock.nowMs() / 1000)
  const metrics = dialect.record(registry, engineOptions)
  const engine = new Engine(engineOptions, seededRandom(seed), metrics, events)
  metrics.watch(engine)
  const { contextTokensMax } = engine
  const faults = new FaultPlan()
  const loop = new EngineLoop({ engine, clock, timers, speed: options.speed ?? 1 })
  let engineIds = 0
  return {
    clock,
    version: `${dialect.vllmVersion}+simulated`,
    bodyBytesMax: options.bodyBytesMax ?? BODY_BYTES_MAX,
    registry,
    faults,
    loop,
    events,
    models: new ServedModels(engineOptions.model, { created: unixSeconds(clock), contextTokensMax }),
    generation: {
      loop,
      faults,
      contextTokensMax,
      seed,
      answerTokensMean: options.answerTokensMean ?? ANSWER_TOKENS_MEAN,
      reportCachedTokens: options.reportCachedTokens ?? true,
    },
    nextEngineId: () => `${engineIds++}`,
  }
}
