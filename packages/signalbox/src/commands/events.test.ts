import type { KvEventNotice } from '@signalbox/node'
import { describe, expect, test } from 'vitest'
import { eventHeader, eventJson, eventLines } from './event-lines.ts'
import { subscriptionOf } from './events.ts'

const batch: KvEventNotice = {
  kind: 'batch',
  origin: 'live',
  topic: 'kv@a@m',
  sequence: 57,
  batch: {
    ts: 1_700_000_000.25,
    events: [
      {
        type: 'stored',
        hashes: [0x1234n, 2n ** 64n - 1n],
        parent: 7n,
        tokens: new Array(32).fill(1),
        blockTokens: 16,
        adapter: 'poet',
        medium: 'GPU',
      },
      { type: 'stored', hashes: [1n], parent: undefined, tokens: [], blockTokens: 16, adapter: undefined, medium: 'CPU', adapterId: 3 },
      { type: 'removed', hashes: [1n, 2n, 3n, 4n], medium: 'GPU' },
      { type: 'cleared' },
    ],
    dataParallelRank: 0,
    unknownEvents: 2,
  },
}

describe('events for a terminal', () => {
  test('have a line each, under their columns', () => {
    expect([eventHeader, ...eventLines(batch)]).toEqual([
      'sequence   time          event     blocks   tokens   medium  adapter           hashes',
      '57         22:13:20.250  stored    2        32       GPU     poet              0000000000001234 ffffffffffffffff after 0000000000000007',
      '57         22:13:20.250  stored    1        0        CPU     #3                0000000000000001',
      '57         22:13:20.250  removed   4                 GPU                       0000000000000001 ... 0000000000000004',
      '57         22:13:20.250  cleared',
      '57         22:13:20.250  2 of an unknown type',
    ])
  })

  test('say what is lost, void or unreadable', () => {
    const last = (notice: KvEventNotice) => eventLines(notice).map((line) => line.replaceAll(/ {2,}/g, ' '))
    expect(last({ kind: 'gap', topic: 't', missing: { from: 3, to: 3 } })).toEqual(['3 missing lost, and not to be had again'])
    expect(last({ kind: 'gap', topic: 't', missing: { from: 3, to: 9 } })).toEqual(['3-9 missing lost, and not to be had again'])
    expect(last({ kind: 'restart', topic: 't' })).toEqual([' restart the engine began anew: its cache was empty'])
    expect(last({ kind: 'broken', topic: 't', message: 'why' })).toEqual([' broken why'])
    expect(last({ kind: 'replayed', next: 9 })).toEqual([])
    expect(eventLines({ ...batch, batch: { ...batch.batch, ts: 1e300, unknownEvents: 0, events: [{ type: 'cleared' }] } })[0]).toContain('?')
  })

  test('as JSON have their hashes whole', () => {
    expect(JSON.parse(eventJson(batch))).toMatchObject({
      kind: 'batch',
      sequence: 57,
      events: [{ hashes: ['4660', '18446744073709551615'] }, {}, {}, {}],
    })
    expect(eventJson({ kind: 'replayed', next: 9 })).toBe('{"kind":"replayed","next":9}')
  })
})

describe('what is subscribed to', () => {
  test.each([
    ['127.0.0.1:5557', { follow: true }, { endpoint: 'tcp://127.0.0.1:5557' }],
    ['tcp://gpu1:5557', { follow: true, topic: 'kv@' }, { endpoint: 'tcp://gpu1:5557', topic: 'kv@' }],
    ['gpu1:5557', { follow: true, replay: 3 }, { endpoint: 'tcp://gpu1:5557', replayEndpoint: 'tcp://gpu1:5558', replayFrom: 3 }],
    ['gpu1:5557', { follow: true, replayAddress: 'gpu1:1' }, { endpoint: 'tcp://gpu1:5557', replayEndpoint: 'tcp://gpu1:1' }],
    ['ipc://x', { follow: false, replay: 0, replayAddress: 'ipc://y' }, { endpoint: 'ipc://x', replayEndpoint: 'ipc://y', replayFrom: 0 }],
  ])('%s %j', (address, flags, subscription) => {
    expect(subscriptionOf(address, flags)).toEqual(subscription)
  })

  test('flags that do not fit are refused', () => {
    expect(() => subscriptionOf('gpu1:5557', { follow: false })).toThrow('--no-follow: there is no end without a replay; add --replay 0')
    expect(() => subscriptionOf('tcp://*:*', { follow: true, replay: 0 })).toThrow('--replay: tcp://*:* has no port to count on from')
  })
})
