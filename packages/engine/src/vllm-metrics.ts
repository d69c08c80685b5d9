import type { CounterCell, GaugeCell, HistogramCell } from '@signalbox/instruments'
import type { Engine } from './engine.ts'
import { EngineCells, observeMs } from './engine-cells.ts'
import type { DialectMetrics, EngineStep, FinishedRequest, Instruments, LookedUpPrompt } from './ports.ts'
import type { EngineOptions } from './types.ts'

/**
 * Records what an engine's loop does with the meanings of vLLM, V0 and V1; which names and labels it has is up to the entries
 * that are rendered. Nothing is invented: a time that a request did not reach is not observed, so an aborted request adds
 * to e2e and token counts and to the phases it went through. A request of one token has a TPOT of 0, as in vLLM.
 * Prefix queries and hits count a request once, at its first admission; vLLM also counts each repeated lookup
 * of a request that finds no room. SOURCE: `reference/vllm.md` §1.2-1.4, §1.7, §2.
 */
export class VllmMetrics implements DialectMetrics {
  readonly #instruments: Instruments
  readonly #cells: EngineCells
  readonly #options: EngineOptions
  readonly #finished: Readonly<Record<FinishedRequest['reason'], CounterCell>>
  readonly #rejected: CounterCell
  readonly #prefixQueries: CounterCell
  readonly #prefixHits: CounterCell
  readonly #prefixHitRatio: GaugeCell
  readonly #promptTokens: CounterCell
  readonly #computedPromptTokens: CounterCell
  readonly #hitPromptTokens: CounterCell
  readonly #cachedPromptTokens: CounterCell
  readonly #generationTokens: CounterCell
  readonly #preemptions: CounterCell
  readonly #ttft: HistogramCell
  readonly #itl: HistogramCell
  readonly #tpot: HistogramCell
  readonly #e2e: HistogramCell
  readonly #queueTime: HistogramCell
  readonly #inferenceTime: HistogramCell
  readonly #prefillTime: HistogramCell
  readonly #decodeTime: HistogramCell
  readonly #requestPromptTokens: HistogramCell
  readonly #requestComputedTokens: HistogramCell
  readonly #requestGenerationTokens: HistogramCell
  readonly #requestGenerationTokensMax: HistogramCell
  readonly #requestPreemptions: HistogramCell
  readonly #paramsMaxTokens: HistogramCell
  readonly #paramsN: HistogramCell
  readonly #iterationTokens: HistogramCell
  /** Full blocks of admitted prompts, and those of them that were cached. */
  #queriedBlocks = 0
  #hitBlocks = 0

  /** `engine`: vLLM's data-parallel index, '0' for an engine alone. Every series exists, at 0, from here on. */
  constructor(instruments: Instruments, options: EngineOptions, engine = '0') {
    const cells = new EngineCells(instruments, options.model, engine)
    this.#instruments = instruments
    this.#cells = cells
    this.#options = options
    const finished = (reason: FinishedRequest['reason']) => cells.counter('engine.requests_finished', reason)
    this.#finished = { stop: finished('stop'), length: finished('length'), abort: finished('abort'), error: finished('error') }
    this.#rejected = cells.counter('engine.requests_rejected', 'max_num_queued_reqs')
    this.#prefixQueries = cells.counter('engine.prefix_queries')
    this.#prefixHits = cells.counter('engine.prefix_hits')
    this.#prefixHitRatio = cells.gauge('engine.prefix_hit_ratio')
    this.#promptTokens = cells.counter('engine.prompt_tokens')
    this.#computedPromptTokens = cells.counter('engine.prompt_tokens_by_source', 'local_compute')
    this.#hitPromptTokens = cells.counter('engine.prompt_tokens_by_source', 'local_cache_hit')
    this.#cachedPromptTokens = cells.counter('engine.prompt_tokens_cached')
    this.#generationTokens = cells.counter('engine.generation_tokens')
    this.#preemptions = cells.counter('engine.preemptions')
    this.#ttft = cells.histogram('engine.ttft')
    this.#itl = cells.histogram('engine.itl')
    this.#tpot = cells.histogram('engine.tpot')
    this.#e2e = cells.histogram('engine.e2e')
    this.#queueTime = cells.histogram('engine.queue_time')
    this.#inferenceTime = cells.histogram('engine.inference_time')
    this.#prefillTime = cells.histogram('engine.prefill_time')
    this.#decodeTime = cells.histogram('engine.decode_time')
    this.#requestPromptTokens = cells.histogram('engine.request_prompt_tokens')
    this.#requestComputedTokens = cells.histogram('engine.request_prefill_computed_tokens')
    this.#requestGenerationTokens = cells.histogram('engine.request_generation_tokens')
    this.#requestGenerationTokensMax = cells.histogram('engine.request_max_generation_tokens')
    this.#requestPreemptions = cells.histogram('engine.request_preemptions')
    this.#paramsMaxTokens = cells.histogram('engine.request_params_max_tokens')
    this.#paramsN = cells.histogram('engine.request_params_n')
    this.#iterationTokens = cells.histogram('engine.iteration_tokens')
    // vLLM's number of blocks includes the null block.
    cells.stateCacheLayout(options.blocksTotal, options)
    cells.gauge('engine.sleep_state', 'awake').set(1)
  }

  watch(engine: Engine): void {
    const running = this.#cells.gauge('engine.requests_running')
    const waiting = this.#cells.gauge('engine.requests_waiting')
    const waitingForCapacity = this.#cells.gauge('engine.requests_waiting_by_reason', 'capacity')
    const kvUsage = this.#cells.gauge('engine.kv_usage')
    this.#instruments.onCollect(() => {
      running.set(engine.running)
      waiting.set(engine.waiting)
      waitingForCapacity.set(engine.waiting)
      kvUsage.set(engine.kvUsageRatio)
      this.#prefixHitRatio.set(this.#hitRatio())
    })
  }

  refused(): void {
    this.#rejected.inc()
  }

  admitted({ promptTokens, cachedTokens }: LookedUpPrompt): void {
    this.#prefixQueries.inc(promptTokens)
    this.#prefixHits.inc(cachedTokens)
    this.#queriedBlocks += Math.floor(promptTokens / this.#options.blockTokens)
    this.#hitBlocks += cachedTokens / this.#options.blockTokens
  }

  firstToken({ promptTokens, cachedTokens }: LookedUpPrompt, ttftMs: number): void {
    this.#promptTokens.inc(promptTokens)
    this.#computedPromptTokens.inc(promptTokens - cachedTokens)
    this.#hitPromptTokens.inc(cachedTokens)
    this.#cachedPromptTokens.inc(cachedTokens)
    observeMs(this.#ttft, ttftMs)
  }

  laterToken(gapMs: number): void {
    observeMs(this.#itl, gapMs)
  }

  stepped({ prefillTokens, generatedTokens }: EngineStep): void {
    this.#generationTokens.inc(generatedTokens)
    this.#iterationTokens.observe(prefillTokens + generatedTokens)
  }

  preempted(): void {
    this.#preemptions.inc()
  }

  kvExpired(): void {}

  finished(request: FinishedRequest): void {
    const { promptTokens, cachedTokens, outputTokens, outputTokensMax } = request
    this.#finished[request.reason].inc()
    this.#requestPromptTokens.observe(promptTokens)
    this.#requestGenerationTokens.observe(outputTokens)
    // One answer a request: its longest is its only one.
    this.#requestGenerationTokensMax.observe(outputTokens)
    this.#paramsN.observe(1)
    this.#requestPreemptions.observe(request.preemptions)
    if (outputTokensMax !== undefined) this.#paramsMaxTokens.observe(outputTokensMax)
    const { arrivalMs, firstScheduledMs, firstTokenMs, lastTokenMs, endMs } = request
    if (!Number.isNaN(firstScheduledMs)) this.#requestComputedTokens.observe(promptTokens - cachedTokens)
    const decodeMs = lastTokenMs - firstTokenMs
    observeMs(this.#e2e, endMs - arrivalMs)
    observeMs(this.#queueTime, firstScheduledMs - arrivalMs)
    observeMs(this.#prefillTime, firstTokenMs - firstScheduledMs)
    observeMs(this.#decodeTime, decodeMs)
    observeMs(this.#inferenceTime, lastTokenMs - firstScheduledMs)
    observeMs(this.#tpot, outputTokens > 1 ? decodeMs / (outputTokens - 1) : decodeMs)
  }

  /** V0's gauge: of all full blocks looked up since the start, the share that was cached; -1 when nothing is cached at all. */
  #hitRatio(): number {
    if (!this.#options.prefixCaching) return -1
    return this.#queriedBlocks === 0 ? 0 : this.#hitBlocks / this.#queriedBlocks
  }
}
