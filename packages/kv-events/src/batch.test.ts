import { encode } from '@msgpack/msgpack'
import { describe, expect, it } from 'vitest'
import { type DecodeOptions, decodeBatch } from './decode-batch.ts'
import { encodeBatch } from './encode-batch.ts'
import { type KvEventBatch, limits } from './kv-event.ts'

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const bytes = (text: string) => Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
const value = (content: unknown, options?: DecodeOptions) => {
  const decoded = decodeBatch(encode(content, { useBigInt64: true }), options)
  if (!decoded.ok) throw new Error(decoded.error.message)
  return decoded.value
}
const problem = (content: unknown) => {
  const decoded = decodeBatch(encode(content, { useBigInt64: true }))
  return decoded.ok ? 'no problem' : `${decoded.error.code}: ${decoded.error.message}`
}

const batch: KvEventBatch = {
  ts: 1,
  events: [
    { type: 'stored', hashes: [0x1234n], parent: undefined, tokens: [1, 300], blockTokens: 2, adapter: undefined, medium: 'GPU' },
    { type: 'removed', hashes: [0x1234n], medium: 'GPU' },
  ],
  dataParallelRank: 0,
}

describe('the bytes', () => {
  it('are those of the document', () => {
    expect(hex(encodeBatch(batch, 'array', 'int'))).toBe(
      '93cb3ff0000000000000' +
        '92' +
        '9cab426c6f636b53746f72656491cd1234c09201cd012c02c0a3475055c0c0c0c0c0' +
        '94ac426c6f636b52656d6f76656491cd1234a3475055c0' +
        '00',
    )
  })

  it('are those of maps, without what is absent at the end', () => {
    const text = (word: string) => hex(encode(word))
    expect(hex(encodeBatch(batch, 'map', 'int'))).toBe(
      [
        ['83', text('ts'), 'cb3ff0000000000000', text('events'), '92'],
        ['88', text('type'), text('BlockStored'), text('block_hashes'), '91cd1234', text('parent_block_hash'), 'c0'],
        [text('token_ids'), '9201cd012c', text('block_size'), '02', text('lora_id'), 'c0', text('medium'), text('GPU'), text('lora_name'), 'c0'],
        ['83', text('type'), text('BlockRemoved'), text('block_hashes'), '91cd1234', text('medium'), text('GPU')],
        [text('data_parallel_rank'), '00'],
      ]
        .flat()
        .join(''),
    )
  })

  it('of hashes are the shortest integer that holds them, or 32 bytes', () => {
    const removed = (form: 'int' | 'bytes', ...hashes: bigint[]) =>
      hex(encodeBatch({ ts: 0, events: [{ type: 'removed', hashes, medium: undefined }], dataParallelRank: undefined }, 'array', form)).slice(
        '93cb00000000000000009194ac426c6f636b52656d6f766564'.length,
      )
    expect(removed('int', 7n, 0xffff_ffffn, 0x1_0000_0000n, 0xffff_ffff_ffff_ffffn)).toBe(
      '94' + '07' + 'ceffffffff' + 'cf0000000100000000' + 'cfffffffffffffffff' + 'c0c0' + 'c0',
    )
    expect(removed('bytes', 0x1122_3344_5566_7788n)).toBe(`91c420${'00'.repeat(24)}1122334455667788c0c0c0`)
  })

  it('are refused to hashes beyond 64 bits', () => {
    expect(() =>
      encodeBatch({ ts: 0, events: [{ type: 'removed', hashes: [1n << 64n], medium: undefined }], dataParallelRank: 0 }, 'array', 'int'),
    ).toThrow('no unsigned 64-bit integer')
  })
})

describe('what other producers write', () => {
  it('old ones leave out the tail, of batch and events', () => {
    expect(value([2.5, [['BlockStored', [7], null, [1, 2], 2], ['BlockRemoved', [7]], ['AllBlocksCleared']]])).toEqual({
      ts: 2.5,
      events: [
        { type: 'stored', hashes: [7n], parent: undefined, tokens: [1, 2], blockTokens: 2, adapter: undefined, medium: undefined },
        { type: 'removed', hashes: [7n], medium: undefined },
        { type: 'cleared' },
      ],
      dataParallelRank: undefined,
      unknownEvents: 0,
    })
  })

  it('newer ones may have more fields than are known', () => {
    expect(value([1, [['BlockRemoved', [7], 'CPU', 3, 'more', {}]], 1, 'more']).events).toEqual([
      { type: 'removed', hashes: [7n], medium: 'CPU', group: 3 },
    ])
    expect(value({ ts: 1, events: [{ type: 'AllBlocksCleared', more: 1 }], more: 2 }).events).toEqual([{ type: 'cleared' }])
  })

  it('maps and arrays may be mixed', () => {
    expect(value({ ts: 1, events: [['AllBlocksCleared'], { type: 'BlockRemoved', block_hashes: [1] }] }).events).toHaveLength(2)
    expect(value([1, [{ type: 'AllBlocksCleared' }]]).events).toHaveLength(1)
  })

  it('hashes are 64 bits whatever their form', () => {
    const digest = Uint8Array.from({ length: 32 }, (_, index) => index + 1)
    const hashes = [digest, Uint8Array.of(0xff, 0x01), -1, -5_000_000_000n, 5_000_000_000n, 0]
    expect(value([1, [['BlockRemoved', hashes]]]).events).toEqual([
      {
        type: 'removed',
        hashes: [0x191a_1b1c_1d1e_1f20n, 0xff01n, 0xffff_ffff_ffff_ffffn, (1n << 64n) - 5_000_000_000n, 5_000_000_000n, 0n],
        medium: undefined,
      },
    ])
  })

  it('a parent of 0 is a hash, unless the producer is known to mean none', () => {
    const content = [1, [['BlockStored', [7], 0, [], 16]]]
    expect(value(content).events).toMatchObject([{ parent: 0n }])
    expect(value(content, { zeroParentIsNone: true }).events).toMatchObject([{ parent: undefined }])
  })

  it('unknown types of event are counted and passed over', () => {
    expect(value([1, [['BlockMoved', 1], { type: 'Other' }, ['AllBlocksCleared']]])).toMatchObject({
      unknownEvents: 2,
      events: [{ type: 'cleared' }],
    })
  })
})

describe('what is refused', () => {
  const stored = (...fields: unknown[]) => [1, [['BlockStored', ...fields]]]
  it.each([
    ['text', 'malformed: the payload: expected a batch, found text'],
    [[null, []], 'malformed: ts: expected a number, found nothing'],
    [[1, {}], 'malformed: events: expected an array, found a map'],
    [[1, [], 'x'], 'malformed: data_parallel_rank: expected an integer, found text'],
    [[1, [[]]], 'malformed: events[0]: expected an event with its type, found an array'],
    [[1, [['AllBlocksCleared'], 5]], 'malformed: events[1]: expected an event with its type, found 5'],
    [stored(7), 'malformed: events[0].block_hashes: expected an array, found 7'],
    [stored([7, 'x']), 'malformed: events[0].block_hashes[1]: expected an unsigned 64-bit integer or 1 to 64 bytes, found text'],
    [stored([new Uint8Array(65)]), 'malformed: events[0].block_hashes[0]: expected an unsigned 64-bit integer or 1 to 64 bytes, found 65 bytes'],
    [stored([1.5]), 'malformed: events[0].block_hashes[0]: expected an unsigned 64-bit integer or 1 to 64 bytes, found 1.5'],
    [stored([7], true, [], 2), 'malformed: events[0].parent_block_hash: expected an unsigned 64-bit integer or 1 to 64 bytes, found true'],
    [stored([7], null, [1, -1], 2), 'malformed: events[0].token_ids[1]: expected a token from 0 to 4294967295, found -1'],
    [stored([7], null, [5_000_000_000], 2), 'malformed: events[0].token_ids[0]: expected a token from 0 to 4294967295, found 5000000000'],
    [stored([7], null, []), 'malformed: events[0].block_size: expected an integer, found nothing'],
    [stored([7], null, [], 2, null, 'x'.repeat(1025)), 'malformed: events[0].medium: expected text of at most 1024 characters, found text'],
    [{ ts: 1, events: [{ type: 'BlockRemoved' }] }, 'malformed: events[0].block_hashes: expected an array, found nothing'],
  ])('%#', (content, message) => {
    expect(problem(content)).toBe(message)
  })

  it('more elements than are allowed', () => {
    expect(problem([1, new Array(limits.eventsOfBatch + 1).fill(0)])).toBe('too-large: events: 65537 elements, 65536 are allowed')
    expect(problem(stored(new Array(limits.hashesOfEvent + 1).fill(0)))).toBe('too-large: events[0].block_hashes: 65537 elements, 65536 are allowed')
    expect(problem(stored([], null, new Array(limits.tokensOfEvent + 1).fill(0), 1))).toBe(
      'too-large: events[0].token_ids: 1048577 elements, 1048576 are allowed',
    )
  })

  it.each([
    ['', 'malformed: the payload is not MessagePack: at byte 0, it is cut short'],
    ['92 01', 'malformed: the payload is not MessagePack: at byte 1, 2 values are announced and 1 bytes left'],
    ['c1', 'malformed: the payload is not MessagePack: at byte 0, no value begins with c1'],
    ['da 00', 'malformed: the payload is not MessagePack: at byte 0, it is cut short'],
    ['d9 05 41', 'malformed: the payload is not MessagePack: at byte 3, it is cut short'],
    ['90 00', 'malformed: the payload is not MessagePack: at byte 1, 1 bytes follow the batch'],
    ['dd ff ff ff ff 00', 'malformed: the payload is not MessagePack: at byte 5, 4294967295 values are announced and 1 bytes left'],
    [`${'91'.repeat(17)}00`, 'too-large: the payload is nested more than 16 deep'],
    ['81 c0 00', 'malformed: the payload is not a batch: The type of key must be string or number but object'],
  ])('%s', (text, message) => {
    const decoded = decodeBatch(bytes(text))
    expect(decoded.ok ? 'no problem' : `${decoded.error.code}: ${decoded.error.message}`).toBe(message)
  })

  it('payloads over 16 MiB, unread', () => {
    expect(decodeBatch(new Uint8Array(limits.payloadBytes + 1))).toMatchObject({ ok: false, error: { code: 'too-large' } })
  })
})
