import { assert, failure, ok, type Random, type Result } from '@signalbox/base'
import { BlockResidency, type ResidencyObserver } from './block-residency.ts'
import { HeldBlocks } from './held-blocks.ts'
import { KvCache } from './kv-cache.ts'
import type { EngineObserver, KvEventSink } from './ports.ts'
import { Sequence } from './sequence.ts'
import type { StepLoad } from './step-models.ts'
import { stepNoise } from './step-noise.ts'
import { StepScheduler } from './step-scheduler.ts'
import type { EngineEvent, EngineOptions, EngineRequest, ScheduledSequence, SleepState, SubmitError } from './types.ts'

const WAITING_MAX = 1024
const KV_HOLD_MS = 480_000

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/**
 * A model server without a model: vLLM V1's scheduler and block manager, step by step, in the caller's time.
 *
 *     submit -> waiting --admit--> running --last token--> ended [-> blocks held for another engine]
 *                  ^                  |
 *                  +----preempt-------+        (all is computed again)
 *
 * The caller alternates `beginStep` (chooses what is computed, answers how long that takes) and `endStep` (that much
 * later: the tokens). Requests may come and go in between. All times are the caller's milliseconds and never decrease.
 *
 * Invariants: free + held blocks are constant; each submitted request ends in exactly one `finish` event; while
 * a request is present, a step computes at least one token, unless all that could run waits for an adapter, a transfer,
 * blocks held for another engine, or blocks that `setKvBlocksMax` took away.
 *
 * Measured (engine.bench.ts, Xeon of 2 cores, profile 8b-h100): 85 ns a decoded token among 16 sequences or more and 330 ns alone;
 * 13 ns a token of a new prompt, 3 of them its hash, and 7 of a cached one. An engine of 29,205 blocks takes 1 MB; a
 * step allocates its events and nothing else.
 */
export class Engine {
  readonly options: EngineOptions
  /** Longest prompt plus output, which one request alone can always hold. */
  readonly contextTokensMax: number
  readonly #cache: KvCache
  readonly #scheduler: StepScheduler
  readonly #held: HeldBlocks
  readonly #residency: BlockResidency | undefined
  readonly #observer: EngineObserver | undefined
  readonly #noise: () => number
  readonly #sequences = new Map<string, Sequence>()
  readonly #load: Writable<StepLoad> = { prefillTokens: 0, prefillPairs: 0, decodingSequences: 0, contextTokens: 0, kvUsageRatio: 0 }
  #submitted = 0
  #stepping = false
  #sleep: SleepState = 'awake'

  /** `random` varies step times, with `stepNoise`; nothing else depends on it. Asserts that the options are sound. */
  constructor(options: EngineOptions, random: Random, observer?: EngineObserver, kvEvents?: KvEventSink) {
    this.options = options
    this.#residency = followsBlocks(observer) ? new BlockResidency(observer, options.blocksTotal) : undefined
    this.#cache = new KvCache(options, kvEvents, this.#residency)
    // vLLM refuses to start when the context does not fit the cache; capping it keeps the same promise.
    this.contextTokensMax = Math.min(options.contextTokensMax, this.#cache.capacityTokens)
    checkOptions(options, this.contextTokensMax)
    this.#scheduler = new StepScheduler(options, this.#cache, observer)
    this.#held = new HeldBlocks(options.kvHoldMs ?? KV_HOLD_MS)
    this.#observer = observer
    this.#noise = stepNoise(random, options.stepNoise ?? 0)
  }

  get running(): number {
    return this.#scheduler.running.length
  }

  get waiting(): number {
    return this.#scheduler.waiting
  }

  /** Of `waiting`, those that lack something else than room: an adapter, or keys and values on their way. */
  get waitingDeferred(): number {
    return this.#scheduler.waitingDeferred
  }

  /** Adapters of the requests that run, each once. */
  get adaptersRunning(): readonly string[] {
    return this.#scheduler.adapters.running
  }

  /** Adapters of the requests that wait, each once. */
  get adaptersWaiting(): readonly string[] {
    const adapters = new Set<string>()
    for (const { request } of this.#scheduler.waitingSequences()) if (request.adapter !== undefined) adapters.add(request.adapter)
    return [...adapters]
  }

  /** Adapters that are there or being loaded, the least recently used first. */
  get adaptersLoaded(): readonly string[] {
    return this.#scheduler.adapters.loaded
  }

  /** Of `waitingDeferred`, those whose keys and values are on their way from another engine. */
  get transferring(): number {
    return this.#scheduler.transferring
  }

  /** Requests that have ended here and whose blocks wait for another engine. */
  get holding(): number {
    return this.#held.size
  }

  get sleepState(): SleepState {
    return this.#sleep
  }

  /** 0..1: blocks held, by requests or for other engines, of those that are usable; cached blocks that nobody holds count as free. */
  get kvUsageRatio(): number {
    return this.#cache.pool.usageRatio
  }

  get freeBlocks(): number {
    return this.#cache.pool.freeBlocks
  }

  get heldBlocks(): number {
    return this.#cache.pool.heldBlocks
  }

  /** Sum of the lengths of the sequences that generate. */
  get decodingTokens(): number {
    let tokens = 0
    for (const sequence of this.#scheduler.running) if (sequence.decoding) tokens += sequence.totalTokens
    return tokens
  }

  /** What the step under way computes, in batch order; empty between steps. */
  get stepSchedule(): readonly ScheduledSequence[] {
    if (!this.#stepping) return []
    return this.#scheduler.step.flatMap(({ request: { id }, scheduledTokens, blocks, state }) =>
      state === 'ended' ? [] : [{ id, tokens: scheduledTokens, blocks: blocks.length }],
    )
  }

  /** Queues a request. Its id must not be in the engine; prompt and answer have at least one token. */
  submit(request: EngineRequest, nowMs: number): Result<void, SubmitError> {
    const { id, promptTokens, answerTokens, priority = 0 } = request
    assert(!this.#sequences.has(id) && !this.#held.has(id), `request ${id} is already here`)
    assert(promptTokens.length > 0 && answerTokens.length > 0, `request ${id} has nothing to do`)
    if (this.#sleep !== 'awake') return failure({ code: 'asleep', message: 'the engine sleeps; wake it first' })
    if (priority !== 0 && this.options.scheduling !== 'priority') {
      return failure({ code: 'priority-off', message: `priority ${priority} was asked for, and the engine's scheduling is not by priority` })
    }
    const total = promptTokens.length + answerTokens.length
    if (total > this.contextTokensMax) {
      return failure({ code: 'too-long', message: `${total} tokens of prompt and output, ${this.contextTokensMax} is the maximum context length` })
    }
    if (this.waiting >= (this.options.waitingMax ?? WAITING_MAX)) {
      this.#observer?.refused()
      return failure({ code: 'queue-full', message: `${this.waiting} requests are waiting already` })
    }
    const sequence = new Sequence(request, nowMs, this.#submitted)
    this.#submitted += 1
    this.#sequences.set(id, sequence)
    this.#scheduler.add(sequence)
    return ok(undefined)
  }

  /** Ends a request at once, in the middle of a step too, and frees its blocks. An unknown id does nothing. */
  abort(id: string, nowMs: number, reason: 'abort' | 'error' = 'abort'): readonly EngineEvent[] {
    const sequence = this.#sequences.get(id)
    if (sequence === undefined) return []
    this.#scheduler.remove(sequence)
    return [this.#finish(sequence, reason, nowMs)]
  }

  /**
   * Starts a step and answers its duration in milliseconds, or undefined when nothing can be computed now. Then it is worth
   * asking again after a `submit`, an `abort`, a `releaseHeld`, a `setKvBlocksMax`, and at `readyAtMs`.
   */
  beginStep(nowMs: number): number | undefined {
    assert(!this.#stepping, 'a step is under way')
    this.#expireHeld(nowMs)
    if (this.#sequences.size === 0) return undefined
    if (this.#residency !== undefined) this.#residency.nowMs = nowMs
    this.#scheduler.schedule(nowMs)
    if (this.#scheduler.step.length === 0) return undefined
    this.#stepping = true
    this.#measureLoad()
    const durationMs = this.options.stepModel.durationMs(this.#load) * this.#noise()
    assert(durationMs > 0, `a step of ${durationMs} ms`)
    return durationMs
  }

  /**
   * When to call `beginStep` again although it answered undefined and nothing else happens: a load, a transfer or a hold ends
   * then. Always later than that call; undefined: nothing is due.
   */
  readyAtMs(): number | undefined {
    const next = Math.min(this.#scheduler.nextReadyMs(), this.#held.nextExpiryMs())
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  /** Ends the step: one token for each sequence that is computed up to its last token, and who ended by it, in batch order. */
  endStep(nowMs: number): readonly EngineEvent[] {
    assert(this.#stepping, 'no step is under way')
    this.#stepping = false
    const events: EngineEvent[] = []
    let prefillTokens = 0
    let scheduledTokens = 0
    let generatedTokens = 0
    let ended = 0
    for (const sequence of this.#scheduler.step) {
      scheduledTokens += sequence.scheduledTokens
      if (sequence.state === 'ended') continue
      if (!sequence.decoding) prefillTokens += sequence.scheduledTokens
      sequence.computedTokens += sequence.scheduledTokens
      sequence.scheduledTokens = 0
      if (sequence.computedTokens < sequence.totalTokens) continue
      generatedTokens += 1
      events.push(this.#sample(sequence, nowMs))
      if (sequence.outputTokens < sequence.request.answerTokens.length) continue
      events.push(this.#finish(sequence, sequence.request.finishReason, nowMs))
      this.#scheduler.left(sequence)
      ended += 1
    }
    if (ended > 0) keepRunning(this.#scheduler.running)
    this.#observer?.stepped({ prefillTokens, generatedTokens, scheduledTokens, endMs: nowMs })
    return events
  }

  /**
   * Puts the engine to sleep and forgets its prefix cache; level 2 drops its adapters too. False, and nothing changed, while
   * requests are present or blocks are held for other engines.
   */
  sleep(level: 1 | 2, nowMs: number): boolean {
    this.#expireHeld(nowMs)
    if (this.#sequences.size > 0 || !this.resetPrefixCache()) return false
    if (level === 2) this.#scheduler.adapters.clear()
    this.#sleep = level === 1 ? 'weights_offloaded' : 'discard_all'
    return true
  }

  /** Takes requests again. */
  wake(nowMs: number): void {
    this.#expireHeld(nowMs)
    this.#sleep = 'awake'
  }

  /** Forgets all cached content; false, and nothing changed, while blocks are held. */
  resetPrefixCache(): boolean {
    if (this.heldBlocks > 0) return false
    this.#cache.forgetAll()
    return true
  }

  /** The blocks that a request with `holdBlocks` left and nobody has fetched yet, in token order; undefined where there are none. */
  heldBlocksOf(id: string): readonly number[] | undefined {
    return this.#held.blocksOf(id)
  }

  /** Gives back the blocks that a request with `holdBlocks` left; false where there are none, or none any more. */
  releaseHeld(id: string, nowMs: number): boolean {
    this.#expireHeld(nowMs)
    const blocks = this.#held.take(id)
    if (blocks === undefined) return false
    this.#cache.giveBack(blocks)
    return true
  }

  /**
   * From now on at most so many blocks (>= 1) are handed out, as if there were no others; what is held beyond stays until it is
   * given back. Undefined: all. A request that needs more than that waits until the limit is lifted.
   */
  setKvBlocksMax(blocks: number | undefined): void {
    this.#cache.pool.limitUsable(blocks)
  }

  /** How much of a prompt an admission would find in the prefix cache now, in tokens. Changes nothing. */
  lookup(promptTokens: Uint32Array, cacheSeed: string): number {
    return this.#cache.cachedTokens(promptTokens, cacheSeed)
  }

  /** A sequence that recomputes after preemption counts as prefill. */
  #measureLoad(): void {
    let prefillTokens = 0
    let prefillPairs = 0
    let decodingSequences = 0
    let contextTokens = 0
    for (const sequence of this.#scheduler.step) {
      if (sequence.decoding) {
        decodingSequences += 1
        contextTokens += sequence.totalTokens
      } else {
        const { scheduledTokens } = sequence
        prefillTokens += scheduledTokens
        prefillPairs += (sequence.computedTokens + scheduledTokens / 2) * scheduledTokens
      }
    }
    const load = this.#load
    load.prefillTokens = prefillTokens
    load.prefillPairs = prefillPairs
    load.decodingSequences = decodingSequences
    load.contextTokens = contextTokens
    load.kvUsageRatio = this.kvUsageRatio
  }

  #sample(sequence: Sequence, nowMs: number): EngineEvent {
    const index = sequence.outputTokens
    sequence.outputTokens = index + 1
    if (index === 0) {
      sequence.firstTokenMs = nowMs
      const { promptTokens, cachedTokens, transferredTokens } = sequence
      this.#observer?.firstToken({ promptTokens, cachedTokens, transferredTokens }, nowMs - sequence.arrivalMs)
    } else this.#observer?.laterToken(nowMs - sequence.lastTokenMs)
    sequence.lastTokenMs = nowMs
    return { type: 'token', id: sequence.request.id, index, token: sequence.request.answerTokens[index] as number }
  }

  #finish(sequence: Sequence, reason: (EngineEvent & { type: 'finish' })['reason'], nowMs: number): EngineEvent {
    assert(sequence.state !== 'ended', `request ${sequence.request.id} ended twice`)
    const { id, outputTokensMax, adapter, holdBlocks } = sequence.request
    if (holdBlocks === true && (reason === 'stop' || reason === 'length')) this.#held.hold(id, this.#cache.detach(sequence), nowMs)
    else this.#cache.release(sequence)
    sequence.state = 'ended'
    this.#sequences.delete(id)
    const { promptTokens, cachedTokens, transferredTokens, outputTokens, priority, preemptions, transferMs } = sequence
    const { arrivalMs, firstScheduledMs, firstTokenMs, lastTokenMs } = sequence
    this.#observer?.finished({
      reason,
      promptTokens,
      cachedTokens,
      transferredTokens,
      outputTokens,
      outputTokensMax,
      priority,
      adapter,
      transferMs,
      preemptions,
      arrivalMs,
      firstScheduledMs,
      firstTokenMs,
      lastTokenMs,
      endMs: nowMs,
    })
    return { type: 'finish', id, reason, outputTokens, cachedTokens }
  }

  #expireHeld(nowMs: number): void {
    for (let expired = this.#held.expire(nowMs); expired !== undefined; expired = this.#held.expire(nowMs)) {
      this.#cache.giveBack(expired.blocks)
      this.#observer?.kvExpired(expired.id)
    }
  }
}

function followsBlocks(observer: EngineObserver | undefined): observer is EngineObserver & ResidencyObserver {
  return observer?.blockEvicted !== undefined && observer.blockReused !== undefined
}

/** Takes those that have ended out, in place. */
function keepRunning(sequences: Sequence[]): void {
  let kept = 0
  for (const sequence of sequences) {
    if (sequence.state !== 'running') continue
    sequences[kept] = sequence
    kept += 1
  }
  sequences.length = kept
}

function checkOptions(options: EngineOptions, contextTokensMax: number): void {
  for (const key of ['blockTokens', 'sequencesMax', 'batchTokensMax', 'contextTokensMax', 'longPrefillTokensMax', 'adapterSlots'] as const) {
    const value = options[key]
    assert(value === undefined || (Number.isInteger(value) && value > 0), `${key} ${value}`)
  }
  const { stepNoise: deviation = 0, adapterLoadMs = 0, kvTransfer, kvHoldMs = KV_HOLD_MS, chunkedPrefill = true, batchTokensMax } = options
  for (const value of [deviation, adapterLoadMs, kvTransfer?.setupMs ?? 0, kvTransfer?.msPerToken ?? 0, kvHoldMs]) {
    assert(value >= 0 && value < Number.POSITIVE_INFINITY, `a duration or deviation of ${value}`)
  }
  assert(
    chunkedPrefill || batchTokensMax >= contextTokensMax,
    `without chunked prefill batchTokensMax must be at least the context: ${batchTokensMax} < ${contextTokensMax}`,
  )
}
