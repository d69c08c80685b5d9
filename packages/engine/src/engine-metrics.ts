import type { CounterCell, HistogramCell } from '@signalbox/instruments'
import type { SignalId } from '@signalbox/signals'
import type { Engine } from './engine.ts'
import type { EngineObserver, FinishedRequest, Instruments } from './ports.ts'

/**
 * Records what an engine's loop does as `engine.*` signals; the `vllm` dialect renders them under vLLM V1's names.
 * Nothing is invented: a time that a request did not reach is not observed, so an aborted request adds to
 * e2e and token counts and to the phases it went through. A request of one token has a TPOT of 0, as in vLLM.
 * Prefix queries and hits count a request once, at its first admission; vLLM also counts each repeated lookup
 * of a request that finds no room. SOURCE: `reference/vllm.md` §1.2-1.4, §2.
 */
export class EngineMetrics implements EngineObserver {
  readonly #instruments: Instruments
  readonly #labels: readonly [model: string, engine: string]
  readonly #finished: Readonly<Record<FinishedRequest['reason'], CounterCell>>
  readonly #prefixQueries: CounterCell
  readonly #prefixHits: CounterCell
  readonly #promptTokens: CounterCell
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
  readonly #requestGenerationTokens: HistogramCell
  readonly #iterationTokens: HistogramCell

  /** `engine`: vLLM's data-parallel index, '0' for an engine alone. Every series exists, at 0, from here on. */
  constructor(instruments: Instruments, model: string, engine = '0') {
    this.#instruments = instruments
    this.#labels = [model, engine]
    const counter = (signal: SignalId) => instruments.counter(signal).with(model, engine)
    const histogram = (signal: SignalId) => instruments.histogram(signal).with(model, engine)
    const finished = instruments.counter('engine.requests_finished')
    this.#finished = {
      stop: finished.with(model, engine, 'stop'),
      length: finished.with(model, engine, 'length'),
      abort: finished.with(model, engine, 'abort'),
      error: finished.with(model, engine, 'error'),
    }
    this.#prefixQueries = counter('engine.prefix_queries')
    this.#prefixHits = counter('engine.prefix_hits')
    this.#promptTokens = counter('engine.prompt_tokens')
    this.#generationTokens = counter('engine.generation_tokens')
    this.#preemptions = counter('engine.preemptions')
    this.#ttft = histogram('engine.ttft')
    this.#itl = histogram('engine.itl')
    this.#tpot = histogram('engine.tpot')
    this.#e2e = histogram('engine.e2e')
    this.#queueTime = histogram('engine.queue_time')
    this.#inferenceTime = histogram('engine.inference_time')
    this.#prefillTime = histogram('engine.prefill_time')
    this.#decodeTime = histogram('engine.decode_time')
    this.#requestPromptTokens = histogram('engine.request_prompt_tokens')
    this.#requestGenerationTokens = histogram('engine.request_generation_tokens')
    this.#iterationTokens = histogram('engine.iteration_tokens')
  }

  /** Has the gauges read from `engine` at each rendering, and its cache layout stated once. */
  watch(engine: Engine): void {
    const [model, index] = this.#labels
    const { blockTokens, blocksTotal, prefixCaching } = engine.options
    const running = this.#instruments.gauge('engine.requests_running').with(model, index)
    const waiting = this.#instruments.gauge('engine.requests_waiting').with(model, index)
    const kvUsage = this.#instruments.gauge('engine.kv_usage').with(model, index)
    // Label order is the catalogue's; the spelling of the boolean is Python's, as on vLLM's page.
    const layout = [index, String(blockTokens), String(blocksTotal), prefixCaching ? 'True' : 'False']
    this.#instruments
      .gauge('engine.cache_config')
      .with(...layout)
      .set(1)
    this.#instruments.onCollect(() => {
      running.set(engine.running)
      waiting.set(engine.waiting)
      kvUsage.set(engine.kvUsageRatio)
    })
  }

  admitted(promptTokens: number, cachedTokens: number): void {
    this.#prefixQueries.inc(promptTokens)
    this.#prefixHits.inc(cachedTokens)
  }

  firstToken(promptTokens: number, ttftMs: number): void {
    this.#promptTokens.inc(promptTokens)
    this.#ttft.observe(ttftMs / 1000)
  }

  laterToken(gapMs: number): void {
    this.#itl.observe(gapMs / 1000)
  }

  stepped(prefillTokens: number, generatedTokens: number): void {
    this.#generationTokens.inc(generatedTokens)
    this.#iterationTokens.observe(prefillTokens + generatedTokens)
  }

  preempted(): void {
    this.#preemptions.inc()
  }

  finished(request: FinishedRequest): void {
    this.#finished[request.reason].inc()
    this.#requestPromptTokens.observe(request.promptTokens)
    this.#requestGenerationTokens.observe(request.outputTokens)
    const { arrivalMs, firstScheduledMs, firstTokenMs, lastTokenMs, endMs } = request
    const decodeMs = lastTokenMs - firstTokenMs
    observe(this.#e2e, endMs - arrivalMs)
    observe(this.#queueTime, firstScheduledMs - arrivalMs)
    observe(this.#prefillTime, firstTokenMs - firstScheduledMs)
    observe(this.#decodeTime, decodeMs)
    observe(this.#inferenceTime, lastTokenMs - firstScheduledMs)
    observe(this.#tpot, request.outputTokens > 1 ? decodeMs / (request.outputTokens - 1) : decodeMs)
  }
}

/** Leaves out what did not happen (NaN). */
function observe(histogram: HistogramCell, ms: number): void {
  if (!Number.isNaN(ms)) histogram.observe(ms / 1000)
}
