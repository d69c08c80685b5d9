import type { CounterCell, GaugeCell, HistogramCell } from '@signalbox/instruments'
import { AdapterInfo } from './adapter-info.ts'
import type { Engine } from './engine.ts'
import { EngineCells, observeMs } from './engine-cells.ts'
import type { DialectMetrics, EngineStep, FinishedRequest, Instruments, LookedUpPrompt } from './ports.ts'
import type { EngineOptions, SleepState } from './types.ts'

const SLEEP_STATES = ['awake', 'weights_offloaded', 'discard_all'] as const satisfies readonly SleepState[]

/** What an engine shows that fetches keys and values from others, or keeps them for others. */
interface TransferCells {
  readonly queries: CounterCell
  readonly hits: CounterCell
  readonly promptTokens: CounterCell
  readonly expired: CounterCell
  readonly time: HistogramCell
  readonly bytes: HistogramCell
}

function transferCells(cells: EngineCells): TransferCells {
  return {
    queries: cells.counter('engine.external_prefix_queries'),
    hits: cells.counter('engine.external_prefix_hits'),
    promptTokens: cells.counter('engine.prompt_tokens_by_source', 'external_kv_transfer'),
    expired: cells.counter('engine.kv_expired_requests'),
    time: cells.histogram('engine.kv_transfer_time'),
    bytes: cells.histogram('engine.kv_transfer_bytes'),
  }
}

/** What of a prompt came from another engine and was not computed here: a whole prompt but its last token at most. */
function externalTokensOf({ promptTokens, cachedTokens, transferredTokens }: LookedUpPrompt): number {
  return Math.min(transferredTokens, promptTokens - 1 - cachedTokens)
}

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
  readonly #transfers: TransferCells | undefined
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
  readonly #blockLifetime: HistogramCell
  readonly #blockIdle: HistogramCell
  readonly #blockReuseGap: HistogramCell
  #lastStepMs = 0
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
    this.#blockLifetime = cells.histogram('engine.kv_block_lifetime')
    this.#blockIdle = cells.histogram('engine.kv_block_idle')
    this.#blockReuseGap = cells.histogram('engine.kv_block_reuse_gap')
    this.#transfers = options.kvTransfer === undefined ? undefined : transferCells(cells)
    // vLLM's number of blocks includes the null block.
    cells.stateCacheLayout(options.blocksTotal, options)
  }

  watch(engine: Engine): void {
    const running = this.#cells.gauge('engine.requests_running')
    const waiting = this.#cells.gauge('engine.requests_waiting')
    const waitingForCapacity = this.#cells.gauge('engine.requests_waiting_by_reason', 'capacity')
    const deferred = this.#cells.gauge('engine.requests_waiting_by_reason', 'deferred')
    const sleepStates = SLEEP_STATES.map((state) => [state, this.#cells.gauge('engine.sleep_state', state)] as const)
    const { adapterSlots } = this.#options
    const adapters = adapterSlots === undefined ? undefined : new AdapterInfo(this.#instruments, adapterSlots)
    const kvUsage = this.#cells.gauge('engine.kv_usage')
    this.#instruments.onCollect(() => {
      running.set(engine.running)
      waiting.set(engine.waiting)
      waitingForCapacity.set(engine.waiting - engine.waitingDeferred)
      deferred.set(engine.waitingDeferred)
      for (const [state, gauge] of sleepStates) gauge.set(Number(state === engine.sleepState))
      adapters?.state(engine, this.#lastStepMs)
      kvUsage.set(engine.kvUsageRatio)
      this.#prefixHitRatio.set(this.#hitRatio())
    })
  }

  refused(): void {
    this.#rejected.inc()
  }

  admitted({ promptTokens, cachedTokens, transferredTokens }: LookedUpPrompt): void {
    this.#prefixQueries.inc(promptTokens)
    this.#prefixHits.inc(cachedTokens)
    if (transferredTokens > 0) {
      this.#transfers?.queries.inc(promptTokens - cachedTokens)
      this.#transfers?.hits.inc(transferredTokens)
    }
    this.#queriedBlocks += Math.floor(promptTokens / this.#options.blockTokens)
    this.#hitBlocks += cachedTokens / this.#options.blockTokens
  }

  firstToken(prompt: LookedUpPrompt, ttftMs: number): void {
    const { promptTokens, cachedTokens } = prompt
    const externalTokens = externalTokensOf(prompt)
    this.#promptTokens.inc(promptTokens)
    this.#computedPromptTokens.inc(promptTokens - cachedTokens - externalTokens)
    this.#hitPromptTokens.inc(cachedTokens)
    this.#transfers?.promptTokens.inc(externalTokens)
    this.#cachedPromptTokens.inc(cachedTokens + externalTokens)
    observeMs(this.#ttft, ttftMs)
  }

  laterToken(gapMs: number): void {
    observeMs(this.#itl, gapMs)
  }

  stepped({ prefillTokens, generatedTokens, endMs }: EngineStep): void {
    this.#lastStepMs = endMs
    this.#generationTokens.inc(generatedTokens)
    this.#iterationTokens.observe(prefillTokens + generatedTokens)
  }

  preempted(): void {
    this.#preemptions.inc()
  }

  kvExpired(): void {
    this.#transfers?.expired.inc()
  }

  transferred(tokens: number, transferMs: number): void {
    if (this.#transfers === undefined) return
    observeMs(this.#transfers.time, transferMs)
    const { kvBytesPerToken } = this.#options
    if (kvBytesPerToken !== undefined) this.#transfers.bytes.observe(tokens * kvBytesPerToken)
  }

  blockReused(gapMs: number): void {
    observeMs(this.#blockReuseGap, gapMs)
  }

  blockEvicted(lifetimeMs: number, idleMs: number): void {
    observeMs(this.#blockLifetime, lifetimeMs)
    observeMs(this.#blockIdle, idleMs)
  }

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
    if (!Number.isNaN(firstScheduledMs)) this.#requestComputedTokens.observe(promptTokens - cachedTokens - externalTokensOf(request))
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
