import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventBytesMax, SseReader } from './sse-reader.ts'

function read(bytes: Buffer, cuts: readonly number[]): string[] {
  const reader = new SseReader()
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
  return places.flatMap((from, at) => {
    const events = reader.push(bytes.subarray(from, places[at + 1]))
    if (events === 'too-large') throw new Error('too large')
    return [...events]
  })
}

test('events are the same however the stream is cut, whatever its line ends', () => {
  const payload = fc.string({ unit: fc.constantFrom('a', 'é', '{', ' ', ':', '🚂') })
  fc.assert(
    fc.property(
      fc.array(payload, { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat(400), { maxLength: 12 }),
      (payloads, end, cuts) => {
        const bytes = Buffer.from(payloads.map((text) => `: comment${end}data: ${text}${end}${end}`).join(''))
        expect(
          read(
            bytes,
            cuts.filter((cut) => cut <= bytes.length),
          ),
        ).toEqual(payloads)
      },
    ),
  )
})

test('data lines of one event are joined; other fields, and an event that has not ended, are nothing', () => {
  expect(read(Buffer.from('event: x\ndata: a\ndata:b\n\nid: 1\n\ndata: unfinished\n'), [])).toEqual(['a\nb'])
})

test('an event over the limit is refused, ended or not', () => {
  expect(new SseReader().push(Buffer.from(`data: ${'x'.repeat(eventBytesMax)}`))).toBe('too-large')
  const reader = new SseReader()
  const half = Buffer.from(`data: ${'x'.repeat(eventBytesMax / 2)}\n`)
  expect(reader.push(half)).toEqual([])
  expect(reader.push(half)).toBe('too-large')
})
