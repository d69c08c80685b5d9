import { VirtualClock } from '@signalbox/base'
import { type KvEventNotice, KvEventSubscriber, loadZeromq } from '@signalbox/node'
import { afterEach, expect, it } from 'vitest'
import { type KvEventOptions, KvEventPublisher } from '../src/kv-event-publisher.ts'

const zeromq = await loadZeromq()
if (!zeromq.ok) throw new Error(zeromq.error)
const { Dealer, Subscriber } = zeromq.value

const LOCAL = 'tcp://127.0.0.1:*'
const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(options: Partial<KvEventOptions> = {}): Promise<KvEventPublisher> {
  const all: KvEventOptions = { endpoint: LOCAL, replayEndpoint: LOCAL, topic: 'kv@a@m', encoding: 'array', hashes: 'int', ...options }
  const publisher = await KvEventPublisher.open(all, new VirtualClock(1500))
  if (!publisher.ok) throw new Error(publisher.error)
  cleanups.push(() => publisher.value.close())
  return publisher.value
}

function keep<T extends { close(): void }>(one: T): T {
  cleanups.push(() => one.close())
  return one
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const eight = (sequence: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(sequence))
  return bytes
}

/** One batch: a block removed, named by its number. */
async function publish(publisher: KvEventPublisher, hash: number): Promise<void> {
  publisher.removed([hash])
  await turn()
}

async function follow(publisher: KvEventPublisher, replay: boolean): Promise<AsyncGenerator<KvEventNotice, void>> {
  const { endpoint, replayEndpoint } = publisher.state
  const subscriber = await KvEventSubscriber.open({ endpoint, ...(replay ? { replayEndpoint: replayEndpoint ?? '' } : {}) })
  if (!subscriber.ok) throw new Error(subscriber.error)
  keep(subscriber.value)
  return subscriber.value.notices()
}

/** Publishes until the subscriber has a live batch: before, nobody can tell whether its subscription has arrived. Answers the next number. */
async function untilLive(publisher: KvEventPublisher, notices: AsyncGenerator<KvEventNotice, void>): Promise<number> {
  const publishing = setInterval(() => publisher.removed([publisher.state.nextSequence]), 5)
  try {
    for await (const notice of wrap(notices)) if (notice.kind === 'batch' && notice.origin === 'live') break
  } finally {
    clearInterval(publishing)
  }
  await turn()
  await publish(publisher, publisher.state.nextSequence)
  const last = publisher.state.nextSequence - 1
  for await (const notice of wrap(notices)) if (notice.kind === 'batch' && notice.sequence === last) break
  return last + 1
}

/** Leaving a loop over it leaves the notices open. */
function wrap(notices: AsyncGenerator<KvEventNotice, void>): AsyncIterable<KvEventNotice> {
  return { [Symbol.asyncIterator]: () => ({ next: () => notices.next() as Promise<IteratorResult<KvEventNotice>> }) }
}

it('sends topic, number and payload, and replays without the topic, up to the mark of the end', async () => {
  const publisher = await open()
  publisher.stored({ hashes: [7, 2 ** 53 - 1], parent: undefined, tokens: Uint32Array.of(1, 2, 3, 4), blockTokens: 2, adapter: undefined })
  publisher.removed([7])
  await turn()
  const payload = Buffer.from(
    `93cb3ff8000000000000929cab${Buffer.from('BlockStored').toString('hex')}9207cf001fffffffffffffc0940102030402c0a3475055c0c0c0c0c094ac${Buffer.from('BlockRemoved').toString('hex')}9107a3475055c000`,
    'hex',
  )
  const dealer = keep(new Dealer({ linger: 0 }))
  dealer.connect(publisher.state.replayEndpoint ?? '')
  await dealer.send(['', eight(0)])
  expect(await dealer.receive()).toEqual([Buffer.alloc(0), eight(0), payload])
  expect(await dealer.receive()).toEqual([Buffer.alloc(0), Buffer.alloc(8, 0xff), Buffer.alloc(0)])

  const subscriber = keep(new Subscriber({ linger: 0 }))
  subscriber.connect(publisher.state.endpoint)
  subscriber.subscribe('kv@')
  const publishing = setInterval(() => publisher.cleared(), 5)
  const [topic, sequence, cleared] = await subscriber.receive()
  clearInterval(publishing)
  expect([String(topic), sequence?.length]).toEqual(['kv@a@m', 8])
  expect(cleared).toEqual(Buffer.from(`93cb3ff80000000000009191b0${Buffer.from('AllBlocksCleared').toString('hex')}00`, 'hex'))
  expect(Number(sequence?.readBigUInt64BE())).toBeGreaterThan(0)
})

it('makes one batch of what one step tells', async () => {
  const publisher = await open()
  publisher.removed([1])
  publisher.cleared()
  publisher.removed([2])
  expect(publisher.state.nextSequence).toBe(0)
  await turn()
  expect(publisher.state.nextSequence).toBe(1)
})

it('withholds batches on purpose: a gap without replay, none with it', async () => {
  const publisher = await open()
  const alone = await follow(publisher, false)
  const withReplay = await follow(publisher, true)
  await untilLive(publisher, alone)
  const from = await untilLive(publisher, withReplay)
  for await (const notice of wrap(alone)) if (notice.kind === 'batch' && notice.sequence === from - 1) break
  publisher.skip(2)
  for (const hash of [1, 2, 3]) await publish(publisher, hash)
  expect(publisher.state).toMatchObject({ batchesSkipped: 2, batchesToSkip: 0, nextSequence: from + 3 })
  expect((await alone.next()).value).toMatchObject({ kind: 'gap', missing: { from, to: from + 1 } })
  expect((await alone.next()).value).toMatchObject({ kind: 'batch', sequence: from + 2 })
  for (const [index, hash] of [1n, 2n, 3n].entries()) {
    const { value } = await withReplay.next()
    expect(value).toMatchObject({ kind: 'batch', origin: 'replay', sequence: from + index, batch: { events: [{ hashes: [hash] }] } })
  }
})

it('replays what its buffer still holds, in number and in bytes', async () => {
  const few = await open({ bufferSteps: 3 })
  const small = await open({ bufferBytesMax: 200 })
  for (let hash = 0; hash < 10; hash++) {
    await publish(few, hash)
    await publish(small, hash)
  }
  expect(few.state.oldestSequence).toBe(7)
  expect(small.state.bufferedBytes).toBeLessThanOrEqual(200)
  expect(small.state.oldestSequence).toBeGreaterThan(0)
  const dealer = keep(new Dealer({ linger: 0 }))
  dealer.connect(few.state.replayEndpoint ?? '')
  await dealer.send(['', eight(0)])
  for (const sequence of [7, 8, 9]) expect((await dealer.receive())[1]).toEqual(eight(sequence))
  expect((await dealer.receive())[1]).toEqual(Buffer.alloc(8, 0xff))
})

it('replays more than a socket holds to a client that reads late', async () => {
  const publisher = await open()
  for (let hash = 0; hash < 9000; hash++) {
    publisher.removed(Array.from({ length: 100 }, (_, index) => hash * 100 + index))
    await Promise.resolve()
  }
  await turn()
  const dealer = keep(new Dealer({ linger: 0, receiveHighWaterMark: 1 }))
  dealer.connect(publisher.state.replayEndpoint ?? '')
  await dealer.send(['', eight(0)])
  let expected = 0
  for await (const [, sequence] of dealer) {
    if (sequence?.equals(Buffer.alloc(8, 0xff)) === true) break
    expect(sequence).toEqual(eight(expected++))
  }
  expect(expected).toBe(9000)
})

it('closes in the middle of a replay whose client does not read', async () => {
  const publisher = await open()
  for (let batch = 0; batch < 3000; batch++) {
    publisher.removed(Array.from({ length: 1000 }, (_, index) => 2 ** 40 + index))
    await Promise.resolve()
  }
  const dealer = keep(new Dealer({ linger: 0, receiveHighWaterMark: 1 }))
  dealer.connect(publisher.state.replayEndpoint ?? '')
  await dealer.send(['', eight(0)])
  // It has begun, and cannot end.
  expect((await dealer.receive())[1]).toEqual(eight(0))
  const { endpoint, replayEndpoint } = publisher.state
  await publisher.close()
  const again = await open({ endpoint, bind: true, replayEndpoint: replayEndpoint ?? '' })
  expect(again.state).toMatchObject({ endpoint, replayEndpoint, replaysServed: 0 })
})

it('counts requests for a replay that are none, and goes on', async () => {
  const publisher = await open()
  await publish(publisher, 1)
  const dealer = keep(new Dealer({ linger: 0 }))
  dealer.connect(publisher.state.replayEndpoint ?? '')
  await dealer.send(['what', 'is', 'this'])
  await dealer.send(['', 'short'])
  await dealer.send(['', eight(99)])
  expect((await dealer.receive())[1]).toEqual(Buffer.alloc(8, 0xff))
  while (publisher.state.replaysServed === 0) await turn()
  expect(publisher.state).toMatchObject({ replaysFailed: 2, replaysServed: 1 })
})

it('keeps no more for a subscriber that does not read than its high-water mark', async () => {
  const publisher = await open({ highWaterMark: 50, bufferBytesMax: 1_000_000 })
  const quick = await follow(publisher, false)
  const slow = keep(new Subscriber({ linger: 0, receiveHighWaterMark: 1 }))
  slow.subscribe('')
  const connected = (async () => {
    for await (const { type } of slow.events) if (type === 'handshake') return
  })()
  slow.connect(publisher.state.endpoint)
  await connected
  await untilLive(publisher, quick)
  const before = process.memoryUsage().rss
  const hashes = Array.from({ length: 10_000 }, (_, index) => 2 ** 40 + index)
  // 135 MB in all, at the pace of the one who reads.
  for (let batch = 0; batch < 1_500; batch++) {
    publisher.removed(hashes)
    await turn()
    for await (const notice of wrap(quick)) if (notice.kind === 'batch' && notice.sequence === publisher.state.nextSequence - 1) break
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(80 * 1024 * 1024)
  expect(publisher.state.batchesDropped).toBe(0)
  // What it had not lost it still gets; the loss shows in the numbers.
  const publishing = setInterval(() => publisher.cleared(), 5)
  let last: number | undefined
  for await (const [, sequence] of slow) {
    const number = Number(sequence?.readBigUInt64BE())
    if (last !== undefined && number > last + 1) break
    last = number
  }
  clearInterval(publishing)
})

it('connects to a subscriber that binds, where the endpoint has no *', async () => {
  const subscriber = await KvEventSubscriber.open({ endpoint: LOCAL })
  if (!subscriber.ok) throw new Error(subscriber.error)
  keep(subscriber.value)
  const publisher = await open({ endpoint: subscriber.value.endpoint })
  const publishing = setInterval(() => publisher.cleared(), 5)
  const { value } = await subscriber.value.notices().next()
  clearInterval(publishing)
  expect(value?.kind).toMatch(/batch|gap/)
})

it('ignores events after it is closed, and closes twice without harm', async () => {
  const publisher = await open()
  await publisher.close()
  await publish(publisher, 1)
  expect(publisher.state.nextSequence).toBe(0)
  await publisher.close()
})
