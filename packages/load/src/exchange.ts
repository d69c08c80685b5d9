import { Buffer } from 'node:buffer'
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { type Answer, type Failure, type FailureKind, messageOf, recordOf } from './answer.ts'
import { SseReader } from './sse-reader.ts'

/** Most bytes of an answer that is not streamed. */
const answerBytesMax = 64 * 1024 * 1024
/** Most bytes of an error's body that are read. */
const errorBytesMax = 64 * 1024

/** The server under load: its address up to `/v1`, and the token that opens it. */
export interface Target {
  readonly baseUrl: string
  readonly token?: string | undefined
}

/** How an exchange ended; times in ms of the process's clock. */
export interface Ended {
  /** When the request's bytes were handed to the system. */
  readonly sentMs: number
  readonly endMs: number
  readonly outcome: 'completed' | 'failed' | 'aborted'
  readonly failure: Failure | undefined
  /** It was sent twice: the first connection was a kept one and turned out closed. */
  readonly isRepeated: boolean
}

/** A request under way. */
export interface Exchange {
  /** Never rejects. */
  readonly ended: Promise<Ended>
  abort(): void
}

/** Sends requests over kept connections, one a request in flight. */
export class LoadClient {
  readonly #target: Target
  readonly #timeoutMs: number
  readonly #secure: boolean
  readonly #agent: HttpAgent | HttpsAgent

  /** `timeoutMs` is for a whole exchange, its answer included. */
  constructor(target: Target, { timeoutMs, connectionsMax }: { readonly timeoutMs: number; readonly connectionsMax: number }) {
    this.#target = target
    this.#timeoutMs = timeoutMs
    this.#secure = target.baseUrl.startsWith('https:')
    const options = { keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax }
    this.#agent = this.#secure ? new HttpsAgent(options) : new HttpAgent(options)
  }

  /** Posts a body and feeds the answer to `answer`. A kept connection that turns out closed is replaced once. */
  post(path: string, body: string, answer: Answer): Exchange {
    return new RunningExchange((bodyBytes) => this.#open('POST', path, bodyBytes), { body: Buffer.from(body), answer, timeoutMs: this.#timeoutMs })
  }

  /** Asks for a page and hands its text to `use`. */
  get(path: string, use: (body: string) => void): Exchange {
    const answer = { whole: use, event: () => {}, end: () => {}, failure: undefined }
    return new RunningExchange(() => this.#open('GET', path, 0), { body: Buffer.alloc(0), answer, timeoutMs: this.#timeoutMs })
  }

  close(): void {
    this.#agent.destroy()
  }

  #open(method: string, path: string, bodyBytes: number): ClientRequest {
    const { baseUrl, token } = this.#target
    return (this.#secure ? httpsRequest : httpRequest)(`${baseUrl}${path}`, {
      method,
      agent: this.#agent,
      headers: {
        ...(method === 'POST' ? { 'content-type': 'application/json', 'content-length': bodyBytes } : {}),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    })
  }
}

/** What is done with an answer's bytes. */
type AnswerReader = Pick<Answer, 'whole' | 'event' | 'end' | 'failure'>

interface ExchangeOptions {
  readonly body: Buffer
  readonly answer: AnswerReader
  readonly timeoutMs: number
}

/** What becomes of a body that is read whole: `tooLarge` gets what there is as soon as it is over the limit. */
interface Collecting {
  readonly bytesMax: number
  readonly use: (body: string) => void
  readonly tooLarge: (body: string) => void
}

class RunningExchange implements Exchange {
  readonly ended: Promise<Ended>
  readonly #open: (bodyBytes: number) => ClientRequest
  readonly #options: ExchangeOptions
  readonly #timer: NodeJS.Timeout
  readonly #sentMs: number
  #resolve: (ended: Ended) => void = () => {}
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined
  #isOver = false
  #isRepeated = false

  constructor(open: (bodyBytes: number) => ClientRequest, options: ExchangeOptions) {
    this.#open = open
    this.#options = options
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#sentMs = performance.now()
    this.#timer = setTimeout(
      () => this.#finish('failed', { kind: 'timeout', message: `no complete answer after ${options.timeoutMs} ms` }),
      options.timeoutMs,
    )
    this.#send()
  }

  abort(): void {
    this.#finish('aborted', undefined)
  }

  #send(): void {
    const request = this.#open(this.#options.body.length)
    this.#request = request
    let isAnswered = false
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && !isAnswered && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      if (isStale && !this.#isRepeated && !this.#isOver) {
        this.#isRepeated = true
        this.#send()
      } else this.#finish('failed', { kind: kindOf(error), message: error.message })
    })
    request.on('response', (response) => {
      isAnswered = true
      this.#read(response)
    })
    request.end(this.#options.body)
  }

  #read(response: IncomingMessage): void {
    const { answer } = this.#options
    this.#response = response
    response.on('error', () => this.#cut())
    response.on('close', () => {
      if (!response.complete) this.#cut()
    })
    const status = response.statusCode ?? 0
    if (status < 200 || status > 299) {
      const fail = (body: string): void => this.#finish('failed', { kind: `http-${status}`, message: errorText(body) })
      this.#collect(response, { bytesMax: errorBytesMax, use: fail, tooLarge: fail })
    } else if ((response.headers['content-type'] ?? '').startsWith('text/event-stream')) this.#readEvents(response)
    else {
      const use = (body: string): void => {
        answer.whole(body)
        this.#settle()
      }
      const tooLarge = (): void => this.#finish('failed', { kind: 'too-large', message: `the answer is over ${answerBytesMax} bytes` })
      this.#collect(response, { bytesMax: answerBytesMax, use, tooLarge })
    }
  }

  #readEvents(response: IncomingMessage): void {
    const { answer } = this.#options
    const reader = new SseReader()
    response.on('data', (chunk: Buffer) => {
      const nowMs = performance.now()
      const events = reader.push(chunk)
      if (events === 'too-large') {
        this.#finish('failed', { kind: 'too-large', message: 'an event of the stream is over a megabyte' })
        return
      }
      for (const event of events) answer.event(event, nowMs)
      if (answer.failure !== undefined) this.#settle()
    })
    response.on('end', () => {
      answer.end()
      this.#settle()
    })
  }

  #collect(response: IncomingMessage, { bytesMax, use, tooLarge }: Collecting): void {
    const chunks: Buffer[] = []
    let bytes = 0
    const body = (): string => Buffer.concat(chunks).toString('utf8')
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > bytesMax) tooLarge(body())
    })
    response.on('end', () => use(body()))
  }

  #cut(): void {
    this.#finish('failed', { kind: 'cut-short', message: 'the connection closed in the middle of the answer' })
  }

  #settle(): void {
    const { failure } = this.#options.answer
    this.#finish(failure === undefined ? 'completed' : 'failed', failure)
  }

  #finish(outcome: Ended['outcome'], failure: Failure | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    // A complete answer leaves its connection for the next request.
    if (this.#response?.complete !== true) this.#request?.destroy()
    this.#resolve({ sentMs: this.#sentMs, endMs: performance.now(), outcome, failure, isRepeated: this.#isRepeated })
  }
}

function errorText(body: string): string {
  const answer = recordOf(body)
  const message = answer === undefined ? body : messageOf(answer['error'] ?? answer['detail'] ?? answer)
  return message.slice(0, 300).replaceAll('\n', ' ')
}

function kindOf(error: NodeJS.ErrnoException): FailureKind {
  if (error.code === 'ECONNREFUSED') return 'refused'
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'reset'
  return error.code?.startsWith('HPE_') === true ? 'malformed' : 'unreachable'
}
