import type { AddressInfo } from 'node:net'
import { Roster } from '@signalbox/base'
import { systemClock } from '@signalbox/node'
import type { EndpointSpec, RequestSummary } from '@signalbox/scheduler'
import OpenAI from 'openai'
import type { ExchangeLimits } from '../src/exchange.ts'
import { Http1Upstream } from '../src/http1-upstream.ts'
import type {
  AssignmentOutcome,
  DecisionOutcome,
  PickResult,
  RejectedRequest,
  RequestLabels,
  RequestMetrics,
  RequestObservation,
  RequestScheduler,
  RequestSeries,
} from '../src/ports.ts'
import { RequestScanner } from '../src/request-scanner.ts'
import { RetryBudget } from '../src/retry-budget.ts'
import { DataPlane } from '../src/server.ts'

/** Picks the first endpoint that was not tried; keeps every reservation in view. */
class FirstUntried implements RequestScheduler {
  readonly endpoints: EndpointSpec[]
  readonly models = ['m', 'other']
  readonly summaries: RequestSummary[] = []
  readonly heldOut: string[] = []
  readonly outcomes: AssignmentOutcome[] = []
  assigned = 0
  firstContents = 0

  constructor(urls: readonly string[]) {
    this.endpoints = urls.map((url, i) => ({ id: `e${i}`, url, simulated: false }))
  }

  pick(request: RequestSummary, tried: readonly string[]): PickResult {
    this.summaries.push(request)
    if (!this.models.includes(request.model)) return { ok: false, code: 'unknown-model', detail: request.model }
    const endpoint = this.endpoints.find(({ id }) => !tried.includes(id))
    if (endpoint === undefined) return { ok: false, code: 'no-endpoint', detail: 'the pool is empty' }
    this.assigned += 1
    let ended = false
    return {
      ok: true,
      assignment: {
        endpoint,
        predictedTtftMs: 100,
        predictedCachedTokens: 0,
        predictedHitRatio: 0,
        predictedHitBytes: 0,
        promptTokens: 1,
        bestHitRatio: 0,
        bestHitBlocks: 0,
        lookupMs: 0,
        marginSeconds: Number.NaN,
        firstContent: () => {
          this.firstContents += 1
        },
        contentGap: () => {},
        end: (outcome) => {
          if (ended) throw new Error('a reservation ends once')
          ended = true
          this.outcomes.push(outcome)
        },
      },
    }
  }

  attemptFailed(id: string): void {
    this.heldOut.push(id)
  }

  modelsServed(): readonly string[] {
    return this.models
  }

  mayServe(model: string): boolean {
    return this.models.length === 0 || this.models.includes(model)
  }
}

/** The books: every observation and every decision, with the invariants checked as they come. */
class Ledger implements RequestMetrics {
  readonly observations: (RequestObservation & { readonly labels: RequestLabels })[] = []
  readonly endpointErrors: string[] = []
  readonly decisions: DecisionOutcome[] = []
  readonly rejections: RejectedRequest[] = []
  readonly retries: string[] = []
  gaps = 0
  clientErrors = 0
  received_ = 0
  dispatched_ = 0
  began_ = 0
  drafts = 0
  #watchers: { count: number; resolve: () => void }[] = []

  received(): void {
    this.received_ += 1
  }

  dispatched(processingS: number): void {
    if (!(processingS >= 0)) throw new Error('dispatched before it was received')
    this.dispatched_ += 1
  }

  series(labels: RequestLabels): RequestSeries {
    return {
      began: () => {
        this.began_ += 1
      },
      contentGap: () => {
        this.gaps += 1
      },
      retried: (reason) => {
        this.retries.push(reason)
      },
      ended: (observation) => this.#ended(labels, observation),
    }
  }

  #ended(labels: RequestLabels, observation: RequestObservation): void {
    this.observations.push({ ...observation, labels })
    if (this.observations.length > this.began_) throw new Error('ended without began')
    if (this.began_ > this.received_) throw new Error('began without being received')
    // The decision is recorded in the same breath; whoever waits is to see both.
    queueMicrotask(() => {
      for (const watcher of this.#watchers) if (this.observations.length >= watcher.count) watcher.resolve()
    })
  }

  endpointFailed(endpoint: string, errorCode: string): void {
    this.endpointErrors.push(`${endpoint} ${errorCode}`)
  }

  clientError(): void {
    this.clientErrors += 1
  }

  scheduled(): void {}

  /** Settles when so many requests have ended. */
  reached(count: number): Promise<void> {
    if (this.observations.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.#watchers.push({ count, resolve }))
  }

  readonly log = {
    open: () => {
      this.drafts += 1
      let completed = false
      return {
        attemptFailed: () => {},
        complete: (outcome: DecisionOutcome) => {
          if (completed) throw new Error('a decision completes once')
          completed = true
          this.decisions.push(outcome)
        },
      }
    },
    reject: (rejection: RejectedRequest) => {
      this.rejections.push(rejection)
    },
  }
}

const limits: ExchangeLimits = {
  bodyBytesMax: 1 << 20,
  answerBytesMax: 1 << 20,
  eventBytesMax: 1 << 20,
  attemptsMax: 3,
  stallTimeoutMs: 30_000,
  discardMs: 1_000,
}

export interface GatewayUnderTest {
  readonly plane: DataPlane
  readonly scheduler: FirstUntried
  readonly ledger: Ledger
  readonly upstream: Http1Upstream
  readonly port: number
  readonly url: string
  readonly client: OpenAI
  /** Closes everything and checks that every request is in the books once. */
  stop(): Promise<void>
}

export interface GatewayTestOptions {
  readonly urls: readonly string[]
  readonly limits?: Partial<ExchangeLimits>
  readonly retriesPerSecond?: number
  readonly headTimeoutMs?: number
  readonly idleTimeoutMs?: number
}

export async function startGatewayUnderTest(options: GatewayTestOptions): Promise<GatewayUnderTest> {
  const scheduler = new FirstUntried(options.urls)
  const ledger = new Ledger()
  const upstream = new Http1Upstream({
    connectTimeoutMs: 2_000,
    headTimeoutMs: options.headTimeoutMs ?? 60_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    connectionsMax: 1024,
    waitingMax: 1024,
    keepAliveMs: 4_000,
    headBytesMax: 32 * 1024,
  })
  let ids = 0
  const plane = new DataPlane({
    version: '0.0.0-test',
    newRequestId: () => `generated-${ids++}`,
    limits: { headBytesMax: 16_384, headTimeoutMs: 10_000, requestTimeoutMs: 60_000, keepAliveMs: 5_000, connectionsMax: 4096, closeMs: 500 },
    services: {
      scheduler,
      log: ledger.log,
      metrics: ledger,
      upstream,
      budget: new RetryBudget({ requestRatio: 0, perSecond: options.retriesPerSecond ?? 10 }, systemClock),
      scanner: new RequestScanner(),
      clock: systemClock,
      limits: { ...limits, ...options.limits },
      live: new Roster(),
    },
  })
  await new Promise<void>((resolve) => plane.server.listen(0, '127.0.0.1', resolve))
  const { port } = plane.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    plane,
    scheduler,
    ledger,
    upstream,
    port,
    url,
    client: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-test', maxRetries: 0, timeout: 60_000 }),
    stop: async () => {
      await plane.drain(0)
      await upstream.close()
      const problems = [
        ledger.received_ === ledger.began_ ? '' : `${ledger.received_} received, ${ledger.began_} began`,
        ledger.began_ === ledger.observations.length ? '' : `${ledger.began_} began, ${ledger.observations.length} ended`,
        scheduler.assigned === scheduler.outcomes.length ? '' : `${scheduler.assigned} reserved, ${scheduler.outcomes.length} released`,
        ledger.drafts === ledger.decisions.length ? '' : `${ledger.drafts} drafts, ${ledger.decisions.length} completed`,
      ].filter((problem) => problem !== '')
      if (problems.length > 0) throw new Error(problems.join('; '))
    },
  }
}

/** Sends raw bytes and answers everything that comes back until the connection closes. */
export async function exchangeBytes(port: number, bytes: string): Promise<string> {
  const { connect } = await import('node:net')
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}
