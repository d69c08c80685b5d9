import { encodeBatch, type KvEvent, liveFrames, replayEnd, replayFrames } from '@signalbox/kv-events'
import { afterEach, describe, expect, it } from 'vitest'
import { Publisher, Router, XPublisher } from 'zeromq'
import { type KvEventNotice, KvEventSubscriber, type KvEventSubscription, loadZeromq, type Zeromq } from '../src/index.ts'

const LOCAL = 'tcp://127.0.0.1:*'
const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

function keep<T extends { close(): void }>(one: T): T {
  opened.push(one)
  return one
}

const removed = (hash: number): KvEvent => ({ type: 'removed', hashes: [BigInt(hash)], medium: 'GPU' })
const payload = (sequence: number) => encodeBatch({ ts: sequence, events: [removed(sequence)], dataParallelRank: 0 }, 'array', 'int')

/** A publisher as the protocol has it: what it sends and keeps is the test's choice. */
class FakeEngine {
  /** Unlike a plain publisher it can tell that a subscription has arrived. */
  readonly publisher = keep(new XPublisher({ linger: 0 }))
  readonly router = keep(new Router({ linger: 0 }))
  /** What a replay finds; undefined: it does not answer. */
  kept: readonly (readonly [sequence: number, payload: Uint8Array])[] | undefined = []
  readonly asked: number[] = []

  static async start(): Promise<FakeEngine> {
    const engine = new FakeEngine()
    await engine.publisher.bind(LOCAL)
    await engine.router.bind(LOCAL)
    void engine.#answer()
    return engine
  }

  get endpoints() {
    return { endpoint: this.publisher.lastEndpoint ?? '', replayEndpoint: this.router.lastEndpoint ?? '' }
  }

  async send(sequence: number, topic = 'kv@a@m'): Promise<void> {
    await this.publisher.send(liveFrames({ topic, sequence, payload: payload(sequence) }))
  }

  async #answer(): Promise<void> {
    for await (const [client, , from] of this.router) {
      const start = Number(from?.readBigUInt64BE())
      this.asked.push(start)
      if (this.kept === undefined || client === undefined) continue
      for (const [sequence, bytes] of this.kept)
        if (sequence >= start) await this.router.send([client, ...replayFrames({ sequence, payload: bytes })])
      await this.router.send([client, ...replayEnd()])
    }
  }
}

/** A subscriber of which the engine knows. */
async function subscribe(engine: FakeEngine, subscription: Partial<KvEventSubscription> = {}): Promise<AsyncGenerator<KvEventNotice, void>> {
  const subscriber = await KvEventSubscriber.open({ endpoint: engine.endpoints.endpoint, ...subscription })
  if (!subscriber.ok) throw new Error(subscriber.error)
  keep(subscriber.value)
  await engine.publisher.receive()
  return subscriber.value.notices()
}

/** One word for a notice. */
function brief(notice: KvEventNotice): string {
  switch (notice.kind) {
    case 'batch':
      return `${notice.origin} ${notice.sequence}`
    case 'gap':
      return `gap ${notice.missing.from}..${notice.missing.to}`
    case 'broken':
      return `broken: ${notice.message}`
    case 'replayed':
      return `replayed to ${notice.next}`
    case 'restart':
      return 'restart'
    default:
      return notice satisfies never
  }
}

async function next(notices: AsyncGenerator<KvEventNotice, void>, count: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < count) {
    const { value } = await notices.next()
    if (value === undefined) break
    found.push(brief(value))
  }
  return found
}

const keptFrom = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => [from + index, payload(from + index)] as const)

describe('KvEventSubscriber', () => {
  it('gives decoded batches with their topic, in order', async () => {
    const engine = await FakeEngine.start()
    const notices = await subscribe(engine)
    await engine.send(0)
    expect((await notices.next()).value).toEqual({
      kind: 'batch',
      origin: 'live',
      topic: 'kv@a@m',
      sequence: 0,
      batch: { ts: 0, events: [removed(0)], dataParallelRank: 0, unknownEvents: 0 },
    })
  })

  it('leaves topics alone that are not asked for', async () => {
    const engine = await FakeEngine.start()
    const notices = await subscribe(engine, { topic: 'kv@b' })
    await engine.send(0, 'kv@a@m')
    await engine.send(0, 'kv@b@m')
    expect((await notices.next()).value).toMatchObject({ topic: 'kv@b@m' })
  })

  it('says what is missing where nobody replays', async () => {
    const engine = await FakeEngine.start()
    const notices = await subscribe(engine)
    for (const sequence of [2, 3, 7]) await engine.send(sequence)
    expect(await next(notices, 5)).toEqual(['gap 0..1', 'live 2', 'live 3', 'gap 4..6', 'live 7'])
  })

  it('has what it missed replayed, and drops what comes twice', async () => {
    const engine = await FakeEngine.start()
    const notices = await subscribe(engine, engine.endpoints)
    engine.kept = keptFrom(0, 4)
    for (const sequence of [2, 3, 4, 5]) await engine.send(sequence)
    expect(await next(notices, 6)).toEqual(['replay 0', 'replay 1', 'replay 2', 'replay 3', 'replay 4', 'live 5'])
    expect(engine.asked).toEqual([0])
  })

  it('says what is missing where the publisher does not keep it any more', async () => {
    const engine = await FakeEngine.start()
    const notices = await subscribe(engine, engine.endpoints)
    engine.kept = keptFrom(3, 4)
    await engine.send(6)
    expect(await next(notices, 5)).toEqual(['gap 0..2', 'replay 3', 'replay 4', 'gap 5..5', 'live 6'])
  })

  it('begins with a replay where it is asked to', async () => {
    const engine = await FakeEngine.start()
    engine.kept = keptFrom(0, 4)
    const notices = await subscribe(engine, { ...engine.endpoints, replayFrom: 3 })
    await engine.send(5)
    expect(await next(notices, 4)).toEqual(['replay 3', 'replay 4', 'replayed to 5', 'live 5'])
  })

  it('sees a publisher that begins anew, and has its beginning replayed', async () => {
    const engine = await FakeEngine.start()
    const notices = await subscribe(engine, engine.endpoints)
    for (const sequence of [0, 1, 2]) await engine.send(sequence)
    expect(await next(notices, 3)).toEqual(['live 0', 'live 1', 'live 2'])
    engine.kept = keptFrom(0, 1)
    await engine.send(1)
    expect(await next(notices, 3)).toEqual(['restart', 'replay 0', 'replay 1'])
  })

  it('goes on after a replay that is not answered', async () => {
    const engine = await FakeEngine.start()
    engine.kept = undefined
    const notices = await subscribe(engine, { ...engine.endpoints, replaySilenceMs: 50 })
    await engine.send(1)
    expect(await next(notices, 3)).toEqual([
      `broken: ${engine.endpoints.replayEndpoint}: no replay within 50 ms; what is missing stays missing`,
      'gap 0..0',
      'live 1',
    ])
  })

  it('passes over what is no message, and counts the number of what is no batch', async () => {
    const engine = await FakeEngine.start()
    const notices = await subscribe(engine)
    await engine.publisher.send(['kv@a@m', 'x'])
    await engine.publisher.send(liveFrames({ topic: 'kv@a@m', sequence: 0, payload: Uint8Array.of(0xc1) }))
    await engine.send(1)
    expect(await next(notices, 3)).toEqual([
      'broken: a message has topic, sequence number and payload; this one has 2 frames',
      'broken: batch 0: the payload is not MessagePack: at byte 0, no value begins with c1',
      'live 1',
    ])
  })

  it('counts each publisher by itself where several connect to it', async () => {
    const subscriber = await KvEventSubscriber.open({ endpoint: LOCAL })
    if (!subscriber.ok) throw new Error(subscriber.error)
    keep(subscriber.value)
    const publisher = keep(new Publisher({ linger: 0 }))
    const connected = (async () => {
      for await (const { type } of publisher.events) if (type === 'handshake') return
    })()
    publisher.connect(subscriber.value.endpoint)
    await connected
    const notices = subscriber.value.notices()
    // The subscription reaches a publisher after the handshake: until it has, nothing is sent.
    let sequence = 0
    const sending = setInterval(() => void publisher.send(liveFrames({ topic: 'kv@a@m', sequence: sequence++, payload: payload(0) })), 5)
    const first = (await notices.next()).value
    clearInterval(sending)
    expect(first?.kind).toMatch(/batch|gap/)
    await publisher.send(liveFrames({ topic: 'kv@b@m', sequence: 0, payload: payload(0) }))
    for await (const notice of notices) {
      if (notice.kind !== 'batch' || notice.topic === 'kv@a@m') continue
      expect(notice).toMatchObject({ topic: 'kv@b@m', sequence: 0 })
      break
    }
  })

  it('ends its notices when it is closed, in a replay too', async () => {
    const engine = await FakeEngine.start()
    engine.kept = undefined
    const subscriber = await KvEventSubscriber.open({ ...engine.endpoints, replayFrom: 0 })
    if (!subscriber.ok) throw new Error(subscriber.error)
    const notices = subscriber.value.notices()
    const first = notices.next()
    while (engine.asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    subscriber.value.close()
    expect(await first).toMatchObject({ value: { kind: 'replayed' } })
    expect(await notices.next()).toEqual({ done: true, value: undefined })
  })

  it.each([
    ['gpu1:5557', 'gpu1:5557: expected an endpoint such as tcp://127.0.0.1:5557'],
    ['tcp://127.0.0.1:70000', 'tcp://127.0.0.1:70000: a port is a whole number up to 65535'],
    ['tcp://192.0.2.1:*', 'tcp://192.0.2.1:*: this is not an address of this machine'],
  ])('refuses %s', async (endpoint, message) => {
    expect(await KvEventSubscriber.open({ endpoint })).toEqual({ ok: false, error: message })
  })

  it('refuses a replay that nobody could answer', async () => {
    expect(await KvEventSubscriber.open({ endpoint: 'tcp://127.0.0.1:9', replayFrom: 0 })).toEqual({
      ok: false,
      error: 'a replay needs the endpoint that answers it',
    })
  })
})

it('tells of connections that come about and are lost', async () => {
  const engine = await FakeEngine.start()
  const states: string[] = []
  let told = (): void => {}
  const change = () =>
    new Promise<void>((resolve) => {
      told = resolve
    })
  const connected = change()
  await subscribe(engine, {
    onConnection: (state) => {
      states.push(state)
      told()
    },
  })
  await connected
  const disconnected = change()
  engine.publisher.close()
  await disconnected
  expect(states).toEqual(['connected', 'disconnected'])
})

it('says that a platform has no ZeroMQ', async () => {
  const load = (): Promise<Zeromq> => Promise.reject(new Error('No compatible zeromq.js addon found\nmore'))
  expect(await loadZeromq(load)).toEqual({
    ok: false,
    error: `KV-cache events need the zeromq package, which has no binary for this platform (${process.platform} ${process.arch}): No compatible zeromq.js addon found`,
  })
})
