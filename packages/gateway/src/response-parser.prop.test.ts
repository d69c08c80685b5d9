import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResponseParser } from './response-parser.ts'

interface Read {
  status: number
  headers: readonly string[]
  body: string
  heads: number
  complete: boolean
  persistent: boolean
  fault: string
}

/** Feeds a connection's bytes in the pieces that `cuts` make of them, then ends it when `ends`. */
function read(text: string, { method = 'POST', cuts = [] as number[], ends = false } = {}): Read {
  const parser = new ResponseParser({ headBytesMax: 4096 })
  parser.expect(method)
  const bytes = Buffer.from(text, 'latin1')
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let body = ''
  let heads = 0
  let from = 0
  for (const to of [...at, bytes.length]) {
    const piece = Buffer.from(bytes.subarray(from, to))
    from = to
    if (piece.length === 0) continue
    const sound = parser.push(piece)
    // The bytes given are the reader's again: what came of them must not change with them.
    piece.fill(0xee)
    if (parser.headArrived) heads += 1
    body += parser.data?.toString('latin1') ?? ''
    if (!sound) break
  }
  if (ends && parser.fault === '') parser.end()
  return {
    status: parser.status,
    headers: parser.headers,
    body,
    heads,
    complete: parser.complete,
    persistent: parser.persistent,
    fault: parser.fault,
  }
}

const cutsArbitrary = fc.array(fc.nat(100_000), { maxLength: 12 })
const bodyArbitrary = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const interimArbitrary = fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')

describe('a response is read the same however the reads break', () => {
  it('with a content length', () => {
    fc.assert(
      fc.property(bodyArbitrary, interimArbitrary, cutsArbitrary, (body, interim, cuts) => {
        const text = `${interim}HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`
        expect(read(text, { cuts })).toEqual({
          status: 200,
          headers: ['Content-Type', 'text/plain', 'Content-Length', String(body.length)],
          body,
          heads: 1,
          complete: true,
          persistent: true,
          fault: '',
        })
      }),
    )
  })

  it('in chunks, with extensions and trailers, which are dropped', () => {
    const chunk = fc.record({ data: bodyArbitrary, extension: fc.constantFrom('', ';a=b', ' ; name="x"'), upper: fc.boolean(), padding: fc.nat(2) })
    const trailers = fc.constantFrom('', 'x-checksum: 1\r\n', 'a: b\r\nc: d\r\n')
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), trailers, cutsArbitrary, (chunks, trailer, cuts) => {
        const kept = chunks.filter(({ data }) => data.length > 0)
        const framed = kept.map(({ data, extension, upper, padding }) => {
          const size = '0'.repeat(padding) + data.length.toString(16)
          return `${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`
        })
        const text = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${framed.join('')}0\r\n${trailer}\r\n`
        const whole = read(text, { cuts })
        expect(whole).toMatchObject({ body: kept.map(({ data }) => data).join(''), heads: 1, complete: true, persistent: true, fault: '' })
        expect(read(text.slice(0, -1), { cuts, ends: true }).complete).toBe(false)
      }),
    )
  })

  it('until the connection ends', () => {
    fc.assert(
      fc.property(bodyArbitrary, cutsArbitrary, (body, cuts) => {
        const text = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${body}`
        expect(read(text, { cuts, ends: true })).toMatchObject({ body, complete: true, persistent: false, fault: '' })
        expect(read(text, { cuts }).complete).toBe(false)
      }),
    )
  })

  it('and never throws or goes on after a fault, whatever the bytes', () => {
    const parts = fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'a: b\r\n',
      '\r\n',
      'content-length: 5\r\n',
      'transfer-encoding: chunked\r\n',
      '5\r\nhello\r\n',
      '0\r\n',
    )
    const text = fc.array(fc.oneof(parts, bodyArbitrary), { maxLength: 10 }).map((all) => all.join(''))
    fc.assert(
      fc.property(text, cutsArbitrary, (bytes, cuts) => {
        const whole = read(bytes, { ends: true })
        const split = read(bytes, { cuts, ends: true })
        expect(split).toMatchObject({ heads: whole.heads, complete: whole.complete, fault: whole.fault })
      }),
    )
  })
})

const head = (fields: string, line = 'HTTP/1.1 200 OK') => `${line}\r\n${fields}\r\n`

describe('a response without a body', () => {
  it.each([
    ['HEAD', head('content-length: 10\r\n')],
    ['GET', head('', 'HTTP/1.1 204 No Content')],
    ['GET', head('content-length: 10\r\n', 'HTTP/1.1 304 Not Modified')],
    ['POST', head('content-length: 0\r\n')],
  ])('%s %j is complete with its head', (method, text) => {
    expect(read(text, { method })).toMatchObject({ complete: true, body: '', persistent: true, fault: '' })
  })
})

describe('the connection persists', () => {
  it.each([
    ['HTTP/1.1 200 OK', 'connection: close\r\n', false],
    ['HTTP/1.1 200 OK', 'Connection: foo, Close\r\n', false],
    ['HTTP/1.1 200 OK', 'connection: foo\r\nconnection: close\r\n', false],
    ['HTTP/1.1 200 OK', 'connection: keep-alive\r\n', true],
    ['HTTP/1.0 200 OK', '', false],
    ['HTTP/1.0 200 OK', 'connection: keep-alive\r\n', true],
    ['HTTP/1.1 200', '', true],
  ])('%s %j: %s', (line, fields, persistent) => {
    expect(read(`${head(`${fields}content-length: 0\r\n`, line)}`)).toMatchObject({ complete: true, persistent })
  })
})

describe('malformed', () => {
  it.each([
    ['status line', 'HTTP/2 200 OK\r\n\r\n'],
    ['status line', 'HTTP/1.1 0200 OK\r\n\r\n'],
    ['status line', 'ICY 200 OK\r\n\r\n'],
    ['header field', head('a : b\r\n')],
    ['header field', head('a: b\r\n folded\r\n')],
    ['header field', head('no colon\r\n')],
    ['header field', head('a: b\nc: d\r\n')],
    ['header field', head('a: \u0000\r\n')],
    ['two content lengths', head('content-length: 1\r\ncontent-length: 2\r\n')],
    ['content length', head('content-length: 1, 1\r\n')],
    ['content length', head('content-length: -1\r\n')],
    ['content length', head('content-length: 9999999999999999\r\n')],
    ['transfer coding', head('transfer-encoding: gzip, chunked\r\n')],
    ['transfer coding', head('transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n')],
    ['transfer coding', head('transfer-encoding: chunked\r\ncontent-length: 3\r\n')],
    ['transfer coding', head('transfer-encoding: chunked\r\n', 'HTTP/1.0 200 OK')],
    ['protocols', head('upgrade: h2c\r\n', 'HTTP/1.1 101 Switching')],
    ['chunk size', `${head('transfer-encoding: chunked\r\n')}x\r\n`],
    ['chunk size', `${head('transfer-encoding: chunked\r\n')}\r\n`],
    ['chunk size', `${head('transfer-encoding: chunked\r\n')}1\rx`],
    ['too large', `${head('transfer-encoding: chunked\r\n')}${'f'.repeat(14)}\r\n`],
    ['chunk extension', `${head('transfer-encoding: chunked\r\n')}1;${'x'.repeat(5000)}`],
    ['longer than it says', `${head('transfer-encoding: chunked\r\n')}1\r\nabc`],
    ['trailer', `${head('transfer-encoding: chunked\r\n')}0\r\na: b\nc`],
    ['trailers are too long', `${head('transfer-encoding: chunked\r\n')}0\r\na: ${'b'.repeat(5000)}`],
    ['head is longer', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(5000)}`],
    ['head is longer', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(5000)}\r\n\r\n`],
    ['head is longer', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(300)],
    ['bytes after the end', `${head('content-length: 1\r\n')}ab`],
    ['bytes after the end', `${head('', 'HTTP/1.1 204 No Content')}HTTP/1.1 200 OK\r\n`],
  ])('%s: %j', (fault, text) => {
    expect(read(text).fault).toContain(fault)
    expect(read(text, { cuts: Array.from({ length: text.length }, (_, i) => i) }).fault).toContain(fault)
  })
})
