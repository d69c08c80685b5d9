import { assert, failure, ok, type Random, type Result } from '@signalbox/base'
import { KvCache } from './kv-cache.ts'
import type { EngineObserver, KvEventSink, LookedUpPrompt } from './ports.ts'
import { Sequence, SequenceQueue } from './sequence.ts'
import type { StepLoad } from './step-models.ts'
import type { EngineEvent, EngineOptions, EngineRequest, SleepState, SubmitError } from './types.ts'

const WAITING_MAX = 1024

/**
 * A model server without a model: vLLM V1's scheduler and block manager, step by step, in the caller's time.
 *
 *     submit -> waiting --admit--> running --last token--> ended
 *                  ^                  |
 *                  +----preempt-------+        (to the front; all is computed again)
 *
 * The caller alternates `beginStep` (chooses what is computed, answers how long that takes) and `endStep` (that much
 * later: the tokens). Requests may come and go in between. All times are the caller's milliseconds and never decrease.
 *
 * Invariants: free + held blocks are constant; each submitted request ends in exactly one `finish` event;
 * while any request is present, a step computes at least one token. SOURCE: `reference/vllm.md` §5.1.
 */
export class Engine {
  readonly options: EngineOptions
  /** Longest prompt plus output, which one request alone can always hold. */
  readonly contextTokensMax: number
  readonly #cache: KvCache
  readonly #observer: EngineObserver | undefined
  readonly #kvEvents: KvEventSink | undefined
  readonly #sequences = new Map<string, Sequence>()
  readonly #waiting = new SequenceQueue()
  /** In order of admission: the last one is preempted first. */
  #running: Sequence[] = []
  /** What the current step computes; undefined between steps. */
  #step: readonly Sequence[] | undefined
  #sleep: SleepState = 'awake'

  constructor(options: EngineOptions, _random: Random, observer?: EngineObserver, kvEvents?: KvEventSink) {
    for (const key of ['blockTokens', 'sequencesMax', 'batchTokensMax', 'contextTokensMax'] as const) {
      assert(Number.isInteger(options[key]) && options[key] > 0, `${key} ${options[key]}`)
    }
    this.options = options
    this.#cache = new KvCache(options)
    // vLLM refuses to start when the context does not fit the cache; capping it keeps the same promise.
    this.contextTokensMax = Math.min(options.contextTokensMax, this.#cache.capacityTokens)
    this.#observer = observer
    this.#kvEvents = kvEvents
  }

  get running(): number {
    return this.#running.length
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Of `waiting`, those that wait for something else than room: an adapter, or keys and values on their way. */
  get waitingDeferred(): number {
    return 0
  }

  /** Adapters of the requests that run, each once. */
  get adaptersRunning(): readonly string[] {
    return [...new Set(this.#running.flatMap(({ request: { adapter } }) => (adapter === undefined ? [] : [adapter])))]
  }

  /** Adapters of the requests that wait, each once. */
  get adaptersWaiting(): readonly string[] {
    return []
  }

  get sleepState(): SleepState {
    return this.#sleep
  }

  /** 0..1: blocks held by requests; cached blocks that nobody holds count as free. */
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
    for (const sequence of this.#running) if (sequence.decoding) tokens += sequence.totalTokens
    return tokens
  }

  /** Queues a request. Its id must not be in the engine; prompt and output have at least one token. */
  submit(request: EngineRequest, nowMs: number): Result<void, SubmitError> {
    const { id, promptTokens, answerTokens } = request
    assert(!this.#sequences.has(id), `request ${id} is already here`)
    assert(promptTokens.length > 0 && answerTokens.length > 0, `request ${id} has nothing to do`)
    const total = promptTokens.length + answerTokens.length
    if (this.#sleep !== 'awake') return failure({ code: 'asleep', message: 'the engine sleeps; wake it first' })
    if ((request.priority ?? 0) !== 0 && this.options.scheduling !== 'priority') {
      return failure({ code: 'priority-off', message: `priority ${request.priority} needs the engine's scheduling to be by priority` })
    }
    if (total > this.contextTokensMax) {
      return failure({ code: 'too-long', message: `${total} tokens of prompt and output, ${this.contextTokensMax} is the maximum context length` })
    }
    if (this.#waiting.size >= (this.options.waitingMax ?? WAITING_MAX)) {
      this.#observer?.refused()
      return failure({ code: 'queue-full', message: `${this.#waiting.size} requests are waiting already` })
    }
    const sequence = new Sequence(request, nowMs, this.options.blockTokens)
    this.#sequences.set(id, sequence)
    this.#waiting.pushBack(sequence)
    return ok(undefined)
  }

  /** Ends a request at once, in the middle of a step too, and frees its blocks. An unknown id does nothing. */
  abort(id: string, nowMs: number, reason: 'abort' | 'error' = 'abort'): readonly EngineEvent[] {
    const sequence = this.#sequences.get(id)
    if (sequence === undefined) return []
    if (sequence.state === 'waiting') this.#waiting.remove(sequence)
    else this.#running.splice(this.#running.indexOf(sequence), 1)
    return [this.#finish(sequence, reason, nowMs)]
  }

  /** Puts an engine without requests to sleep and forgets its prefix cache; false, nothing changed, while requests are present. */
  sleep(level: 1 | 2, _nowMs: number): boolean {
    if (this.#sequences.size > 0) return false
    this.#sleep = level === 1 ? 'weights_offloaded' : 'discard_all'
    this.resetPrefixCache()
    return true
  }

  wake(_nowMs: number): void {
    this.#sleep = 'awake'
  }

  /** Forgets all cached content; false, nothing changed, while blocks are held. */
  resetPrefixCache(): boolean {
    if (this.heldBlocks > 0) return false
    this.#cache.pool.forgetAll()
    this.#kvEvents?.cleared()
    return true
  }

  /** Gives back the blocks that a request with `holdBlocks` left behind; false where it left none. */
  releaseHeld(_id: string, _nowMs: number): boolean {
    return false
  }

  /** Makes the cache as small as that many usable blocks; undefined: as large as it is. */
  setKvBlocksMax(_blocks: number | undefined): void {}

  /** When something that is deferred becomes computable although `beginStep` answered undefined; undefined: nothing will by itself. */
  readyAtMs(): number | undefined {
    return undefined
  }

  /** How much of a prompt an admission would find in the prefix cache now, in tokens. Changes nothing. */
  lookup(promptTokens: Uint32Array, cacheSeed: string): number {
    return this.#cache.cachedTokens(promptTokens, cacheSeed)
  }

  /** Starts a step and answers its duration in milliseconds (> 0 for a sane model), or undefined when there is nothing to do. */
  beginStep(nowMs: number): number | undefined {
    assert(this.#step === undefined, 'a step is under way')
    if (this.#sequences.size === 0) return undefined
    const step: Sequence[] = []
    const budget = { tokens: this.options.batchTokensMax }
    const preempted = this.#scheduleRunning(step, budget)
    if (!preempted) this.#admitWaiting(step, budget, nowMs)
    assert(step.length > 0, 'requests are present and none can be computed')
    this.#step = step
    return this.options.stepModel.durationMs(loadOf(step, this.kvUsageRatio))
  }

  /** Ends the step: one token for each sequence that is computed up to its last token, and who ended by it, in batch order. */
  endStep(nowMs: number): readonly EngineEvent[] {
    const step = this.#step
    assert(step !== undefined, 'no step is under way')
    this.#step = undefined
    const events: EngineEvent[] = []
    let prefillTokens = 0
    let generatedTokens = 0
    for (const sequence of step) {
      if (sequence.state === 'ended') continue
      if (!sequence.decoding) prefillTokens += sequence.scheduledTokens
      sequence.computedTokens += sequence.scheduledTokens
      sequence.scheduledTokens = 0
      if (sequence.computedTokens < sequence.totalTokens) continue
      generatedTokens += 1
      events.push(this.#sample(sequence, nowMs))
      if (sequence.outputs.length === sequence.request.answerTokens.length) events.push(this.#finish(sequence, sequence.request.finishReason, nowMs))
    }
    this.#running = this.#running.filter((sequence) => sequence.state === 'running')
    this.#observer?.stepped({ prefillTokens, generatedTokens, endMs: nowMs })
    return events
  }

  /** Running sequences come first, oldest first; answers whether one had to give its blocks up. */
  #scheduleRunning(step: Sequence[], budget: { tokens: number }): boolean {
    let preempted = false
    for (let index = 0; index < this.#running.length && budget.tokens > 0; index++) {
      const sequence = this.#running[index] as Sequence
      const tokens = Math.min(sequence.totalTokens - sequence.computedTokens, budget.tokens)
      while (sequence.state === 'running' && !this.#cache.extend(sequence, sequence.computedTokens + tokens)) {
        preempted = true
        this.#preemptLast()
      }
      if (sequence.state !== 'running') break
      schedule(sequence, tokens, step, budget)
    }
    return preempted
  }

  /** First come, first served: the first that finds no room holds up the rest. */
  #admitWaiting(step: Sequence[], budget: { tokens: number }, nowMs: number): void {
    while (this.#running.length < this.options.sequencesMax && budget.tokens > 0) {
      const sequence = this.#waiting.first
      if (sequence === undefined) return
      const tokens = this.#cache.admit(sequence, budget.tokens)
      if (tokens === 0) return
      this.#waiting.remove(sequence)
      this.#running.push(sequence)
      sequence.state = 'running'
      if (Number.isNaN(sequence.firstScheduledMs)) {
        sequence.firstScheduledMs = nowMs
        sequence.cachedTokens = sequence.computedTokens
        this.#observer?.admitted(lookedUp(sequence), nowMs - sequence.arrivalMs)
      }
      schedule(sequence, tokens, step, budget)
    }
  }

  #preemptLast(): void {
    const victim = this.#running.pop()
    assert(victim !== undefined && victim.scheduledTokens === 0, 'preempted a sequence that the step computes')
    this.#cache.release(victim)
    victim.state = 'waiting'
    victim.preemptions += 1
    this.#waiting.pushFront(victim)
    this.#observer?.preempted()
  }

  #sample(sequence: Sequence, nowMs: number): EngineEvent {
    const index = sequence.outputs.length
    const token = sequence.request.answerTokens[index] as number
    sequence.outputs.push(token)
    if (index === 0) {
      sequence.firstTokenMs = nowMs
      this.#observer?.firstToken(lookedUp(sequence), nowMs - sequence.arrivalMs)
    } else this.#observer?.laterToken(nowMs - sequence.lastTokenMs)
    sequence.lastTokenMs = nowMs
    return { type: 'token', id: sequence.request.id, index, token }
  }

  #finish(sequence: Sequence, reason: (EngineEvent & { type: 'finish' })['reason'], nowMs: number): EngineEvent {
    assert(sequence.state !== 'ended', `request ${sequence.request.id} ended twice`)
    this.#cache.release(sequence)
    sequence.state = 'ended'
    const { id, outputTokensMax, priority = 0, adapter } = sequence.request
    this.#sequences.delete(id)
    const outputTokens = sequence.outputs.length
    const { arrivalMs, firstScheduledMs, firstTokenMs, lastTokenMs, cachedTokens, preemptions } = sequence
    this.#observer?.finished({
      reason,
      ...lookedUp(sequence),
      outputTokens,
      outputTokensMax,
      priority,
      adapter,
      transferMs: Number.NaN,
      preemptions,
      arrivalMs,
      firstScheduledMs,
      firstTokenMs,
      lastTokenMs,
      endMs: nowMs,
    })
    return { type: 'finish', id, reason, outputTokens, cachedTokens }
  }
}

function schedule(sequence: Sequence, tokens: number, step: Sequence[], budget: { tokens: number }): void {
  sequence.scheduledTokens = tokens
  budget.tokens -= tokens
  step.push(sequence)
}

function lookedUp({ request, cachedTokens }: Sequence): LookedUpPrompt {
  return { promptTokens: request.promptTokens.length, cachedTokens }
}

/** What a step computes. A sequence that recomputes after preemption counts as prefill. */
function loadOf(step: readonly Sequence[], kvUsageRatio: number): StepLoad {
  let [prefillTokens, prefillPairs, decodingSequences, contextTokens] = [0, 0, 0, 0]
  for (const sequence of step) {
    const { scheduledTokens } = sequence
    if (sequence.decoding) {
      decodingSequences += 1
      contextTokens += sequence.totalTokens
    } else {
      prefillTokens += scheduledTokens
      prefillPairs += sequence.computedTokens * scheduledTokens + scheduledTokens ** 2 / 2
    }
  }
  return { prefillTokens, prefillPairs, decodingSequences, contextTokens, kvUsageRatio }
}
