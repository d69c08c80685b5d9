import { seededRandom } from '@signalbox/base'
import { profiles } from '@signalbox/engine'
import { topicOf } from '@signalbox/kv-events'
import { type KvEventNotice, KvEventSubscriber, systemClock } from '@signalbox/node'
import { afterEach, describe, expect, it } from 'vitest'
import { type KvEventOptions, type ModelServer, startModelServer } from '../src/index.ts'
import { EventMirror } from './event-mirror.ts'

const BLOCK = 16
const demo = profiles.get('demo')!.options
/** So few blocks that conversations push each other out. */
const engine = { ...demo, blockTokens: BLOCK, blocksTotal: 120, contextTokensMax: 1600 }
const events: KvEventOptions = {
  endpoint: 'tcp://127.0.0.1:*',
  replayEndpoint: 'tcp://127.0.0.1:*',
  topic: topicOf({ pod: '127.0.0.1', model: engine.model }),
  encoding: 'array',
  hashes: 'int',
}

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(options: Partial<KvEventOptions> = {}): Promise<ModelServer> {
  const server = await startModelServer({
    host: '127.0.0.1',
    port: 0,
    name: 'engine-1',
    engine,
    clock: systemClock,
    speed: 1000,
    events: { ...events, ...options },
  })
  cleanups.push(() => server.close(0))
  return server
}

/** Follows all that a server has told and tells. */
class Follower {
  readonly mirror = new EventMirror()
  readonly #server: ModelServer
  readonly #notices: AsyncGenerator<KvEventNotice, void>
  /** The notice that is being waited for. */
  #coming: Promise<IteratorResult<KvEventNotice, void>> | undefined

  private constructor(server: ModelServer, notices: AsyncGenerator<KvEventNotice, void>) {
    this.#server = server
    this.#notices = notices
  }

  static async of(server: ModelServer, replayFrom?: number): Promise<Follower> {
    const { endpoint, replayEndpoint } = server.events!
    const replay = { ...(replayEndpoint === null ? {} : { replayEndpoint }), ...(replayFrom === undefined ? {} : { replayFrom }) }
    const subscriber = await KvEventSubscriber.open({ endpoint, ...replay })
    if (!subscriber.ok) throw new Error(subscriber.error)
    cleanups.push(() => subscriber.value.close())
    return new Follower(server, subscriber.value.notices())
  }

  /** The next notice, applied; undefined where none came for `patienceMs`. */
  async take(patienceMs: number): Promise<KvEventNotice | undefined> {
    this.#coming ??= this.#notices.next()
    const came = await Promise.race([this.#coming, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), patienceMs))])
    if (came === undefined) return undefined
    this.#coming = undefined
    if (came.value === undefined) throw new Error('the subscriber ended')
    this.mirror.apply(came.value)
    return came.value
  }

  /**
   * Takes all that the server has told. A subscription arrives at its publisher in the background, and what was told before shows as
   * missing with the next batch only: where nothing comes, the server is given something to tell.
   */
  async catchUp(): Promise<void> {
    while (this.mirror.next < this.#server.events!.nextSequence) {
      if ((await this.take(200)) === undefined) await complete(this.#server, take(prompts(this.mirror.seen.length), 1)[0] ?? [])
    }
  }
}

async function complete(server: ModelServer, prompt: readonly number[], outputTokens = 40): Promise<{ promptTokens: number; cachedTokens: number }> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt, max_tokens: outputTokens, ignore_eos: true }),
  })
  const { usage } = (await answer.json()) as { usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } } }
  return { promptTokens: usage.prompt_tokens, cachedTokens: usage.prompt_tokens_details.cached_tokens }
}

/** Prompts that begin like earlier ones, for a while. */
function* prompts(seed: number): Generator<number[]> {
  const random = seededRandom(seed)
  const below = (most: number) => Math.floor(random.next() * most)
  const earlier: number[][] = []
  for (;;) {
    const base = earlier[below(earlier.length + 1)] ?? []
    const prompt = [...base.slice(0, below(base.length + 1)), ...Array.from({ length: 10 + below(150) }, () => below(50_000))].slice(0, 600)
    earlier.push(prompt)
    yield prompt
  }
}

function take<T>(source: Generator<T>, count: number): T[] {
  return Array.from({ length: count }, () => source.next().value as T)
}

/** The server's own account of its events, as anybody can ask for it. */
async function eventState(server: ModelServer): Promise<Record<string, unknown>> {
  return (await (await fetch(`http://127.0.0.1:${server.port}/simulator/events`)).json()) as Record<string, unknown>
}

describe('a mirror of the events', () => {
  it.each([
    { encoding: 'array', hashes: 'int' },
    { encoding: 'map', hashes: 'bytes' },
  ] as const)('knows what each request will find cached ($encoding, $hashes)', async (form) => {
    const server = await start(form)
    const follower = await Follower.of(server)
    let hits = 0
    let evictions = 0
    for (const prompt of take(prompts(1), 150)) {
      await follower.catchUp()
      const before = follower.mirror.findable
      const predicted = follower.mirror.cachedTokens(prompt, BLOCK)
      expect((await complete(server, prompt)).cachedTokens).toBe(predicted)
      if (predicted > 0) hits += 1
      await follower.catchUp()
      if (follower.mirror.findable < before + Math.floor((prompt.length - predicted) / BLOCK)) evictions += 1
    }
    expect(hits).toBeGreaterThan(20)
    expect(evictions).toBeGreaterThan(20)
    expect(new Set(follower.mirror.seen)).not.toContain('gap')
  })

  it('knows it after requests that computed the same side by side', async () => {
    const server = await start()
    const follower = await Follower.of(server)
    const source = prompts(2)
    for (let round = 0; round < 10; round++) {
      const several = take(source, 4)
      await Promise.all([...several, ...several].map((prompt) => complete(server, prompt)))
      for (const prompt of several) {
        await follower.catchUp()
        const predicted = follower.mirror.cachedTokens(prompt, BLOCK)
        expect((await complete(server, prompt)).cachedTokens).toBe(predicted)
      }
    }
  })

  it('that begins late has the rest replayed', async () => {
    const server = await start()
    for (const prompt of take(prompts(3), 20)) await complete(server, prompt)
    const follower = await Follower.of(server, 0)
    while ((await follower.take(60_000))?.kind !== 'replayed');
    expect(follower.mirror.next).toBe(server.events?.nextSequence)
    expect(new Set(follower.mirror.seen)).toEqual(new Set(['replay', 'replayed']))
    const [prompt = []] = take(prompts(3), 1)
    const predicted = follower.mirror.cachedTokens(prompt, BLOCK)
    expect((await complete(server, prompt)).cachedTokens).toBe(predicted)
    expect(await eventState(server)).toMatchObject({ replaysServed: 1, replaysFailed: 0, topic: events.topic, oldestSequence: 0 })
  })

  it('that begins late sees that it is incomplete where nobody replays', async () => {
    const { replayEndpoint: _, ...alone } = events
    const server = await startModelServer({ host: '127.0.0.1', port: 0, name: 'e', engine, clock: systemClock, speed: 1000, events: alone })
    cleanups.push(() => server.close(0))
    for (const prompt of take(prompts(4), 5)) await complete(server, prompt)
    const follower = await Follower.of(server)
    await follower.catchUp()
    expect(follower.mirror.seen[0]).toBe('gap')
  })

  it('is told of a server that begins anew', async () => {
    const first = await start()
    const follower = await Follower.of(first)
    for (const prompt of take(prompts(5), 40)) await complete(first, prompt)
    await follower.catchUp()
    const { endpoint, replayEndpoint, nextSequence } = first.events!
    await first.close(0)
    const second = await start({ endpoint, bind: true, replayEndpoint: replayEndpoint ?? '' })
    expect(second.events).toMatchObject({ endpoint, replayEndpoint, nextSequence: 0 })
    // Seen once its connection is there again, while the new numbers are still below the old ones.
    let told: KvEventNotice | undefined
    for (const prompt of prompts(6)) {
      if (told?.kind === 'restart') break
      expect(second.events!.nextSequence).toBeLessThan(nextSequence)
      await complete(second, prompt, 1)
      told = await follower.take(200)
    }
    expect(follower.mirror.findable).toBe(0)
  })
})

describe('a fault', () => {
  const fault = (server: ModelServer, faults: object) =>
    fetch(`http://127.0.0.1:${server.port}/simulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(faults),
    })

  it('makes a gap in the events, which a replay fills', async () => {
    const server = await start()
    const follower = await Follower.of(server)
    const source = prompts(7)
    while (!follower.mirror.seen.includes('live')) {
      await complete(server, take(source, 1)[0] ?? [])
      await follower.catchUp()
    }
    const before = follower.mirror.seen.length
    expect((await fault(server, { eventGap: 2 })).status).toBe(200)
    for (const prompt of take(source, 6)) await complete(server, prompt)
    await follower.catchUp()
    expect(server.events).toMatchObject({ batchesSkipped: 2, batchesToSkip: 0 })
    expect(follower.mirror.seen.slice(before)).toContain('replay')
    expect(follower.mirror.seen.slice(before)).not.toContain('gap')
    const [prompt = []] = take(source, 1)
    const predicted = follower.mirror.cachedTokens(prompt, BLOCK)
    expect((await complete(server, prompt)).cachedTokens).toBe(predicted)
  })

  it('that restarts the engine is seen as a new life, without a lost connection', async () => {
    const server = await start()
    const follower = await Follower.of(server)
    for (const prompt of take(prompts(8), 20)) await complete(server, prompt)
    await follower.catchUp()
    expect((await fault(server, { restartMs: 0 })).status).toBe(200)
    expect(server.events?.nextSequence).toBe(0)
    for (const prompt of take(prompts(8), 3)) await complete(server, prompt)
    while (!follower.mirror.seen.includes('restart')) await follower.take(60_000)
    while (follower.mirror.next < server.events!.nextSequence) await follower.take(60_000)
    const [prompt = []] = take(prompts(8), 1)
    const predicted = follower.mirror.cachedTokens(prompt, BLOCK)
    expect((await complete(server, prompt)).cachedTokens).toBe(predicted)
  })
})

describe('startModelServer', () => {
  it('refuses an endpoint that is taken, and frees what it had opened', async () => {
    const server = await start()
    const taken = server.events!.replayEndpoint!
    await expect(start({ replayEndpoint: taken })).rejects.toThrow(`${taken}: the port is taken by`)
    const free = (await start()).events!.endpoint
    await cleanups.pop()?.()
    await expect(start({ endpoint: free, bind: true, replayEndpoint: taken })).rejects.toThrow('the port is taken')
    expect((await start({ endpoint: free, bind: true })).events?.endpoint).toBe(free)
  })

  it('has nothing to say about events where there are none', async () => {
    const server = await startModelServer({ host: '127.0.0.1', port: 0, name: 'e', engine, clock: systemClock })
    cleanups.push(() => server.close(0))
    expect(server.events).toBeUndefined()
    expect((await fetch(`http://127.0.0.1:${server.port}/simulator/events`)).status).toBe(404)
  })
})
