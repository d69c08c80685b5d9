import { Buffer } from 'node:buffer'

export interface ResponseLimits {
  /** Of status line and fields, those of interim answers before it included; and again of trailers. */
  readonly headBytesMax: number
}

const CR = 0x0d
const LF = 0x0a
const chunkSizeDigitsMax = 13
const chunkExtensionBytesMax = 4096
const noHeaders: readonly string[] = []
const noBytes = Buffer.alloc(0)

type State =
  | 'head'
  | 'fixed'
  | 'until-close'
  | 'chunk-size'
  | 'chunk-extension'
  | 'chunk-size-end'
  | 'chunk-data'
  | 'chunk-data-cr'
  | 'chunk-data-lf'
  | 'trailer-start'
  | 'trailer'
  | 'trailer-lf'
  | 'last-lf'
  | 'done'
  | 'malformed'

/**
 * Reads HTTP/1.1 responses (RFC 9112) off one connection, wherever the reads break. Each `push` leaves what came of it:
 *
 *     bytes in:   HTTP/1.1 200 OK | fields | 5 hello 1 ! 0 | ...
 *     out:        headArrived, status, headers    data: 'hello!'    complete
 *
 * All body bytes of one push come as one buffer, a copy: the bytes given may be overwritten afterwards. Interim answers
 * (1xx) are skipped. Strict where two readers could disagree on a message's length: lines end with CRLF, fields are not
 * folded, `content-length` is one number, and a transfer coding is `chunked` alone and never beside `content-length`.
 */
export class ResponseParser {
  readonly #limits: ResponseLimits
  #state: State = 'done'
  #bodyless = false
  /** Of a head that came in pieces; `#heldLength` bytes are in use. */
  #held: Buffer = noBytes
  #heldLength = 0
  #headBytes = 0
  /** Bytes to come of a body or chunk. */
  #left = 0
  #digits = 0
  /** Starts and ends of body bytes in what was pushed. */
  readonly #spans: number[] = []
  /** The head was completed by the last push. */
  headArrived = false
  status = 0
  /** Names and values in turn, as received. */
  headers: readonly string[] = noHeaders
  /** Body bytes out of the last push. */
  data: Buffer | undefined
  /** The connection may carry another request once the answer is complete. */
  persistent = false
  /** What was wrong, for people; '' while all is well. */
  fault = ''

  constructor(limits: ResponseLimits) {
    this.#limits = limits
  }

  /** The whole answer was read. */
  get complete(): boolean {
    return this.#state === 'done'
  }

  /** Prepares for the answer to a request of this method. */
  expect(method: string): void {
    this.#state = 'head'
    this.#bodyless = method === 'HEAD'
    this.#headBytes = 0
    this.headArrived = false
    this.headers = noHeaders
    this.data = undefined
  }

  /** Takes what was read; false when it is malformed, or more than one answer (`fault` says what). */
  push(bytes: Buffer): boolean {
    this.headArrived = false
    this.data = undefined
    let at = 0
    if (this.#state === 'head') {
      at = this.#readHead(bytes)
      if (at < 0) return this.fault === ''
    }
    if (this.#state === 'fixed' || this.#state === 'until-close') at = this.#readPlain(bytes, at)
    else if (this.#state !== 'done' && this.#state !== 'malformed') at = this.#readChunks(bytes, at)
    if (this.#state === 'done' && at < bytes.length) this.#fail('bytes after the end of the answer')
    return this.fault === ''
  }

  /** The connection ended. True when that ends the answer properly: its length was not said. */
  end(): boolean {
    if (this.#state === 'until-close') this.#state = 'done'
    return this.#state === 'done'
  }

  // The head

  /** Answers where the body begins, -1 when the head is not there yet or is malformed. */
  #readHead(bytes: Buffer): number {
    let from = 0
    for (;;) {
      const headEnd = this.#takeHead(bytes, from)
      if (headEnd < 0) return -1
      if (this.status >= 200) {
        this.headArrived = true
        return headEnd
      }
      if (this.status === 101) return this.#fail('switches protocols unasked')
      from = headEnd
    }
  }

  #takeHead(bytes: Buffer, from: number): number {
    if (this.#heldLength > 0) return this.#takeSplitHead(bytes, from)
    const end = bytes.indexOf('\r\n\r\n', from, 'latin1')
    if (end < 0) return this.#takeSplitHead(bytes, from)
    this.#headBytes += end + 4 - from
    if (this.#headBytes > this.#limits.headBytesMax) return this.#fail(`the head is longer than ${this.#limits.headBytesMax} bytes`)
    return this.#parseHead(bytes.toString('latin1', from, end)) ? end + 4 : -1
  }

  /** The rare case, byte by byte: linear however small the pieces are. */
  #takeSplitHead(bytes: Buffer, from: number): number {
    if (this.#held.length === 0) this.#held = Buffer.allocUnsafe(this.#limits.headBytesMax)
    const held = this.#held
    for (let at = from; at < bytes.length; at++) {
      if (this.#headBytes === held.length) return this.#fail(`the head is longer than ${held.length} bytes`)
      this.#headBytes += 1
      const length = ++this.#heldLength
      held[length - 1] = bytes[at] as number
      if (bytes[at] !== LF || length < 4 || held[length - 2] !== CR || held[length - 3] !== LF || held[length - 4] !== CR) continue
      const text = held.toString('latin1', 0, length - 4)
      this.#held = noBytes
      this.#heldLength = 0
      return this.#parseHead(text) ? at + 1 : -1
    }
    return -1
  }

  /** Reads status line and fields and decides how the body ends (RFC 9112 §6.3). `text` is without the blank line. */
  #parseHead(text: string): boolean {
    const lineEnd = text.indexOf('\r\n')
    const line = lineEnd < 0 ? text : text.slice(0, lineEnd)
    const match = statusLine.exec(line)
    if (match === null) return this.#fail('malformed status line') > 0
    this.status = Number(match[2])
    const headers: string[] = []
    if (lineEnd >= 0 && !readFields(text, lineEnd + 2, headers)) return this.#fail('malformed header field') > 0
    this.headers = headers
    return this.status < 200 || this.#frame(headers, match[1] === '1')
  }

  #frame(headers: readonly string[], isHttp11: boolean): boolean {
    let length: string | undefined
    let coding: string | undefined
    let connection = ''
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      const value = headers[i + 1] as string
      // Of the names that matter, no two have the same length.
      if (name.length === 14 && name.toLowerCase() === 'content-length') {
        if (length !== undefined && length !== value) return this.#fail('two content lengths') > 0
        length = value
      } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
        coding = coding === undefined ? value.toLowerCase() : `${coding}, ${value}`
      } else if (name.length === 10 && name.toLowerCase() === 'connection') connection += `,${value.toLowerCase()}`
    }
    this.persistent = connection === '' ? isHttp11 : mentions(connection, isHttp11 ? 'close' : 'keep-alive') !== isHttp11
    if (coding !== undefined && (coding !== 'chunked' || length !== undefined || !isHttp11))
      return this.#fail('a transfer coding that is not understood') > 0
    if (length !== undefined && !contentLength.test(length)) return this.#fail('malformed content length') > 0
    if (this.#bodyless || this.status === 204 || this.status === 304) this.#state = 'done'
    else if (coding !== undefined) this.#state = 'chunk-size'
    else if (length === undefined) {
      this.#state = 'until-close'
      this.persistent = false
    } else {
      this.#left = Number(length)
      this.#state = this.#left === 0 ? 'done' : 'fixed'
    }
    this.#digits = 0
    if (this.#state === 'chunk-size') this.#left = 0
    return true
  }

  // The body

  #readPlain(bytes: Buffer, at: number): number {
    const available = bytes.length - at
    const taken = this.#state === 'fixed' ? Math.min(this.#left, available) : available
    if (taken > 0) this.data = Buffer.from(bytes.subarray(at, at + taken))
    if (this.#state === 'fixed') {
      this.#left -= taken
      if (this.#left === 0) this.#state = 'done'
    }
    return at + taken
  }

  /** Walks the chunks (RFC 9112 §7.1) and copies their data together; answers where it stopped. */
  #readChunks(bytes: Buffer, from: number): number {
    const spans = this.#spans
    let at = from
    let size = 0
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state !== 'chunk-data') {
        if (!this.#step(bytes[at] as number)) break
        at += 1
        continue
      }
      const taken = Math.min(this.#left, bytes.length - at)
      spans.push(at, at + taken)
      size += taken
      at += taken
      this.#left -= taken
      if (this.#left === 0) this.#state = 'chunk-data-cr'
    }
    if (size > 0) this.data = gathered(bytes, spans, size)
    spans.length = 0
    return at
  }

  /** One byte between the chunks' data. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'chunk-size':
        return this.#stepSize(byte)
      case 'chunk-extension':
        // Extensions mean nothing here; their length is bounded like digits, each chunk anew.
        this.#digits += 1
        if (byte === CR) this.#state = 'chunk-size-end'
        return (byte !== LF && this.#digits <= chunkExtensionBytesMax) || this.#fail('malformed chunk extension') > 0
      case 'chunk-size-end':
        this.#digits = 0
        if (byte === LF) this.#state = this.#left === 0 ? 'trailer-start' : 'chunk-data'
        return byte === LF || this.#fail('malformed chunk size') > 0
      case 'chunk-data-cr':
        this.#state = 'chunk-data-lf'
        return byte === CR || this.#fail('a chunk is longer than it says') > 0
      case 'chunk-data-lf':
        this.#state = 'chunk-size'
        return byte === LF || this.#fail('a chunk is longer than it says') > 0
      default:
        return this.#stepTrailer(byte)
    }
  }

  #stepSize(byte: number): boolean {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit
      this.#digits += 1
      return this.#digits <= chunkSizeDigitsMax || this.#fail('a chunk size is too large') > 0
    }
    if (this.#digits === 0) return this.#fail('malformed chunk size') > 0
    if (byte === CR) this.#state = 'chunk-size-end'
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#state = 'chunk-extension'
    else return this.#fail('malformed chunk size') > 0
    return true
  }

  /** Trailers are read and dropped: nothing downstream could use them. */
  #stepTrailer(byte: number): boolean {
    this.#digits += 1
    if (this.#digits > this.#limits.headBytesMax) return this.#fail('the trailers are too long') > 0
    switch (this.#state) {
      case 'trailer-start':
        this.#state = byte === CR ? 'last-lf' : 'trailer'
        return byte !== LF || this.#fail('malformed trailer') > 0
      case 'trailer':
        if (byte === CR) this.#state = 'trailer-lf'
        return byte !== LF || this.#fail('malformed trailer') > 0
      case 'trailer-lf':
        this.#state = 'trailer-start'
        return byte === LF || this.#fail('malformed trailer') > 0
      default:
        this.#state = 'done'
        return byte === LF || this.#fail('malformed trailer') > 0
    }
  }

  /** Answers -1, so that callers can return it as an offset. */
  #fail(fault: string): number {
    this.#state = 'malformed'
    this.fault = fault
    return -1
  }
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const contentLength = /^\d{1,15}$/
/** A token, then a value of visible characters, blanks and obs-text (RFC 9110 §5.5, §5.6.2). */
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/

function readFields(text: string, from: number, into: string[]): boolean {
  for (let at = from; at < text.length; ) {
    const next = text.indexOf('\r\n', at)
    const end = next < 0 ? text.length : next
    const match = fieldLine.exec(text.slice(at, end))
    if (match === null) return false
    into.push(match[1] as string, withoutBlanks(match[2] as string))
    at = end + 2
  }
  return true
}

/** Without blanks and tabs around it; `trim` would also take obs-text (a byte 0xa0). */
function withoutBlanks(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start += 1
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1
  return value.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** Whether a comma-separated list in lower case has the item. */
function mentions(list: string, item: string): boolean {
  return list.split(',').some((each) => each.trim() === item)
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function gathered(bytes: Buffer, spans: readonly number[], size: number): Buffer {
  const data = Buffer.allocUnsafe(size)
  let length = 0
  for (let i = 0; i < spans.length; i += 2) length += bytes.copy(data, length, spans[i], spans[i + 1])
  return data
}
