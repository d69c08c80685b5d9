import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { assert, type Clock, type Roster, type Rostered } from '@signalbox/base'
import { type Ending, RequestAccount } from './account.ts'
import { declaredLength, discardRest, receiveBody } from './body-receiver.ts'
import { errorBody, errorCodeOfStatus, errorEvent, errorTable, type GatewayError } from './errors.ts'
import type {
  Assignment,
  DecisionRecorder,
  Outcome,
  RequestMetrics,
  RequestScheduler,
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
} from './ports.ts'
import { downstreamHeaders, headerValue, upstreamHeaders } from './request-head.ts'
import type { RequestScanner } from './request-scanner.ts'
import { type ReadRequest, readRequest } from './request-summary.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Route } from './routes.ts'
import { SseRelay } from './sse-relay.ts'
import { type Usage, usageOfAnswer } from './usage.ts'

export interface ExchangeLimits {
  readonly bodyBytesMax: number
  /** Answers that are not streamed are held up to this size, so that one cut short can be an error; longer ones are relayed. */
  readonly answerBytesMax: number
  readonly eventBytesMax: number
  readonly attemptsMax: number
  /** How long a client may leave its side of a full connection unread. */
  readonly stallTimeoutMs: number
  /** How long a refused client's body is read on and dropped. */
  readonly discardMs: number
}

/** What every exchange of a server shares. */
export interface ExchangeServices {
  readonly scheduler: RequestScheduler
  readonly log: DecisionRecorder
  readonly metrics: RequestMetrics
  readonly upstream: Upstream
  readonly budget: RetryBudget
  readonly scanner: RequestScanner
  readonly clock: Clock
  readonly limits: ExchangeLimits
  /** Exchanges under way; each removes itself when it closes. */
  readonly live: Roster<Exchange>
}

export interface ExchangeStart {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly id: string
  /** Without the query. */
  readonly path: string
}

const contentType = 'content-type'
/** What nginx logs for a client that left before it had an answer. */
const clientLeft = 499
/** Answers that mean "not this endpoint, not now": another one may do better. */
const retryableStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * The life of one request.
 *
 *     receiving -> waiting -> holding   -> closed      answer not streamed: sent when complete
 *        |            |    -> streaming -> closed      event stream: relayed as it comes
 *        |            |    (holding -> copying)        answer too long to hold: relayed as it comes
 *        |            +-> waiting                      the attempt failed before the first byte: another endpoint
 *        +------------+--------------------> closed    refused, failed, or the client left
 *
 * Every state has one way out to `closed`, and there the reservation, the decision record and the metrics end, once.
 */
export class Exchange implements UpstreamHandler, Rostered {
  rosterPlace = -1
  readonly #services: ExchangeServices
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #path: string
  readonly #account: RequestAccount
  #state: 'receiving' | 'waiting' | 'holding' | 'streaming' | 'copying' | 'closed' = 'receiving'
  #route: Route | undefined
  #read: ReadRequest | undefined
  #headers: string[] = []
  #assignment: Assignment | undefined
  #call: UpstreamCall | undefined
  readonly #tried: string[] = []
  readonly #failures: string[] = []
  #lastTimedOut = false
  #status = 0
  #answerHeaders: readonly string[] = []
  #relay: SseRelay | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #stallTimer: NodeJS.Timeout | undefined

  constructor(services: ExchangeServices, start: ExchangeStart) {
    this.#services = services
    this.#request = start.request
    this.#response = start.response
    this.#path = start.path
    this.#account = new RequestAccount(services, start.id, start.path)
    services.live.add(this)
    start.response.on('close', this.#onClientGone)
  }

  /** Receives the body and sends the request on its way. `awaitsContinue`: the client asked before it sends its body. */
  begin(route: Route, awaitsContinue: boolean): void {
    const { budget, limits } = this.#services
    this.#route = route
    budget.requestStarted()
    const length = declaredLength(this.#request)
    if (length !== undefined && length > limits.bodyBytesMax) {
      this.onBodyTooLong()
      return
    }
    if (awaitsContinue) this.#response.writeContinue()
    if (length === 0) this.onBody(noBytes)
    else receiveBody(this.#request, limits.bodyBytesMax, this)
  }

  onBodyTooLong(): void {
    if (this.#state !== 'receiving') return
    const message = `the request body is longer than ${this.#services.limits.bodyBytesMax} bytes`
    this.refuse({ code: 'body_too_large', message, param: null })
  }

  onBody(body: Buffer): void {
    if (this.#state !== 'receiving' || this.#route === undefined) return
    this.#account.requestBytes = body.length
    const { scanner, scheduler } = this.#services
    const parts = { id: this.#account.id, path: this.#path, route: this.#route, request: this.#request, body }
    const fallbackModel = this.#route.kind === 'generate' ? '' : (scheduler.modelsServed()[0] ?? '')
    const read = readRequest(parts, scanner, fallbackModel)
    if (!read.ok) {
      this.refuse(read.error)
      return
    }
    this.#read = read.value
    this.#headers = upstreamHeaders(this.#request.rawHeaders, this.#account.id)
    const { model } = read.value
    // A name that nobody serves is the client's invention: as a label it would take the place of a real one.
    this.#account.summarised(read.value.summary, model !== undefined && scheduler.mayServe(model) ? model : undefined)
    this.#attempt(read.value)
  }

  /** Answers with an error of the gateway's own. Only before the answer's head was sent. */
  refuse(error: GatewayError, extraHeaders: readonly string[] = []): void {
    this.#answerError(error, 'rejected', extraHeaders)
  }

  /** The server closes: ends the exchange as well as its state allows. */
  expire(): void {
    const error: GatewayError = { code: 'draining', message: 'the gateway is shutting down', param: null }
    this.#call?.abort()
    if (this.#state === 'streaming') this.#endStream(error)
    else if (this.#state === 'copying') this.#breakOff(error)
    else if (this.#state !== 'closed') this.#answerError(error, this.#tried.length > 0 || this.#assignment !== undefined ? 'error' : 'rejected')
  }

  // Towards the engine

  #attempt(read: ReadRequest): void {
    const { scheduler, metrics, clock, upstream } = this.#services
    const beganMs = clock.nowMs()
    const pick = scheduler.pick(read.summary, this.#tried, this.#account.draft)
    const endedMs = clock.nowMs()
    const durationS = (endedMs - beganMs) / 1000
    this.#account.scheduled(beganMs, endedMs, pick.ok ? pick.assignment : undefined)
    if (!pick.ok) {
      metrics.scheduled({ durationS, targetModel: pick.code === 'unknown-model' ? 'unknown' : read.summary.model, result: pick.code })
      if (this.#tried.length > 0) this.#failAll()
      else this.#refusePick(pick.code, pick.detail)
      return
    }
    const { assignment } = pick
    metrics.scheduled({ durationS, targetModel: read.summary.model, result: assignment })
    this.#assignment = assignment
    this.#state = 'waiting'
    this.#status = 0
    const method = this.#request.method ?? 'POST'
    const { endpoint } = assignment
    this.#call = upstream.send({ endpoint, method, target: this.#request.url ?? this.#path, headers: this.#headers, body: read.body }, this)
  }

  #refusePick(code: 'no-endpoint' | 'unknown-model', detail: string): void {
    if (code === 'no-endpoint') {
      this.refuse({ code: 'no_endpoint', message: `no model server can take the request: ${detail}`, param: null })
      return
    }
    const served = this.#services.scheduler.modelsServed()
    const names = served.length === 0 ? 'none' : served.slice(0, namedModelsMax).join(', ')
    const message = `the model '${this.#read?.summary.model}' does not exist; models served: ${names}${served.length > namedModelsMax ? ', ...' : ''}`
    this.refuse({ code: 'model_not_found', message, param: 'model' })
  }

  onHead(status: number, headers: readonly string[]): void {
    if (retryableStatuses.has(status)) {
      this.#call?.abort()
      this.#attemptFailed({ label: String(status), status, reason: `answered ${status}`, isFree: false, isTimeout: status === 504 })
      return
    }
    this.#status = status
    this.#answerHeaders = headers
  }

  onData(chunk: Buffer): void {
    const beganMs = this.#services.clock.nowMs()
    const watchedMs = this.#take(chunk, beganMs)
    this.#account.handled(this.#services.clock.nowMs() - beganMs, watchedMs)
  }

  /** Takes a part of the answer that came at `beganMs`; answers how many milliseconds went into looking at it. */
  #take(chunk: Buffer, beganMs: number): number {
    switch (this.#state) {
      case 'waiting':
        return this.#firstBytes(chunk, beganMs)
      case 'holding':
        this.#hold(chunk)
        return 0
      case 'streaming':
        return this.#relayEvents(chunk, beganMs)
      case 'copying':
        this.#write(chunk)
        return 0
      default:
        // `abort` silences the upstream before any other state is entered.
        assert(false, `body bytes while ${this.#state}`)
    }
  }

  onEnd(): void {
    if (this.#state === 'streaming') this.#streamEnded(undefined)
    else if (this.#state === 'copying') {
      this.#response.end()
      this.#closeAnswered(undefined)
    } else if (this.#state === 'waiting' && isEventStream(this.#answerHeaders)) {
      this.#attemptFailed({ label: 'reset', reason: 'closed the stream before the first event', isFree: false, isTimeout: false })
    } else this.#sendHeld()
  }

  onFailure(failure: UpstreamFailure): void {
    const { endpoint } = this.#current()
    const isTimeout = failure.code === 'timeout'
    if (failure.code === 'invalid-request') {
      this.refuse({ code: 'malformed_request', message: failure.message, param: null })
      return
    }
    if (this.#state === 'waiting') {
      this.#attemptFailed({ label: failure.code, reason: failure.message, isFree: failure.code === 'refused', isTimeout })
      return
    }
    if (this.#state === 'streaming') {
      this.#streamEnded(failure)
      return
    }
    this.#services.scheduler.attemptFailed(endpoint.id, failure.message)
    this.#services.metrics.endpointFailed(endpoint.id, failure.code)
    const error = cutShort(endpoint.id, failure.message, isTimeout)
    if (this.#state === 'copying') this.#breakOff(error)
    else this.#answerError(error, 'error')
  }

  #attemptFailed(failed: { label: string; status?: number; reason: string; isFree: boolean; isTimeout: boolean }): void {
    const { scheduler, budget, limits, metrics } = this.#services
    const { endpoint } = this.#current()
    scheduler.attemptFailed(endpoint.id, failed.reason)
    metrics.endpointFailed(endpoint.id, failed.label)
    this.#assignment?.end({ kind: 'failed' })
    this.#assignment = undefined
    this.#call = undefined
    this.#account.draft?.attemptFailed(failed.reason)
    this.#lastTimedOut = failed.isTimeout
    this.#tried.push(endpoint.id)
    this.#failures.push(`${endpoint.id}: ${failed.reason}`)
    if (this.#tried.length >= limits.attemptsMax || !(failed.isFree || budget.tryRetry())) {
      this.#failAll()
      return
    }
    this.#account.retried(failed.label, failed.status)
    assert(this.#read !== undefined, 'an attempt failed before the request was read')
    this.#attempt(this.#read)
  }

  #failAll(): void {
    const code = this.#lastTimedOut ? 'upstream_timeout' : 'upstream_failed'
    this.#answerError({ code, message: `no model server answered; tried ${this.#failures.join('; ')}`, param: null }, 'error')
  }

  // Towards the client

  #firstBytes(chunk: Buffer, beganMs: number): number {
    if (!isEventStream(this.#answerHeaders)) {
      this.#state = 'holding'
      // Not a token, but the engine is done with the prompt.
      if (this.#status < 300) this.#assignment?.firstContent()
      this.#hold(chunk)
      return 0
    }
    this.#state = 'streaming'
    this.#relay = new SseRelay({
      stripUsage: this.#read?.stripUsage === true,
      dialect: this.#route?.kind === 'generate' ? 'openai' : 'other',
      eventBytesMax: this.#services.limits.eventBytesMax,
    })
    this.#response.writeHead(this.#status, downstreamHeaders(this.#answerHeaders, this.#account.id))
    return this.#relayEvents(chunk, beganMs)
  }

  #relayEvents(chunk: Buffer, beganMs: number): number {
    const relay = this.#relay
    assert(relay !== undefined, 'streaming without a relay')
    const seen = relay.contentEvents
    const passed = relay.push(chunk)
    const nowMs = this.#services.clock.nowMs()
    if (relay.contentEvents > seen) this.#contentPassed(seen, relay.contentEvents, nowMs)
    if (passed !== undefined) this.#write(passed)
    return nowMs - beganMs
  }

  #contentPassed(seen: number, now: number, nowMs: number): void {
    let event = seen
    if (event === 0) {
      this.#account.firstContent(nowMs)
      this.#assignment?.firstContent()
      event = 1
    }
    for (; event < now; event++) this.#assignment?.contentGap(this.#account.furtherContent(nowMs))
  }

  /** The engine closed the stream (`failure` undefined) or broke it off. */
  #streamEnded(failure: UpstreamFailure | undefined): void {
    const relay = this.#relay
    assert(relay !== undefined, 'streaming without a relay')
    const seen = relay.contentEvents
    const rest = relay.finish()
    if (relay.contentEvents > seen) this.#contentPassed(seen, relay.contentEvents, this.#services.clock.nowMs())
    if (relay.ended || (relay.opaque && failure === undefined)) {
      this.#account.responseBytes += rest?.length ?? 0
      this.#response.end(rest)
      if (relay.errorSeen) this.#services.metrics.endpointFailed(this.#current().endpoint.id, 'error_event')
      this.#closeAnswered(relay.errorSeen ? 'the engine reported an error inside the stream' : undefined)
      return
    }
    const { endpoint } = this.#current()
    const reason = failure?.message ?? 'the stream ended without a finish reason'
    if (failure !== undefined) this.#services.scheduler.attemptFailed(endpoint.id, reason)
    this.#services.metrics.endpointFailed(endpoint.id, failure?.code ?? 'truncated')
    this.#endStream(cutShort(endpoint.id, reason, failure?.code === 'timeout'))
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes <= this.#services.limits.answerBytesMax) return
    this.#state = 'copying'
    const headers = downstreamHeaders(this.#answerHeaders, this.#account.id)
    const length = headerValue(this.#answerHeaders, 'content-length')
    if (length !== undefined) headers.push('content-length', length)
    this.#response.writeHead(this.#status, headers)
    const held = Buffer.concat(this.#held)
    this.#held = []
    this.#write(held)
  }

  #sendHeld(): void {
    const { clock } = this.#services
    const beganMs = clock.nowMs()
    const body = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held)
    const headers = downstreamHeaders(this.#answerHeaders, this.#account.id)
    if (this.#status !== 204 && this.#status !== 304) headers.push('content-length', String(body.length))
    this.#account.responseBytes = body.length
    this.#response.writeHead(this.#status, headers)
    this.#response.end(body)
    const sentMs = clock.nowMs()
    const usage = this.#status < 300 ? usageOfAnswer(body) : undefined
    const endedMs = clock.nowMs()
    this.#account.handled(endedMs - beganMs, endedMs - sentMs)
    this.#closeAnswered(undefined, usage)
  }

  #write(bytes: Buffer): void {
    this.#account.responseBytes += bytes.length
    if (this.#response.write(bytes) || this.#call === undefined) return
    this.#call.pause()
    this.#response.once('drain', this.#onDrain)
    this.#stallTimer ??= setTimeout(() => this.#response.destroy(), this.#services.limits.stallTimeoutMs)
  }

  readonly #onDrain = (): void => {
    clearTimeout(this.#stallTimer)
    this.#stallTimer = undefined
    this.#call?.resume()
  }

  /** Ends an event stream with an error that clients raise. */
  #endStream(error: GatewayError): void {
    const event = errorEvent(error, this.#route?.namedErrorEvents === true)
    this.#account.responseBytes += event.length
    this.#response.end(event)
    this.#closeFailed(error, 'error', this.#status)
  }

  /** The head is out and the body has no place for an error: a broken connection is the only way to say so. */
  #breakOff(error: GatewayError): void {
    this.#closeFailed(error, 'error', this.#status)
    this.#response.destroy()
  }

  #answerError(error: GatewayError, outcome: Outcome, extraHeaders: readonly string[] = []): void {
    const row = errorTable[error.code]
    const body = errorBody(error)
    const headers = [contentType, 'application/json', 'content-length', String(body.length), 'x-request-id', this.#account.id, ...extraHeaders]
    if (row.retryAfterS !== undefined) headers.push('retry-after', String(row.retryAfterS))
    this.#account.responseBytes = body.length
    this.#response.writeHead(row.status, headers)
    this.#response.end(body)
    discardRest(this.#request, this.#services.limits.discardMs)
    this.#closeFailed(error, outcome, row.status)
  }

  readonly #onClientGone = (): void => {
    if (this.#state === 'closed') return
    this.#call?.abort()
    this.#close({ outcome: 'cancelled', httpStatus: this.#status === 0 ? clientLeft : this.#status, error: 'the client left' })
  }

  // The end

  /** The engine's answer went out whole. `error`: it carried an error of the engine's. */
  #closeAnswered(error: string | undefined, usage: Usage | undefined = this.#relay?.usage): void {
    const errorCode = error === undefined ? errorCodeOfStatus(this.#status) : 'ModelServerError'
    const outcome = errorCode === undefined ? 'ok' : 'error'
    if (error === undefined && this.#status >= 500) this.#services.metrics.endpointFailed(this.#current().endpoint.id, String(this.#status))
    this.#close({ outcome, httpStatus: this.#status, errorCode, error: error ?? (outcome === 'ok' ? undefined : `answered ${this.#status}`), usage })
  }

  #closeFailed(error: GatewayError, outcome: Outcome, httpStatus: number): void {
    this.#close({ outcome, httpStatus, errorCode: errorTable[error.code].metric, error: error.message, usage: this.#relay?.usage })
  }

  #close({ outcome, httpStatus, errorCode, error, usage }: Omit<Ending, 'streaming' | 'contentEvents'>): void {
    assert(this.#state !== 'closed', 'an exchange closes once')
    this.#state = 'closed'
    clearTimeout(this.#stallTimer)
    this.#assignment?.end({
      kind: outcome === 'ok' ? 'finished' : outcome === 'cancelled' ? 'cancelled' : 'failed',
      promptTokens: usage?.promptTokens,
      completionTokens: usage?.completionTokens,
      cachedTokens: usage?.cachedTokens,
    })
    this.#assignment = undefined
    this.#call = undefined
    this.#held = []
    this.#services.live.remove(this)
    const streaming = this.#relay !== undefined || this.#read?.summary.stream === true
    this.#account.close({ outcome, httpStatus, errorCode, error, usage, streaming, contentEvents: this.#relay?.contentEvents ?? 0 })
  }

  #current(): Assignment {
    assert(this.#assignment !== undefined, 'no attempt is under way')
    return this.#assignment
  }
}

const noBytes = Buffer.alloc(0)
const namedModelsMax = 50

function isEventStream(headers: readonly string[]): boolean {
  return headerValue(headers, contentType)?.toLowerCase().startsWith('text/event-stream') === true
}

function cutShort(endpointId: string, reason: string, isTimeout: boolean): GatewayError {
  return { code: isTimeout ? 'upstream_timeout' : 'upstream_cut', message: `the answer of ${endpointId} was cut short: ${reason}`, param: null }
}
