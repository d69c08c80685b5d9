import { Labels } from '@signalbox/base'
import { isStale, staleNaN } from '@signalbox/promql'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeWriteRequest, type SentSeries, writeBody } from './encoded-request.case.ts'
import { inflateBlock } from './snappy-block.ts'
import { decodeWriteRequest, writeRequestLimits } from './write-request.ts'
import { labelsOfWritten } from './written-labels.ts'

const sent = (labels: Readonly<Record<string, string>>, samples: readonly (readonly [number, number])[]): SentSeries => ({
  labels: Object.entries(labels),
  timestampsMs: Float64Array.from(samples, ([timestampMs]) => timestampMs),
  values: Float64Array.from(samples, ([, value]) => value),
})

/** An array of its own, as decompression answers it. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes)

const bitsOf = (values: Float64Array) => [...new BigUint64Array(Float64Array.from(values).buffer)]

function decoded(all: readonly SentSeries[]) {
  const result = decodeWriteRequest(own(encodeWriteRequest(all)))
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

describe('the message of remote write', () => {
  test('series keep the order of their labels, samples their order and their bits', () => {
    const stale = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer)
    const request = decoded([
      sent({ __name__: 'a', job: 'é"x' }, [
        [1_700_000_000_000, 1.5],
        [1_700_000_001_000, -0],
      ]),
      sent({ __name__: 'b' }, []),
      { labels: [['__name__', 'c']], timestampsMs: Float64Array.of(-5), values: stale },
    ])
    expect(request.series).toEqual([
      { names: ['__name__', 'job'], values: ['a', 'é"x'], from: 0, to: 2 },
      { names: ['__name__'], values: ['b'], from: 2, to: 2 },
      { names: ['__name__'], values: ['c'], from: 2, to: 3 },
    ])
    expect([...request.timestampsMs]).toEqual([1_700_000_000_000, 1_700_000_001_000, -5])
    expect(bitsOf(request.values)).toEqual([...bitsOf(Float64Array.of(1.5, -0)), 0x7ff0000000000002n])
    expect(isStale(request.values[2]!)).toBe(true)
  })

  test('fields that are not known are stepped over, native histograms are counted', () => {
    // WriteRequest { metadata "x" (3), timeseries { exemplar "" (3), histogram "" (4), label, sample without fields } }, and a fixed32 (9).
    const bytes = [0x1a, 1, 0x78, 0x0a, 14, 0x1a, 0, 0x22, 0, 0x0a, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62, 0x12, 0, 0x4d, 1, 2, 3, 4]
    bytes[4] = 14
    const result = decodeWriteRequest(Uint8Array.from(bytes))
    expect(result).toMatchObject({ ok: true, value: { series: [{ names: ['a'], values: ['b'], from: 0, to: 1 }], histograms: 1 } })
    expect(result.ok && [result.value.timestampsMs[0], result.value.values[0]]).toEqual([0, 0])
  })

  test('any request comes back as it was sent', () => {
    const series = fc.record({
      labels: fc.array(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })), { maxLength: 5 }),
      samples: fc.array(fc.tuple(fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), fc.double()), { maxLength: 20 }),
    })
    fc.assert(
      fc.property(fc.array(series, { maxLength: 8 }), (all) => {
        const request = decoded(
          all.map(({ labels, samples }) => ({
            labels,
            timestampsMs: Float64Array.from(samples, ([timestampMs]) => timestampMs),
            values: Float64Array.from(samples, ([, value]) => value),
          })),
        )
        expect(request.series.map(({ names, values }) => names.map((name, i) => [name, values[i]]))).toEqual(all.map(({ labels }) => labels))
        expect(request.series.map(({ from, to }) => to - from)).toEqual(all.map(({ samples }) => samples.length))
        expect([...request.timestampsMs]).toEqual(all.flatMap(({ samples }) => samples.map(([timestampMs]) => timestampMs)))
        expect(bitsOf(request.values)).toEqual(bitsOf(Float64Array.from(all.flatMap(({ samples }) => samples.map(([, value]) => value)))))
      }),
    )
  })

  test('cut, flipped and random bytes are an error or a request, never an exception', () => {
    const good = own(
      encodeWriteRequest([sent({ __name__: 'a', job: 'b' }, [[1_700_000_000_000, 1]]), sent({ __name__: 'b' }, [[1_700_000_000_000, staleNaN()]])]),
    )
    for (let end = 0; end < good.length; end++) decodeWriteRequest(good.slice(0, end))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }), (flips) => {
        const bytes = good.slice()
        for (const [at, byte] of flips) bytes[at] = byte
        const result = decodeWriteRequest(bytes)
        if (!result.ok) expect(['corrupt', 'too-large']).toContain(result.error.code)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const result = decodeWriteRequest(own(bytes))
        if (!result.ok) expect(['corrupt', 'too-large']).toContain(result.error.code)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['a field beyond its message', [0x0a, 2, 0x0a, 9, 1, 2, 3]],
    ['a length beyond the body', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]],
    ['a double that is cut', [0x0a, 5, 0x12, 9, 0x09, 1, 2]],
    ['field number 0', [0, 0]],
    ['a group, which proto3 does not have', [0x0b, 0]],
    ['a varint without an end', Array(12).fill(0xff)],
    ['a label that is not UTF-8', [0x0a, 5, 0x0a, 3, 0x0a, 1, 0xff]],
  ])('%s is corrupt', (_what, bytes) => {
    expect(decodeWriteRequest(Uint8Array.from(bytes as number[]))).toMatchObject({ ok: false, error: { code: 'corrupt' } })
  })

  test('more than the limits allow is too large', () => {
    const one = sent({ __name__: 'a', b: 'c' }, [
      [1, 1],
      [2, 2],
    ])
    const refused = (limits: Partial<typeof writeRequestLimits>) =>
      decodeWriteRequest(own(encodeWriteRequest([one, one])), { ...writeRequestLimits, ...limits })
    for (const limits of [{ seriesMax: 1 }, { samplesMax: 3 }, { labelsMax: 1 }]) {
      expect(refused(limits)).toMatchObject({ ok: false, error: { code: 'too-large' } })
    }
    expect(refused({ seriesMax: 2, samplesMax: 4, labelsMax: 2 }).ok).toBe(true)
  })
})

describe('labels that were written', () => {
  const written = (pairs: readonly (readonly [string, string])[]) =>
    labelsOfWritten({ names: pairs.map(([name]) => name), values: pairs.map(([, value]) => value), from: 0, to: 0 })

  test('are taken when sorted by bytes, without the empty ones', () => {
    expect(
      written([
        ['__name__', 'a'],
        ['empty', ''],
        ['job', 'x'],
        ['\ufffd', '1'],
        ['\u{1f600}', '2'],
      ]),
    ).toEqual({ ok: true, value: Labels.from({ __name__: 'a', job: 'x', '\ufffd': '1', '\u{1f600}': '2' }) })
  })

  test.each([
    [[['job', 'x']], 'the label __name__ is missing'],
    [
      [
        ['__name__', ''],
        ['job', 'x'],
      ],
      'the label __name__ is missing',
    ],
    [
      [
        ['__name__', 'a'],
        ['', 'x'],
      ],
      'a label has no name',
    ],
    [
      [
        ['__name__', 'a'],
        ['b', 'x'],
        ['b', 'y'],
      ],
      'the label "b" is there twice',
    ],
    [
      [
        ['__name__', 'a'],
        ['c', 'x'],
        ['b', 'y'],
      ],
      'the labels are not sorted: "b" stands after "c"',
    ],
    [
      [
        ['__name__', 'a'],
        ['b\u0000', 'x'],
      ],
      'a label name contains a zero byte',
    ],
    [
      [
        ['__name__', 'a'],
        ['b', 'x'.repeat(16_385)],
      ],
      'a label is longer than 16384 characters',
    ],
  ] as const)('%j is refused: %s', (pairs, error) => {
    expect(written(pairs)).toEqual({ ok: false, error })
  })
})

describe('the snappy block', () => {
  const bytes = Uint8Array.from({ length: 5_000 }, (_, i) => (i % 97 === 0 ? i : i % 7))
  const block = writeBody([sent({ __name__: 'a', pad: 'x'.repeat(3_000) }, [[1, 1]])])

  test('any bytes come back', async () => {
    const { compress } = await import('snappyjs')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (random) => {
        expect(inflateBlock(compress(random), 1 << 20)).toEqual({ ok: true, value: random })
      }),
    )
    expect(inflateBlock(Buffer.from(compress(bytes)), 5_000)).toEqual({ ok: true, value: bytes })
  })

  test('one that says it is longer than the limit is refused by its header alone', () => {
    expect(inflateBlock(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), 1_000)).toMatchObject({ ok: false, error: { code: 'too-large' } })
  })

  test('one that is cut anywhere is corrupt', () => {
    for (let end = 0; end < block.length; end++) expect(inflateBlock(block.slice(0, end), 1 << 20)).toMatchObject({ error: { code: 'corrupt' } })
  })

  test('flipped bytes never throw', () => {
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.nat(255), (at, byte) => {
        const flipped = block.slice()
        flipped[at] = byte
        const result = inflateBlock(flipped, 1 << 20)
        if (!result.ok) expect(['corrupt', 'too-large']).toContain(result.error.code)
      }),
      { numRuns: 1_000 },
    )
  })
})
