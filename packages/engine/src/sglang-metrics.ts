import type { CounterCell, GaugeCell, HistogramCell } from '@signalbox/instruments'
import type { Engine } from './engine.ts'
import { EngineCells, observeMs } from './engine-cells.ts'
import type { DialectMetrics, EngineStep, FinishedRequest, Instruments, LookedUpPrompt } from './ports.ts'
import type { EngineOptions } from './types.ts'

/** Decode steps between two reports of the throughput: SGLang's `--decode-log-interval`. */
const REPORT_STEPS = 40

/**
 * Records what an engine's loop does with the meanings of SGLang, where they differ from vLLM's:
 *
 * - tokens of prompt and answer, cached tokens, the request and its latency count when the scheduler reports its end. A
 *   request that is aborted while it waits never gets there: it counts as aborted and nowhere else; one that is aborted while
 *   it runs counts in both places;
 * - the wait in the queue is observed when it is over;
 * - the hit rate is that of the last batch that computed prompts: cached / (cached + computed);
 * - throughput, and how many were retracted, are as of the last report: throughput every 40 decode steps and 0 once idle,
 *   retractions with each batch of prompts too.
 *
 * The gauges of load are live, where SGLang's are as of its last report. SOURCE: `reference/vllm.md` §1.10, SGLang's
 * metrics collector and scheduler metrics.
 */
export class SglangMetrics implements DialectMetrics {
  readonly #instruments: Instruments
  readonly #cells: EngineCells
  readonly #finished: Readonly<Record<FinishedRequest['reason'], CounterCell>>
  readonly #aborted: CounterCell
  readonly #promptTokens: CounterCell
  readonly #cachedTokens: CounterCell
  readonly #generationTokens: CounterCell
  readonly #prefillComputed: CounterCell
  readonly #prefillCached: CounterCell
  readonly #decoded: CounterCell
  readonly #preemptions: CounterCell
  readonly #hitRatio: GaugeCell
  readonly #throughput: GaugeCell
  readonly #retracted: GaugeCell
  readonly #ttft: HistogramCell
  readonly #itl: HistogramCell
  readonly #e2e: HistogramCell
  readonly #queueTime: HistogramCell
  readonly #requestPreemptions: HistogramCell
  readonly #transferTime: HistogramCell | undefined
  readonly #transferSpeed: HistogramCell | undefined
  readonly #kvBytesPerToken: number | undefined
  /** Admitted and not ended. */
  #present = 0
  /** Since the last batch that computed prompts. */
  #hitTokens = 0
  /** Since the last report of them. */
  #retractions = 0
  /** Since the last step. */
  #laterTokens = 0
  /** Since the last report of the throughput, which is when the window began; undefined: idle since. */
  #windowStartMs: number | undefined
  #windowSteps = 0
  #windowTokens = 0

  /** `engine`: SGLang's `dp_rank`, '0' for an engine alone. Every series exists, at 0, from here on. */
  constructor(instruments: Instruments, options: EngineOptions, engine = '0') {
    const cells = new EngineCells(instruments, options.model, engine)
    this.#instruments = instruments
    this.#cells = cells
    const finished = (reason: FinishedRequest['reason']) => cells.counter('engine.requests_finished', reason)
    this.#finished = { stop: finished('stop'), length: finished('length'), abort: finished('abort'), error: finished('error') }
    this.#aborted = cells.counter('engine.requests_aborted')
    this.#promptTokens = cells.counter('engine.prompt_tokens')
    this.#cachedTokens = cells.counter('engine.prompt_tokens_cached')
    this.#generationTokens = cells.counter('engine.generation_tokens')
    this.#prefillComputed = cells.counter('engine.realtime_tokens', 'prefill_compute')
    this.#prefillCached = cells.counter('engine.realtime_tokens', 'prefill_cache')
    this.#decoded = cells.counter('engine.realtime_tokens', 'decode')
    this.#preemptions = cells.counter('engine.preemptions')
    this.#hitRatio = cells.gauge('engine.prefix_hit_ratio')
    this.#throughput = cells.gauge('engine.generation_throughput')
    this.#retracted = cells.gauge('engine.requests_retracted')
    this.#ttft = cells.histogram('engine.ttft')
    this.#itl = cells.histogram('engine.itl')
    this.#e2e = cells.histogram('engine.e2e')
    this.#queueTime = cells.histogram('engine.queue_time')
    this.#requestPreemptions = cells.histogram('engine.request_preemptions')
    const transfers = options.kvTransfer !== undefined
    this.#transferTime = transfers ? cells.histogram('engine.kv_transfer_time') : undefined
    this.#transferSpeed = transfers ? cells.histogram('engine.kv_transfer_speed') : undefined
    this.#kvBytesPerToken = options.kvBytesPerToken
    // SGLang's pages and tokens are those that hold something: the reserved page is not among them.
    const pages = options.blocksTotal - 1
    cells.stateCacheLayout(pages, options)
    cells.gauge('engine.kv_capacity_tokens').set(pages * options.blockTokens)
  }

  watch(engine: Engine): void {
    const running = this.#cells.gauge('engine.requests_running')
    const waiting = this.#cells.gauge('engine.requests_waiting')
    const kvUsage = this.#cells.gauge('engine.kv_usage')
    const usedTokens = this.#cells.gauge('engine.kv_used_tokens')
    const decodingTokens = this.#cells.gauge('engine.decode_sequence_tokens')
    const { adapterSlots, kvTransfer } = engine.options
    const slotsUsed = adapterSlots === undefined ? undefined : this.#cells.gauge('engine.lora_slots_used')
    if (adapterSlots !== undefined) this.#cells.gauge('engine.lora_slots_total').set(adapterSlots)
    const inflight = kvTransfer === undefined ? undefined : this.#cells.gauge('engine.prefill_inflight_queue')
    const transferring = kvTransfer === undefined ? undefined : this.#cells.gauge('engine.decode_transfer_queue')
    this.#instruments.onCollect(() => {
      slotsUsed?.set(engine.adaptersLoaded.length)
      inflight?.set(engine.holding)
      transferring?.set(engine.transferring)
      running.set(engine.running)
      waiting.set(engine.waiting)
      kvUsage.set(engine.kvUsageRatio)
      usedTokens.set(engine.heldBlocks * engine.options.blockTokens)
      decodingTokens.set(engine.decodingTokens)
    })
  }

  /** SGLang has no count of what it refuses. */
  refused(): void {}

  admitted({ cachedTokens }: LookedUpPrompt, queueMs: number): void {
    this.#present += 1
    this.#hitTokens += cachedTokens
    observeMs(this.#queueTime, queueMs)
  }

  firstToken(_prompt: LookedUpPrompt, ttftMs: number): void {
    observeMs(this.#ttft, ttftMs)
  }

  laterToken(gapMs: number): void {
    this.#laterTokens += 1
    observeMs(this.#itl, gapMs)
  }

  stepped({ prefillTokens, endMs }: EngineStep): void {
    if (prefillTokens > 0) this.#reportPrefill(prefillTokens)
    if (this.#laterTokens > 0) this.#decodeStepped(endMs)
    this.#laterTokens = 0
    if (this.#present === 0) this.#reportIdle()
  }

  preempted(): void {
    this.#retractions += 1
    this.#preemptions.inc()
  }

  /** SGLang has no count of them. */
  kvExpired(): void {}

  transferred(tokens: number, transferMs: number): void {
    if (this.#transferTime === undefined) return
    observeMs(this.#transferTime, transferMs)
    if (this.#kvBytesPerToken !== undefined && transferMs > 0) this.#transferSpeed?.observe((tokens * this.#kvBytesPerToken * 1000) / transferMs)
  }

  finished(request: FinishedRequest): void {
    if (request.reason === 'abort') this.#aborted.inc()
    if (Number.isNaN(request.firstScheduledMs)) return
    this.#present -= 1
    this.#finished[request.reason].inc()
    this.#promptTokens.inc(request.promptTokens)
    this.#cachedTokens.inc(request.cachedTokens)
    this.#generationTokens.inc(request.outputTokens)
    this.#requestPreemptions.observe(request.preemptions)
    observeMs(this.#e2e, request.endMs - request.arrivalMs)
    if (this.#present === 0) this.#reportIdle()
  }

  #reportPrefill(computedTokens: number): void {
    this.#prefillComputed.inc(computedTokens)
    this.#prefillCached.inc(this.#hitTokens)
    this.#hitRatio.set(this.#hitTokens / (this.#hitTokens + computedTokens))
    this.#hitTokens = 0
    this.#reportRetractions()
  }

  #decodeStepped(endMs: number): void {
    this.#decoded.inc(this.#laterTokens)
    if (this.#windowStartMs === undefined) {
      this.#beginWindow(endMs)
      return
    }
    this.#windowSteps += 1
    this.#windowTokens += this.#laterTokens
    if (this.#windowSteps < REPORT_STEPS) return
    this.#throughput.set((this.#windowTokens * 1000) / (endMs - this.#windowStartMs))
    this.#reportRetractions()
    this.#beginWindow(endMs)
  }

  #reportIdle(): void {
    this.#windowStartMs = undefined
    this.#throughput.set(0)
  }

  #beginWindow(startMs: number): void {
    this.#windowStartMs = startMs
    this.#windowSteps = 0
    this.#windowTokens = 0
  }

  #reportRetractions(): void {
    this.#retracted.set(this.#retractions)
    this.#retractions = 0
  }
}
