import { assert } from '@signalbox/base'
import { AdapterSlots } from './adapter-slots.ts'
import type { KvCache } from './kv-cache.ts'
import type { EngineObserver } from './ports.ts'
import { byPriority, type Sequence } from './sequence.ts'
import { SequenceQueue } from './sequence-queue.ts'
import type { EngineOptions } from './types.ts'

/**
 * Chooses what each step computes: vLLM V1's scheduler.
 *
 *     waiting --admit--> running        a step: the running in order, then who is admitted, within one budget of tokens
 *        |                 ^
 *        +--> transfers ---+            blocks taken, their content on its way from another engine
 *
 * 1. Every running sequence gets what it still lacks: one token, or as much of its prompt as budget and
 *    `longPrefillTokensMax` leave. Where blocks are short somebody gives all of theirs up and goes back to waiting: the last
 *    admitted, or the last by priority.
 * 2. If nobody had to, who waits is admitted in order, until sequences, budget or blocks run out. Whoever finds no blocks holds
 *    up all behind; whoever lacks an adapter, or waits for a transfer, does not.
 *
 * SOURCE: `reference/vllm.md` §5.1. Ended transfers come before everybody who waits, as in vLLM first come, first served; with
 * priorities vLLM takes them in their order, where they can hold the blocks for which the first one waits for ever.
 */
export class StepScheduler {
  /** In order of admission. */
  readonly running: Sequence[] = []
  /** What the step computes, in order; the same array for each step. */
  readonly step: Sequence[] = []
  readonly adapters: AdapterSlots
  readonly #options: EngineOptions
  readonly #cache: KvCache
  readonly #observer: EngineObserver | undefined
  readonly #waiting: SequenceQueue
  /** In order of their start. */
  readonly #transfers: Sequence[] = []
  readonly #prefillTokensMax: number
  readonly #chunked: boolean
  /** Waiting ones that lack an adapter. */
  #deferred = 0
  /** Tokens that the step may still compute. */
  #budget = 0
  #nowMs = 0

  constructor(options: EngineOptions, cache: KvCache, observer: EngineObserver | undefined) {
    this.#options = options
    this.#cache = cache
    this.#observer = observer
    this.#waiting = new SequenceQueue(options.scheduling ?? 'fcfs')
    this.#prefillTokensMax = options.longPrefillTokensMax ?? options.batchTokensMax
    this.#chunked = options.chunkedPrefill ?? true
    this.adapters = new AdapterSlots(options.adapterSlots ?? 1, options.adapterLoadMs ?? 0)
  }

  get waiting(): number {
    return this.#waiting.size + this.#transfers.length
  }

  get waitingDeferred(): number {
    return this.#deferred + this.#transfers.length
  }

  /** Requests whose keys and values are on their way or have just come. */
  get transferring(): number {
    return this.#transfers.length
  }

  /** Everybody who waits: transfers first, then in order. */
  *waitingSequences(): IterableIterator<Sequence> {
    yield* this.#transfers
    for (let sequence = this.#waiting.first; sequence !== undefined; sequence = sequence.after) yield sequence
  }

  add(sequence: Sequence): void {
    this.#waiting.arrive(sequence)
  }

  /** Takes a sequence out wherever it is; its blocks stay with it. */
  remove(sequence: Sequence): void {
    if (sequence.state === 'waiting') {
      this.#settle(sequence)
      this.#waiting.remove(sequence)
    } else if (sequence.state === 'transferring') this.#transfers.splice(this.#transfers.indexOf(sequence), 1)
    else {
      this.running.splice(this.running.indexOf(sequence), 1)
      this.left(sequence)
    }
  }

  /** Tells that a running sequence is none any more. */
  left({ request: { adapter } }: Sequence): void {
    if (adapter !== undefined) this.adapters.end(adapter)
  }

  /** Fills `step`; it stays empty when nothing can be computed now. */
  schedule(nowMs: number): void {
    this.#nowMs = nowMs
    for (const sequence of this.#transfers) if (sequence.transferEndsMs <= nowMs && sequence.remoteTokens > 0) this.#arrive(sequence)
    let again = true
    while (again) {
      this.step.length = 0
      this.#budget = this.#options.batchTokensMax
      const preempted = this.#scheduleRunning()
      const blocked = !preempted && !this.#admit()
      // A step of nothing is none: where somebody has just given blocks up, the next is tried at once.
      again = this.step.length === 0 && (preempted || (blocked && this.#giveUpTransfer()))
    }
  }

  /** When a load or a transfer ends, later than the last step's start; Infinity: none is under way. */
  nextReadyMs(): number {
    let next = this.#deferred > 0 || this.#transfers.length > 0 ? this.adapters.nextReadyMs(this.#nowMs) : Number.POSITIVE_INFINITY
    for (const { transferEndsMs } of this.#transfers) if (transferEndsMs > this.#nowMs) next = Math.min(next, transferEndsMs)
    return next
  }

  /** Answers whether somebody had to give blocks up. */
  #scheduleRunning(): boolean {
    let preempted = false
    for (let index = 0; index < this.running.length && this.#budget > 0; index++) {
      const sequence = this.running[index] as Sequence
      const tokens = Math.min(sequence.totalTokens - sequence.computedTokens, this.#prefillTokensMax, this.#budget)
      while (!this.#cache.extend(sequence, sequence.computedTokens + tokens)) {
        preempted = true
        const [victim, at] = this.#preempt()
        if (victim === sequence) return true
        if (at < index) index -= 1
      }
      this.#take(sequence, tokens)
    }
    return preempted
  }

  /** Takes everything from the last one of the running; answers who it was and at which place. */
  #preempt(): readonly [victim: Sequence, at: number] {
    const { running } = this
    let at = running.length - 1
    if (this.#options.scheduling === 'priority') {
      for (let index = 0; index < at; index++) if (byPriority(running[index] as Sequence, running[at] as Sequence) > 0) at = index
    }
    const victim = running[at] as Sequence
    running.splice(at, 1)
    if (victim.scheduledTokens > 0) this.#untake(victim)
    this.left(victim)
    this.#backToWaiting(victim)
    return [victim, at]
  }

  #backToWaiting(victim: Sequence): void {
    this.#cache.release(victim)
    victim.state = 'waiting'
    victim.preemptions += 1
    this.#waiting.comeBack(victim)
    this.#observer?.preempted()
  }

  /** Answers false where somebody found no room. */
  #admit(): boolean {
    for (let index = 0; index < this.#transfers.length && this.#open; index++) {
      const sequence = this.#transfers[index] as Sequence
      if (sequence.transferEndsMs > this.#nowMs || !this.#hasAdapter(sequence)) continue
      const tokens = this.#roomFor(sequence)
      if (tokens === 0) return false
      this.#transfers.splice(index, 1)
      index -= 1
      this.#run(sequence, tokens)
    }
    let next = this.#waiting.first
    while (next !== undefined && this.#open) {
      const sequence = next
      next = sequence.after
      if (!this.#hasAdapter(sequence)) this.#defer(sequence)
      else if (!this.#admitOne(sequence)) return false
    }
    return true
  }

  get #open(): boolean {
    return this.running.length < this.#options.sequencesMax && this.#budget > 0
  }

  #hasAdapter({ request: { adapter } }: Sequence): boolean {
    return adapter === undefined || this.adapters.ready(adapter, this.#nowMs)
  }

  #admitOne(sequence: Sequence): boolean {
    const cachedTokens = this.#cache.lookUp(sequence)
    if (sequence.remoteTokens > cachedTokens) return this.#beginTransfer(sequence, cachedTokens)
    const tokens = this.#allowed(sequence.totalTokens - cachedTokens)
    if (tokens === 0 || !this.#cache.adopt(sequence, cachedTokens + tokens)) return false
    this.#settle(sequence)
    this.#waiting.remove(sequence)
    if (Number.isNaN(sequence.firstScheduledMs)) sequence.cachedTokens = cachedTokens
    this.#run(sequence, tokens)
    return true
  }

  /** Takes the blocks now and waits for their content; nothing of the budget is used. */
  #beginTransfer(sequence: Sequence, cachedTokens: number): boolean {
    if (!this.#cache.adopt(sequence, sequence.remoteTokens)) return false
    const { setupMs, msPerToken } = this.#options.kvTransfer ?? { setupMs: 0, msPerToken: 0 }
    this.#settle(sequence)
    this.#waiting.remove(sequence)
    sequence.state = 'transferring'
    sequence.cachedTokens = cachedTokens
    sequence.transferredTokens = sequence.remoteTokens - cachedTokens
    sequence.transferMs = setupMs + msPerToken * sequence.transferredTokens
    sequence.transferEndsMs = this.#nowMs + sequence.transferMs
    this.#transfers.push(sequence)
    if (sequence.transferMs > 0) return true
    this.#arrive(sequence)
    const tokens = this.#roomFor(sequence)
    if (tokens === 0) return false
    this.#transfers.pop()
    this.#run(sequence, tokens)
    return true
  }

  /** What has come is findable from now on. */
  #arrive(sequence: Sequence): void {
    this.#cache.publish(sequence, sequence.remoteTokens)
    // The last token is computed again: its position yields the first of the answer.
    sequence.computedTokens = Math.min(sequence.remoteTokens, sequence.promptTokens - 1)
    sequence.remoteTokens = 0
    this.#observer?.transferred?.(sequence.transferredTokens, sequence.transferMs)
  }

  /** Makes room for what an ended transfer left to compute; answers how many tokens of it the step computes, 0: none. */
  #roomFor(sequence: Sequence): number {
    const tokens = this.#allowed(sequence.totalTokens - sequence.computedTokens)
    return this.#cache.extend(sequence, sequence.computedTokens + tokens) ? tokens : 0
  }

  /**
   * Blocks that arrived for requests that cannot go on may be all that the others wait for: once nothing else moves, the last
   * one computes its prompt by itself. vLLM would stand still.
   */
  #giveUpTransfer(): boolean {
    if (this.running.length > 0 || this.nextReadyMs() < Number.POSITIVE_INFINITY) return false
    const victim = this.#transfers.pop()
    if (victim === undefined) return false
    victim.transferredTokens = 0
    this.#backToWaiting(victim)
    return true
  }

  /** How many of the missing tokens a step may compute for one sequence; 0 where they must fit and do not. */
  #allowed(missingTokens: number): number {
    const tokens = Math.min(missingTokens, this.#prefillTokensMax)
    if (tokens <= this.#budget) return tokens
    return this.#chunked ? this.#budget : 0
  }

  #run(sequence: Sequence, tokens: number): void {
    const { adapter } = sequence.request
    if (adapter !== undefined) this.adapters.begin(adapter)
    this.running.push(sequence)
    sequence.state = 'running'
    this.#take(sequence, tokens)
    if (!Number.isNaN(sequence.firstScheduledMs)) return
    sequence.firstScheduledMs = this.#nowMs
    const { promptTokens, cachedTokens, transferredTokens } = sequence
    this.#observer?.admitted({ promptTokens, cachedTokens, transferredTokens }, this.#nowMs - sequence.arrivalMs)
  }

  #take(sequence: Sequence, tokens: number): void {
    assert(tokens > 0, `nothing to compute for ${sequence.request.id}`)
    sequence.scheduledTokens = tokens
    this.#budget -= tokens
    this.step.push(sequence)
    this.#cache.publish(sequence, sequence.computedTokens + tokens)
  }

  #untake(sequence: Sequence): void {
    this.#budget += sequence.scheduledTokens
    sequence.scheduledTokens = 0
    this.step.splice(this.step.indexOf(sequence), 1)
  }

  #defer(sequence: Sequence): void {
    if (!sequence.deferred) this.#deferred += 1
    sequence.deferred = true
  }

  #settle(sequence: Sequence): void {
    if (sequence.deferred) this.#deferred -= 1
    sequence.deferred = false
  }
}
