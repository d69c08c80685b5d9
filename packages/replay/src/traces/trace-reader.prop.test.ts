import { seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonlLines, readTrace, shapes, shapeTrace, type Trace, TraceReader, traceFormats } from '../index.ts'

function messageOf(text: string, more: { readonly format?: 'mooncake' | 'jsonl' | 'azure' } = {}): string {
  const trace = readTrace(text, { name: 'file', random: seededRandom(1), ...more })
  return trace.ok ? 'read' : trace.error.message
}

test('an error names file, line and field, and says what was expected and found', () => {
  const good = '{"timestamp": 0, "input_length": 600, "output_length": 6, "hash_ids": [0, 1]}\n'
  expect(messageOf(`${good}\n${good.replace('600', '"many"')}`)).toBe('file:3: input_length: expected a number, found "many"')
  expect(messageOf(good.replace('600', '-4'))).toBe('file:1: input_length: expected a whole number from 0 to 100000000, found -4')
  expect(messageOf(good.replace('[0, 1]', '[0, 1, 2]'))).toBe(
    'file:1: hash_ids: expected at most 2 ids for 600 tokens in blocks of 512 (is the block size another one?), found [0,1,2]',
  )
  expect(messageOf('TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,1')).toBe(
    'file:2: TIMESTAMP: expected a time like 2023-11-16 18:17:03.9799600, found "yesterday"',
  )
  expect(messageOf('{"promptTokens": 3, "outputTokens": 1, "after": 0}')).toBe(
    'file:1: after: expected the number of an earlier request of the file, the first being 0, found 0',
  )
  expect(messageOf('{\n"block_size": 64, "requests": [\n{"t": 0, "in": 1, "out": "x", "hash_ids": []}]}')).toBe(
    'file: requests[0].out: expected a number, found "x"',
  )
})

test('a last line that is cut short is an error, as are a file without requests and an unknown one', () => {
  const line = '{"timestamp": 0, "input_length": 600, "output_length": 6, "hash_ids": [0, 1]}'
  expect(messageOf(`${line}\n${line.slice(0, 40)}`)).toMatch(/^file:2: the last line is cut short: expected a JSON object/)
  expect(messageOf('TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,48')).toMatch(/^file:2: the last line is cut short/)
  expect(messageOf('')).toBe('file: the file is empty; expected a trace')
  expect(messageOf('TIMESTAMP,ContextTokens,GeneratedTokens\n')).toBe('file: expected at least one request, found none')
  expect(messageOf('hello\n')).toMatch(/^file:1: no known format begins like this: "hello"; known are weka, mooncake/)
})

test('reading stops at requestsMax and does not look at what follows', () => {
  const line = '{"timestamp": 0, "input_length": 600, "output_length": 6, "hash_ids": [0, 1]}\n'
  const reader = new TraceReader({ name: 'file', random: seededRandom(1), requestsMax: 2 })
  expect(reader.write(line)).toBe(true)
  expect(reader.write(`${line}broken\n`)).toBe(false)
  const trace = reader.end()
  expect(trace.ok && trace.value.requests.length).toBe(2)
})

test('how a file is cut into pieces does not matter', () => {
  const text = [...jsonlLines(shape('chat-sessions', 40, 3))].join('\r\n')
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
      const reader = new TraceReader({ name: 'file', random: seededRandom(1) })
      const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
      places.forEach((from, at) => {
        reader.write(text.slice(from, places[at + 1]))
      })
      expect(reader.end()).toEqual(readTrace(text, { name: 'file', random: seededRandom(1) }))
    }),
    { numRuns: 50 },
  )
})

test('a trace written as lines and read again is the same up to the names of its segments', () => {
  fc.assert(
    fc.property(fc.constantFrom(...shapes.keys()), fc.integer({ min: 1, max: 60 }), fc.nat(1000), (id, requests, seed) => {
      const trace = shape(id, requests, seed)
      const again = readTrace([...jsonlLines(trace)].join('\n'), { name: trace.name, format: 'jsonl', random: seededRandom(1) })
      expect(again.ok && renamed(again.value)).toEqual(renamed(trace))
    }),
    { numRuns: 60 },
  )
})

test('no text makes a reader throw', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('\n', '\r\n', '{', '}', '"hash_ids"', '{"requests":[{"hash_ids":[null],"t":1e99}]}', '{"timestamp":1,"input":"a","output":"b"}'),
    fc
      .record({ timestamp: fc.double(), input_length: fc.double(), output_length: fc.integer(), hash_ids: fc.array(fc.anything()) })
      .map((row) => safeJson(row)),
    fc.record({ promptTokens: fc.anything(), outputTokens: fc.integer(), segments: fc.anything(), after: fc.integer() }).map((row) => safeJson(row)),
  )
  fc.assert(
    fc.property(fc.option(fc.constantFrom(...traceFormats.keys())), fc.array(piece, { maxLength: 6 }), (format, pieces) => {
      const trace = readTrace(pieces.join('\n'), { name: 'file', format: format ?? undefined, random: seededRandom(1) })
      if (trace.ok) expect(trace.value.requests.every(({ prompt, atMs }) => prompt.tokens >= 1 && Number.isFinite(atMs))).toBe(true)
      else expect(trace.error.message).toMatch(/^file/)
    }),
    { numRuns: 500 },
  )
})

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

function shape(
  id: 'poisson' | 'chat-sessions' | 'shared-prefixes' | 'prefix-cache' | 'first-block' | 'bursts',
  requests: number,
  seed: number,
): Trace {
  const trace = shapeTrace(id, { requests }, seededRandom(seed))
  if (!trace.ok) throw new Error(trace.error)
  return trace.value
}

/** The requests with segments and sessions numbered in order of appearance. */
function renamed(trace: Trace): unknown {
  const numbers = new Map<string, number>()
  const numberOf = (kind: string, id: number): number => {
    const name = `${kind} ${id}`
    if (!numbers.has(name)) numbers.set(name, numbers.size)
    return numbers.get(name) as number
  }
  return trace.requests.map(({ prompt, output, session, ...rest }) => ({
    ...rest,
    segments: prompt.segments.map(({ id, tokens }) => [numberOf('segment', id), tokens]),
    output: [numberOf('segment', output.id), output.tokens],
    session: session === -1 ? -1 : numberOf('session', session),
  }))
}
