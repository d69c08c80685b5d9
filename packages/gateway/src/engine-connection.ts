import type { Buffer } from 'node:buffer'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Rostered } from '@signalbox/base'
import type { UpstreamFailureCode } from './ports.ts'
import { headerValue } from './request-head.ts'
import { ResponseParser } from './response-parser.ts'
import type { Carrier, UpstreamExchange } from './upstream-exchange.ts'

/** Where connections of one endpoint go. */
export interface Origin {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
}

/** Timeouts in ticks of the upstream's one timer, and what a connection tells its pool. */
export interface ConnectionPort {
  readonly connectTicks: number
  readonly headTicks: number
  readonly idleTicks: number
  readonly keepAliveTicks: number
  readonly ticksPerSecond: number
  readonly headBytesMax: number
  /** Reads of all connections go here, one at a time, and are taken out before the next. */
  readonly readBuffer: Buffer
  /** Ticks so far. */
  now(): number
  /** It can carry another request. */
  freed(connection: EngineConnection): void
  /** It is gone. `exchange`: a request that was lost with a reused connection before any byte came back. */
  closed(connection: EngineConnection, exchange: UpstreamExchange | undefined): void
}

/** A request as one string of bytes (latin1) up to this size: one write of one string is the cheapest there is. */
const singleWriteBytesMax = 16 * 1024

/**
 * One connection to an engine, one request at a time.
 *
 *     connecting -> idle <-> sent -> body -> idle | closed
 *
 * Each state but `closed` has a deadline, in ticks; `expire` is asked at each tick.
 */
export class EngineConnection implements Carrier, Rostered {
  rosterPlace = -1
  readonly #port: ConnectionPort
  readonly #parser: ResponseParser
  readonly #socket: Socket
  #state: 'connecting' | 'idle' | 'sent' | 'body' | 'closed' = 'connecting'
  #deadline: number
  #exchange: UpstreamExchange | undefined
  /** It has carried an answer: the engine may be closing it just now. */
  #reused = false
  #heard = false
  #paused = false
  #persistent = true
  #keepAliveTicks: number

  /** Connects, and sends the first request as soon as that is done. */
  constructor(origin: Origin, port: ConnectionPort, exchange: UpstreamExchange) {
    this.#port = port
    this.#parser = new ResponseParser({ headBytesMax: port.headBytesMax })
    this.#keepAliveTicks = port.keepAliveTicks
    this.#deadline = port.now() + port.connectTicks
    this.#exchange = exchange
    exchange.carrier = this
    this.#socket = origin.isTls ? this.#connectTls(origin) : this.#connect(origin)
    this.#socket.on('end', () => this.#ended())
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#broken(failureCodes.get(error.code ?? '') ?? 'protocol', detailOf(error)))
    this.#socket.on('close', () => this.#broken('reset', 'before the answer was complete'))
  }

  /** May carry a request now: neither closed nor idle for too long. */
  get usable(): boolean {
    return this.#state === 'idle' && this.#port.now() < this.#deadline
  }

  /** Sends a request; the connection is idle. */
  send(exchange: UpstreamExchange): void {
    this.#exchange = exchange
    exchange.carrier = this
    this.#write(exchange)
  }

  /** Closes without a word to the request that is under way. */
  destroy(): void {
    this.#exchange = undefined
    this.#close(undefined)
  }

  /** Closes and fails the request that is under way. */
  break(detail: string): void {
    this.#fail('reset', detail)
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#deadline = this.#port.now() + this.#port.idleTicks
    this.#socket.resume()
    if (this.#parser.complete && this.#exchange !== undefined) this.#finish(this.#exchange)
  }

  /** Closes the connection, and fails its request, when its time is over. */
  expire(nowTicks: number): void {
    // Who paused it has a deadline of his own.
    if (nowTicks < this.#deadline || this.#paused) return
    if (this.#state === 'idle') this.#close(undefined)
    else if (this.#state === 'connecting') this.#fail('timeout', 'no connection in time')
    else this.#fail('timeout', this.#state === 'sent' ? 'no answer in time' : 'silent for too long')
  }

  #connect({ host, port }: Origin): Socket {
    const socket = connect({
      host,
      port,
      noDelay: true,
      // Without the machinery of a readable stream, and without a buffer of 64 KiB for each read.
      onread: {
        buffer: this.#port.readBuffer,
        callback: (length, bytes) => {
          this.#received((bytes as Buffer).subarray(0, length))
          return true
        },
      },
    })
    socket.on('connect', () => this.#connected())
    return socket
  }

  #connectTls({ host, port }: Origin): Socket {
    const servername = isIP(host) === 0 ? { servername: host } : {}
    const socket = connectTls({ host, port, ALPNProtocols: ['http/1.1'], ...servername })
    socket.setNoDelay(true)
    socket.on('secureConnect', () => this.#connected())
    socket.on('data', (bytes: Buffer) => this.#received(bytes))
    return socket
  }

  #connected(): void {
    if (this.#state === 'connecting' && this.#exchange !== undefined) this.#write(this.#exchange)
  }

  #write({ head, request: { method, body } }: UpstreamExchange): void {
    this.#state = 'sent'
    this.#heard = false
    this.#deadline = this.#port.now() + this.#port.headTicks
    this.#parser.expect(method)
    const socket = this.#socket
    if (body === undefined || body.length === 0) socket.write(head, 'latin1')
    else if (head.length + body.length <= singleWriteBytesMax) socket.write(head + body.toString('latin1'), 'latin1')
    else {
      socket.cork()
      socket.write(head, 'latin1')
      socket.write(body)
      socket.uncork()
    }
  }

  #received(bytes: Buffer): void {
    const exchange = this.#exchange
    if (this.#state === 'closed') return
    if (exchange === undefined) {
      // An answer that nobody asked for.
      this.#close(undefined)
      return
    }
    this.#heard = true
    if (this.#state === 'body') this.#deadline = this.#port.now() + this.#port.idleTicks
    const parser = this.#parser
    const sound = parser.push(bytes)
    // The handler may cancel inside any of these, which takes the exchange away.
    if (parser.headArrived) this.#head(exchange)
    if (parser.data !== undefined && this.#exchange === exchange) exchange.handler.onData(parser.data)
    if (this.#exchange !== exchange) return
    if (!sound) this.#fail('protocol', parser.fault)
    else if (parser.complete && !this.#paused) this.#finish(exchange)
  }

  #head(exchange: UpstreamExchange): void {
    const { status, headers, persistent } = this.#parser
    this.#state = 'body'
    this.#deadline = this.#port.now() + this.#port.idleTicks
    this.#persistent = persistent
    const hint = headerValue(headers, 'keep-alive')
    if (hint !== undefined) this.#keepAliveTicks = Math.min(this.#port.keepAliveTicks, this.#hintedTicks(hint))
    exchange.handler.onHead(status, headers)
  }

  /** `timeout=5`: a second less, so that no request meets a connection that is closing. */
  #hintedTicks(hint: string): number {
    const seconds = /timeout=(\d{1,6})/i.exec(hint)?.[1]
    return seconds === undefined ? this.#port.keepAliveTicks : (Number(seconds) - 1) * this.#port.ticksPerSecond
  }

  /** The answer is complete. The connection is freed first, so that what the handler does next finds it. */
  #finish(exchange: UpstreamExchange): void {
    this.#exchange = undefined
    exchange.carrier = undefined
    // An engine that answered before it read the request whole would take the rest for another request's.
    if (!this.#persistent || this.#keepAliveTicks <= 0 || this.#socket.writableLength > 0) this.#close(undefined)
    else {
      this.#state = 'idle'
      this.#reused = true
      this.#deadline = this.#port.now() + this.#keepAliveTicks
      this.#port.freed(this)
    }
    exchange.handler.onEnd()
  }

  /** The engine closed its side. */
  #ended(): void {
    const exchange = this.#exchange
    if (exchange === undefined || this.#state === 'closed') this.#close(undefined)
    else if (this.#state === 'body' && this.#parser.end()) {
      this.#persistent = false
      if (!this.#paused) this.#finish(exchange)
    } else this.#broken('reset', 'by the engine, before the answer was complete')
  }

  #broken(code: UpstreamFailureCode, detail: string): void {
    // A complete answer that is held back by a pause is no less complete.
    if (this.#state === 'closed' || (this.#paused && this.#parser.complete)) return
    if (this.#exchange !== undefined && this.#reused && !this.#heard) this.#close(this.#exchange)
    else this.#fail(code, detail)
  }

  #fail(code: UpstreamFailureCode, detail: string): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#close(undefined)
    if (exchange === undefined) return
    exchange.carrier = undefined
    exchange.handler.onFailure({ code, message: `${failureWords[code]} (${detail})` })
  }

  #close(lost: UpstreamExchange | undefined): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#exchange = undefined
    this.#socket.destroy()
    this.#port.closed(this, lost)
  }
}

const failureCodes: ReadonlyMap<string, UpstreamFailureCode> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ENOTFOUND', 'unreachable'],
  ['EAI_AGAIN', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'timeout'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
])

export const failureWords: Readonly<Record<UpstreamFailureCode, string>> = {
  refused: 'connection refused',
  unreachable: 'unreachable',
  reset: 'connection closed',
  timeout: 'timed out',
  protocol: 'malformed answer',
  'invalid-request': 'request cannot be sent',
}

function detailOf(error: NodeJS.ErrnoException): string {
  return error.message === '' ? (error.code ?? error.name) : error.message
}
