import { Buffer } from 'node:buffer'
import { failure, ok, type Result } from '@signalbox/base'
import { noSpans, parseJson, type ScanFailure, ScannedFields, type ScannedRequest, type Span } from './scanned-fields.ts'

/** Inline media of which the place is kept; the bytes of any further ones count as prompt text. */
const imagesMax = 256
const depthMax = 512

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/**
 * Reads the few fields that the gateway needs out of a request body without building the JSON tree.
 *
 * It checks the top-level object's grammar, that strings end and brackets pair to the end of the body, and the types of
 * the fields it reads; what lies deeper is the engine's to refuse. One instance serves any number of bodies, one at a time.
 */
export class RequestScanner {
  /** Open brackets of the value being skipped. */
  readonly #open = new Uint8Array(depthMax)
  #body: Buffer = Buffer.alloc(0)
  #failure: ScanFailure | undefined
  #key = ''
  #valueStart = 0
  #valueEnd = 0
  #images: Span[] | undefined

  /**
   * Scans `body`. With `strict` a missing model or a field of the wrong type is a failure; without, such a field counts as
   * absent (paths that are only passed through).
   */
  scan(body: Buffer, strict = true): Result<ScannedRequest, ScanFailure> {
    this.#body = body
    this.#failure = undefined
    this.#images = undefined
    const fields = new ScannedFields(body, strict)
    const scanned = this.#walk(fields)
    this.#body = emptyBody
    if (!scanned) return failure(this.#failure ?? fields.failure ?? invalidJson('not a JSON object', 0))
    if (strict && fields.model === undefined) {
      return failure({ code: 'missing-field', param: 'model', message: "you must provide a 'model' parameter" })
    }
    return ok(fields.result(this.#images ?? noSpans))
  }

  #walk(fields: ScannedFields): boolean {
    const body = this.#body
    const start = this.#skipSpace(0)
    if (body[start] !== OPEN_BRACE) return this.#fail('a JSON object must begin', start) > 0
    fields.objectStart = start
    let at = this.#skipSpace(start + 1)
    if (body[at] === CLOSE_BRACE) return this.#atEnd(at + 1)
    for (;;) {
      at = this.#member(at)
      if (at < 0) return false
      if (!this.#keep(fields)) return false
      at = this.#skipSpace(at)
      const next = body[at]
      if (next === CLOSE_BRACE) return this.#atEnd(at + 1)
      if (next !== COMMA) return this.#fail("',' or '}' expected", at) > 0
      at = this.#skipSpace(at + 1)
    }
  }

  #atEnd(at: number): boolean {
    const end = this.#skipSpace(at)
    return end === this.#body.length || this.#fail('bytes after the end of the object', end) > 0
  }

  #keep(fields: ScannedFields): boolean {
    const start = this.#valueStart
    const end = this.#valueEnd
    if (!fields.read(this.#key, start, end)) return false
    if (this.#key !== 'stream_options' || this.#body[start] !== OPEN_BRACE) return true
    return this.#readStreamOptions(fields, start)
  }

  #readStreamOptions(fields: ScannedFields, start: number): boolean {
    let at = this.#skipSpace(start + 1)
    if (this.#body[at] === CLOSE_BRACE) return true
    for (;;) {
      at = this.#member(at)
      if (at < 0) return false
      if (this.#key === 'include_usage') fields.readIncludeUsage(this.#valueStart, this.#valueEnd)
      at = this.#skipSpace(at)
      if (this.#body[at] === CLOSE_BRACE) return true
      if (this.#body[at] !== COMMA) return this.#fail("',' or '}' expected", at) > 0
      at = this.#skipSpace(at + 1)
    }
  }

  /** Reads `"key" : value` at `at`; sets key and value span; answers the offset after the value, -1 on failure. */
  #member(at: number): number {
    const body = this.#body
    if (body[at] !== QUOTE) return this.#fail('a key must begin', at)
    const keyEnd = this.#stringEnd(at + 1)
    if (keyEnd < 0) return this.#fail('unterminated string', at)
    const key = decodeKey(body, at + 1, keyEnd)
    if (key === undefined) return this.#fail('malformed key', at)
    let valueStart = this.#skipSpace(keyEnd + 1)
    if (body[valueStart] !== COLON) return this.#fail("':' expected", valueStart)
    valueStart = this.#skipSpace(valueStart + 1)
    const valueEnd = this.#valueEndOf(valueStart, key)
    if (valueEnd < 0) return -1
    this.#key = key
    this.#valueStart = valueStart
    this.#valueEnd = valueEnd
    return valueEnd
  }

  #valueEndOf(at: number, key: string): number {
    const first = this.#body[at]
    if (first === QUOTE) {
      const end = this.#stringEnd(at + 1)
      return end < 0 ? this.#fail('unterminated string', at) : end + 1
    }
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      const watchImages = key === 'messages' || key === 'input'
      if (watchImages) this.#images = undefined
      return this.#containerEnd(at, watchImages)
    }
    return this.#scalarEnd(at)
  }

  #scalarEnd(from: number): number {
    const body = this.#body
    let at = from
    while (at < body.length) {
      const c = body[at] as number
      if (c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || c <= 0x20) break
      if (c === QUOTE || c === COLON || c === OPEN_BRACE || c === OPEN_BRACKET) return this.#fail('a value must end', at)
      at += 1
    }
    return at === from ? this.#fail('a value must begin', at) : at
  }

  /** The offset after the bracket that closes the one at `from`. */
  #containerEnd(from: number, watchImages: boolean): number {
    const body = this.#body
    const open = this.#open
    let depth = 0
    let underUrl = false
    for (let at = from; at < body.length; at++) {
      const c = body[at] as number
      if (c === QUOTE) {
        const end = this.#stringEnd(at + 1)
        if (end < 0) return this.#fail('unterminated string', at)
        if (watchImages) {
          if (underUrl && isDataUrl(body, at + 1, end)) this.#keepImage(at + 1, end)
          underUrl = isUrlKey(body, at + 1, end) && body[this.#skipSpace(end + 1)] === COLON
        }
        at = end
      } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
        if (depth === depthMax) return this.#fail(`nested deeper than ${depthMax}`, at)
        open[depth++] = c
      } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
        depth -= 1
        // '[' and ']', '{' and '}' are two apart in ASCII.
        if (open[depth] !== c - 2) return this.#fail('brackets do not pair', at)
        if (depth === 0) return at + 1
      }
    }
    return this.#fail('unterminated object or array', from)
  }

  #keepImage(start: number, end: number): void {
    this.#images ??= []
    if (this.#images.length < imagesMax) this.#images.push({ start, end })
  }

  /**
   * The offset of the quote that closes the string whose content begins at `from`, -1 without one. Short strings are
   * walked; in long ones the native search jumps from quote to quote.
   */
  #stringEnd(from: number): number {
    const body = this.#body
    const near = Math.min(body.length, from + 48)
    let at = from
    for (; at < near; at++) {
      const c = body[at]
      if (c === QUOTE) return at
      if (c === BACKSLASH) at += 1
    }
    for (;;) {
      const quote = body.indexOf(QUOTE, at)
      if (quote < 0) return -1
      let before = quote - 1
      while (before >= at && body[before] === BACKSLASH) before -= 1
      if ((quote - 1 - before) % 2 === 0) return quote
      at = quote + 1
    }
  }

  #skipSpace(from: number): number {
    const body = this.#body
    let at = from
    while (at < body.length) {
      const c = body[at]
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break
      at += 1
    }
    return at
  }

  /** Answers -1, so that callers can return it as an offset. */
  #fail(what: string, at: number): number {
    this.#failure ??= invalidJson(at >= this.#body.length ? `${what}, but the body ends` : what, at)
    return -1
  }
}

const emptyBody = Buffer.alloc(0)

function invalidJson(what: string, at: number): ScanFailure {
  return { code: 'invalid-json', param: null, message: `the body is not valid JSON: ${what} (byte ${at})` }
}

function decodeKey(body: Buffer, start: number, end: number): string | undefined {
  // No key that matters is longer than this, and none has a byte outside ASCII.
  if (end - start > 128) return ''
  const key = body.toString('latin1', start, end)
  if (!key.includes('\\')) return key
  const decoded = parseJson(`"${key}"`)
  return typeof decoded === 'string' ? decoded : undefined
}

/** `"url"` or `"image_url"`. */
function isUrlKey(body: Buffer, start: number, end: number): boolean {
  const length = end - start
  if (length !== 3 && length !== 9) return false
  if (body[end - 3] !== 0x75 || body[end - 2] !== 0x72 || body[end - 1] !== 0x6c) return false
  return length === 3 || body.toString('latin1', start, end) === 'image_url'
}

function isDataUrl(body: Buffer, start: number, end: number): boolean {
  return (
    end - start > 5 &&
    body[start] === 0x64 &&
    body[start + 1] === 0x61 &&
    body[start + 2] === 0x74 &&
    body[start + 3] === 0x61 &&
    body[start + 4] === COLON
  )
}
