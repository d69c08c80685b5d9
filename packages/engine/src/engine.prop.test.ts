import { seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chainHash, seedHash } from './block-hash.ts'
import { Engine } from './engine.ts'
import type { EngineObserver, EngineStep, FinishedRequest, KvEventSink, LookedUpPrompt, StoredBlocks } from './ports.ts'
import { linearSteps } from './step-models.ts'
import type { EngineEvent, EngineOptions, EngineRequest } from './types.ts'

const BLOCK_TOKENS = 4
const BLOCKS = 24
const FAMILIES = 3
const SEED = 'm'

/** Adds up what the engine tells. */
class Tally implements EngineObserver {
  queries = 0
  hits = 0
  firsts = 0
  laters = 0
  generated = 0
  preemptions = 0
  refusals = 0
  fetched = 0
  readonly expired: string[] = []
  readonly ends: FinishedRequest[] = []
  refused(): void {
    this.refusals += 1
  }
  admitted({ promptTokens, cachedTokens, transferredTokens }: LookedUpPrompt): void {
    this.queries += promptTokens
    this.hits += cachedTokens
    this.fetched += transferredTokens
  }
  firstToken(): void {
    this.firsts += 1
  }
  laterToken(gapMs: number): void {
    expect(gapMs).toBeGreaterThan(0)
    this.laters += 1
  }
  stepped({ generatedTokens, prefillTokens, scheduledTokens }: EngineStep): void {
    this.generated += generatedTokens
    expect(prefillTokens).toBeLessThanOrEqual(scheduledTokens)
  }
  preempted(): void {
    this.preemptions += 1
  }
  finished(request: FinishedRequest): void {
    this.ends.push(request)
  }
  kvExpired(id: string): void {
    this.expired.push(id)
  }
  blockEvicted(lifetimeMs: number, idleMs: number): void {
    expect(lifetimeMs).toBeGreaterThanOrEqual(idleMs)
    expect(idleMs).toBeGreaterThanOrEqual(0)
  }
  blockReused(gapMs: number): void {
    expect(gapMs).toBeGreaterThanOrEqual(0)
  }
}

/** What a reader of the cache events believes to be findable: how many blocks hold each content. */
class Mirror implements KvEventSink {
  readonly #blocks = new Map<number, number>()
  stored({ hashes, parent, tokens, blockTokens }: StoredBlocks): void {
    expect(tokens).toHaveLength(hashes.length * blockTokens)
    let hash = parent ?? seedHash(SEED)
    for (const [index, stored] of hashes.entries()) {
      hash = chainHash(hash, tokens, index * blockTokens, (index + 1) * blockTokens)
      expect(stored).toBe(hash)
      this.#blocks.set(hash, (this.#blocks.get(hash) ?? 0) + 1)
    }
  }
  removed(hashes: readonly number[]): void {
    for (const hash of hashes) {
      const blocks = this.#blocks.get(hash) ?? 0
      expect(blocks).toBeGreaterThan(0)
      if (blocks === 1) this.#blocks.delete(hash)
      else this.#blocks.set(hash, blocks - 1)
    }
  }
  cleared(): void {
    this.#blocks.clear()
  }
  cachedTokens(prompt: Uint32Array): number {
    let hash = seedHash(SEED)
    for (let start = 0; start + BLOCK_TOKENS < prompt.length; start += BLOCK_TOKENS) {
      hash = chainHash(hash, prompt, start, start + BLOCK_TOKENS)
      if (!this.#blocks.has(hash)) return start
    }
    return Math.floor((prompt.length - 1) / BLOCK_TOKENS) * BLOCK_TOKENS
  }
}

const promptOf = (family: number, tokens: number): Uint32Array => Uint32Array.from({ length: tokens }, (_, at) => family * 1000 + at)

const submission = fc.record({
  do: fc.constant('submit' as const),
  family: fc.nat(FAMILIES - 1),
  prompt: fc.integer({ min: 1, max: 50 }),
  output: fc.integer({ min: 1, max: 20 }),
  priority: fc.integer({ min: -2, max: 2 }),
  adapter: fc.option(fc.constantFrom('a', 'b', 'c'), { freq: 2, nil: undefined }),
  remote: fc.option(fc.integer({ min: 1, max: 60 }), { freq: 2, nil: undefined }),
  hold: fc.boolean(),
})

const operation = fc.oneof(
  { weight: 12, arbitrary: submission },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(40) }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant('end' as const), after: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('limit' as const), blocks: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sleep' as const, 'wake' as const, 'reset' as const) }) },
)

const randomOptions = fc.record({
  prefixCaching: fc.boolean(),
  priority: fc.boolean(),
  chunkedPrefill: fc.boolean(),
  longPrefillTokensMax: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  adapterSlots: fc.integer({ min: 1, max: 2 }),
  adapterLoadMs: fc.constantFrom(0, 7),
  stepNoise: fc.constantFrom(0, 0.3),
  kvTransfer: fc.constantFrom({ setupMs: 0, msPerToken: 0 }, { setupMs: 3, msPerToken: 0.5 }),
  kvHoldMs: fc.constantFrom(0, 40, 1000),
})

type Arbitrary<T> = T extends fc.Arbitrary<infer Value> ? Value : never

function optionsOf({ priority, longPrefillTokensMax, ...rest }: Arbitrary<typeof randomOptions>): EngineOptions {
  return {
    model: 'm',
    stepModel: linearSteps({ baseMs: 1, prefillMsPerToken: 0.1, decodeMsPerSequence: 0.1, contextMsPerToken: 0 }),
    blockTokens: BLOCK_TOKENS,
    blocksTotal: BLOCKS + 1,
    sequencesMax: 4,
    batchTokensMax: rest.chunkedPrefill ? 16 : 80,
    contextTokensMax: 80,
    waitingMax: 10,
    scheduling: priority ? 'priority' : 'fcfs',
    ...(longPrefillTokensMax === undefined ? {} : { longPrefillTokensMax }),
    ...rest,
  }
}

/** One engine, all that it said, and what must be true of it whenever one looks. */
class Run {
  readonly tally = new Tally()
  readonly mirror = new Mirror()
  readonly engine: Engine
  readonly asked = new Map<string, EngineRequest>()
  readonly ended = new Map<string, { event: EngineEvent & { type: 'finish' }; request: FinishedRequest }>()
  readonly #options: EngineOptions
  readonly #tokens = new Map<string, number[]>()
  readonly #computed = new Map<string, number>()
  readonly #firstScheduled: string[] = []
  nowMs = 0
  refusals = 0
  stepping = false

  constructor(options: EngineOptions) {
    this.#options = options
    this.engine = new Engine(options, seededRandom(1), this.tally, this.mirror)
  }

  submit(id: string, { family, prompt, output, adapter, remote, hold, priority }: Arbitrary<typeof submission>): void {
    const request: EngineRequest = {
      id,
      promptTokens: promptOf(family, prompt),
      answerTokens: Uint32Array.from({ length: output }, (_, at) => 5000 + this.asked.size * 100 + at),
      finishReason: 'stop',
      cacheSeed: SEED,
      priority: this.#options.scheduling === 'priority' ? priority : 0,
      ...(adapter === undefined ? {} : { adapter }),
      ...(remote === undefined ? {} : { remotePrefill: { tokens: remote } }),
      holdBlocks: hold,
    }
    const asleep = this.engine.sleepState !== 'awake'
    const submitted = this.engine.submit(request, this.nowMs)
    if (asleep) expect(submitted).toMatchObject({ error: { code: 'asleep' } })
    else if (submitted.ok) this.asked.set(id, request)
    else this.refusals += 1
  }

  begin(): boolean {
    const durationMs = this.engine.beginStep(this.nowMs)
    this.stepping = durationMs !== undefined
    if (durationMs !== undefined) expect(durationMs).toBeGreaterThan(0)
    const schedule = this.engine.stepSchedule
    expect(schedule.length > 0).toBe(this.stepping)
    expect(schedule.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(this.#options.batchTokensMax)
    expect(this.engine.running).toBeLessThanOrEqual(this.#options.sequencesMax)
    expect(this.engine.adaptersRunning.length).toBeLessThanOrEqual(this.#options.adapterSlots ?? 1)
    for (const { id, tokens } of schedule) {
      expect(tokens).toBeLessThanOrEqual(this.#options.longPrefillTokensMax ?? Number.POSITIVE_INFINITY)
      this.#computed.set(id, (this.#computed.get(id) ?? 0) + tokens)
    }
    this.#checkOrder(schedule.map(({ id }) => id))
    return this.stepping
  }

  end(): void {
    this.take(this.engine.endStep(this.nowMs))
    this.stepping = false
  }

  take(events: readonly EngineEvent[]): void {
    const finishes = events.filter((event) => event.type === 'finish')
    const told = this.tally.ends.slice(this.tally.ends.length - finishes.length)
    for (const event of events) {
      expect(this.ended.has(event.id)).toBe(false)
      if (event.type === 'token') {
        const tokens = this.#tokens.get(event.id) ?? []
        expect(event.index).toBe(tokens.length)
        this.#tokens.set(event.id, [...tokens, event.token])
      } else this.ended.set(event.id, { event, request: told[finishes.indexOf(event)] as FinishedRequest })
    }
  }

  check(): void {
    const { engine, tally } = this
    expect(engine.freeBlocks + engine.heldBlocks).toBe(BLOCKS)
    expect(engine.running + engine.waiting).toBe(this.asked.size - this.ended.size)
    expect(engine.waitingDeferred).toBeLessThanOrEqual(engine.waiting)
    for (let family = 0; family < FAMILIES; family++) {
      const prompt = promptOf(family, 50)
      expect(engine.lookup(prompt, SEED)).toBe(this.mirror.cachedTokens(prompt))
    }
    expect(tally.firsts + tally.laters).toBe(tally.generated)
  }

  /** Everything that was asked for comes to its end, and everything that was held comes back. */
  drain(): void {
    this.engine.wake(this.nowMs)
    this.engine.setKvBlocksMax(undefined)
    if (this.stepping) this.end()
    let steps = 0
    while (this.engine.running + this.engine.waiting > 0) {
      expect(++steps).toBeLessThan(10_000)
      if (this.begin()) {
        this.nowMs += 1
        this.end()
      } else {
        const readyAtMs = this.engine.readyAtMs() ?? Number.NaN
        expect(readyAtMs).toBeGreaterThan(this.nowMs)
        this.nowMs = readyAtMs
      }
      this.check()
    }
    this.nowMs += this.#options.kvHoldMs ?? 0
    this.engine.beginStep(this.nowMs)
    expect([this.engine.heldBlocks, this.engine.readyAtMs()]).toEqual([0, undefined])
    this.#checkEnds()
  }

  /** Nobody who needs no adapter and no transfer is passed over. */
  #checkOrder(schedule: readonly string[]): void {
    const plain = (id: string) => {
      const request = this.asked.get(id) as EngineRequest
      return request.adapter === undefined && request.remotePrefill === undefined
    }
    const ids = [...this.asked.keys()]
    const place = (id: string) => ((this.asked.get(id)?.priority ?? 0) + 10) * 1e6 + ids.indexOf(id)
    const begun = schedule.filter((id) => !this.#firstScheduled.includes(id))
    this.#firstScheduled.push(...begun)
    const waiting = ids.filter((id) => plain(id) && !this.ended.has(id) && !this.#firstScheduled.includes(id))
    const last = Math.max(...begun.filter(plain).map(place))
    for (const id of waiting) expect(place(id)).toBeGreaterThan(last)
  }

  #checkEnds(): void {
    const { tally, asked, ended } = this
    expect([...ended.keys()].sort()).toEqual([...asked.keys()].sort())
    for (const [id, { event, request }] of ended) {
      const { promptTokens, answerTokens, remotePrefill } = asked.get(id) as EngineRequest
      const tokens = this.#tokens.get(id) ?? []
      expect(tokens).toEqual([...answerTokens.subarray(0, tokens.length)])
      expect([event.outputTokens, request.outputTokens]).toEqual([tokens.length, tokens.length])
      if (event.reason !== 'stop') continue
      expect(tokens).toHaveLength(answerTokens.length)
      if (request.preemptions > 0) continue
      // Without preemption each token was computed once, found, or fetched; the last of a prompt that was fetched whole is computed too.
      const again = request.transferredTokens > 0 && (remotePrefill?.tokens ?? 0) >= promptTokens.length ? 1 : 0
      const known = request.cachedTokens + request.transferredTokens - again
      expect((this.#computed.get(id) ?? 0) + known).toBe(promptTokens.length + answerTokens.length - 1)
    }
    expect(tally.ends.length).toBe(asked.size)
    expect(tally.refusals).toBe(this.refusals)
    expect(tally.ends.reduce((sum, { preemptions }) => sum + preemptions, 0)).toBe(tally.preemptions)
    expect(tally.hits).toBeLessThanOrEqual(tally.queries)
  }
}

it('loses no block, no request and no token, whatever comes in whatever order', () => {
  let [preemptions, transferred, expired] = [0, 0, 0]
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150 }), randomOptions, (operations, random) => {
      const run = new Run(optionsOf(random))
      const { engine } = run
      for (const [index, step] of operations.entries()) {
        run.nowMs += 1
        if (step.do === 'submit') run.submit(`r${index}`, step)
        else if (step.do === 'abort') run.take(engine.abort([...run.asked.keys()][step.which] ?? 'nobody', run.nowMs))
        else if (step.do === 'begin' && !run.stepping) run.begin()
        else if (step.do === 'end' && run.stepping) {
          run.nowMs += step.after
          run.end()
        } else if (step.do === 'release') engine.releaseHeld([...run.ended.keys()][step.which] ?? 'nobody', run.nowMs)
        else if (step.do === 'limit') engine.setKvBlocksMax(step.blocks)
        else if (step.do === 'sleep') expect(engine.sleep(1, run.nowMs)).toBe(engine.running + engine.waiting + engine.heldBlocks === 0)
        else if (step.do === 'wake') engine.wake(run.nowMs)
        else if (step.do === 'reset') expect(engine.resetPrefixCache()).toBe(engine.heldBlocks === 0)
        run.check()
      }
      run.drain()
      preemptions += run.tally.preemptions
      transferred += run.tally.fetched
      expired += run.tally.expired.length
    }),
    { numRuns: 300 },
  )
  expect(Math.min(preemptions, transferred, expired)).toBeGreaterThan(0)
})
