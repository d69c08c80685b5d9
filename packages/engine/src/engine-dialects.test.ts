import { assert, type Labels, seededRandom, VirtualClock } from '@signalbox/base'
import { decodePage, parseSeries } from '@signalbox/exposition'
import { Registry } from '@signalbox/instruments'
import { detectDialect, type EngineReading, readEngineState, type SignalId } from '@signalbox/signals'
import { beforeAll, describe, expect, it } from 'vitest'
import { Engine } from './engine.ts'
import { type EngineDialectId, engineDialects } from './engine-dialects.ts'
import type { DialectMetrics, EngineObserver, EngineStep, FinishedRequest, LookedUpPrompt } from './ports.ts'
import { linearSteps } from './step-models.ts'
import type { EngineOptions, EngineRequest } from './types.ts'

const ids = Object.keys(engineDialects) as readonly EngineDialectId[]

const options: EngineOptions = {
  model: 'm',
  stepModel: linearSteps({ baseMs: 12, prefillMsPerToken: 0.4, decodeMsPerSequence: 1.5, contextMsPerToken: 0.01 }),
  blockTokens: 4,
  blocksTotal: 101,
  sequencesMax: 8,
  batchTokensMax: 128,
  contextTokensMax: 300,
  prefixCaching: true,
  waitingMax: 12,
}

/** Tells several observers the same, and keeps what none of them may lose. */
class Chorus implements EngineObserver {
  readonly observers: DialectMetrics[] = []
  readonly ends: FinishedRequest[] = []
  readonly ttfts: number[] = []
  readonly itls: number[] = []
  readonly queueTimes: number[] = []
  readonly transfers: { readonly tokens: number; readonly transferMs: number }[] = []
  refusals = 0
  preemptions = 0
  expired = 0
  reuses = 0
  evictions = 0

  refused(): void {
    this.refusals += 1
    for (const observer of this.observers) observer.refused()
  }
  admitted(prompt: LookedUpPrompt, queueMs: number): void {
    this.queueTimes.push(queueMs / 1000)
    for (const observer of this.observers) observer.admitted(prompt, queueMs)
  }
  firstToken(prompt: LookedUpPrompt, ttftMs: number): void {
    this.ttfts.push(ttftMs / 1000)
    for (const observer of this.observers) observer.firstToken(prompt, ttftMs)
  }
  laterToken(gapMs: number): void {
    this.itls.push(gapMs / 1000)
    for (const observer of this.observers) observer.laterToken(gapMs)
  }
  stepped(step: EngineStep): void {
    for (const observer of this.observers) observer.stepped(step)
  }
  preempted(): void {
    this.preemptions += 1
    for (const observer of this.observers) observer.preempted()
  }
  kvExpired(id: string): void {
    this.expired += 1
    for (const observer of this.observers) observer.kvExpired(id)
  }
  transferred(tokens: number, transferMs: number): void {
    this.transfers.push({ tokens, transferMs })
    for (const observer of this.observers) observer.transferred?.(tokens, transferMs)
  }
  blockReused(gapMs: number): void {
    this.reuses += 1
    for (const observer of this.observers) observer.blockReused?.(gapMs)
  }
  blockEvicted(lifetimeMs: number, idleMs: number): void {
    this.evictions += 1
    for (const observer of this.observers) observer.blockEvicted?.(lifetimeMs, idleMs)
  }
  finished(request: FinishedRequest): void {
    this.ends.push(request)
    for (const observer of this.observers) observer.finished(request)
  }
}

interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** What one dialect's page says, read as a scraper reads it. */
class Page {
  readonly samples: readonly Sample[]

  constructor(text: string) {
    const samples: Sample[] = []
    const decoded = decodePage(new TextEncoder().encode(text), {
      sample: (series, value) => {
        const parsed = parseSeries(series)
        assert(parsed.ok, `not a series: ${series}`)
        samples.push({ ...parsed.value, value })
      },
    })
    expect(decoded.ok).toBe(true)
    this.samples = samples
  }

  get names(): ReadonlySet<string> {
    return new Set(this.samples.map(({ name }) => name))
  }

  get state(): EngineReading {
    const state = readEngineState(this.samples)
    assert(state !== undefined, 'an engine is on the page')
    return state
  }

  /** The sum of a name's series with these label values; NaN where the page has none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const series = this.samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value),
    )
    return series.length === 0 ? Number.NaN : series.reduce((sum, { value }) => sum + value, 0)
  }

  mean(family: string): number {
    return this.sum(`${family}_sum`) / this.sum(`${family}_count`)
  }

  /** The bounds of the bucket that holds the `rank`-th smallest observation, `rank` from 1. */
  bucket(family: string, rank: number): readonly [above: number, upTo: number] {
    let above = Number.NEGATIVE_INFINITY
    for (const { labels, value } of this.samples.filter(({ name }) => name === `${family}_bucket`)) {
      const upTo = Number(labels.get('le').replace('+Inf', 'Infinity'))
      if (value >= rank) return [above, upTo]
      above = upTo
    }
    throw new Error(`${family} has no bucket for observation ${rank}`)
  }
}

interface Run {
  readonly chorus: Chorus
  readonly engine: Engine
  page(id: EngineDialectId): Page
  /** Names on the page that the signal may have in that dialect. */
  nameOf(id: EngineDialectId, signal: SignalId): string
}

function started(over: Partial<EngineOptions> = {}): Run {
  const chorus = new Chorus()
  const engine = new Engine({ ...options, ...over }, seededRandom(7), chorus)
  const registries = new Map<EngineDialectId, Registry>()
  for (const id of ids) {
    const { entries, record } = engineDialects[id]
    const registry = new Registry({ entries, clock: new VirtualClock() })
    const metrics = record(registry, engine.options)
    metrics.watch(engine)
    chorus.observers.push(metrics)
    registries.set(id, registry)
  }
  return {
    chorus,
    engine,
    page: (id) => new Page(registries.get(id)?.render('text') ?? ''),
    nameOf: (id, signal) => {
      const entry = engineDialects[id].entries.find((candidate) => candidate.signal === signal)
      assert(entry !== undefined, `${id} has a name for ${signal}`)
      return entry.name
    },
  }
}

/** Submits, aborts and steps under a seed; some requests still wait and run at the end. Prompts share prefixes, memory runs short. */
function work({ engine }: Run, steps: number, more: (step: number) => Partial<EngineRequest> = () => ({})): void {
  const random = seededRandom(42)
  const below = (bound: number) => Math.floor(random.next() * bound)
  const present = new Set<string>()
  let nowMs = 1000
  for (let step = 0; step < steps; step++) {
    for (let arrivals = below(3); arrivals > 0; arrivals--) {
      const id = `r${step}-${arrivals}`
      const family = below(4)
      const promptTokens = Uint32Array.from({ length: 5 + below(120) }, (_, at) => family * 1000 + at)
      const answerTokens = new Uint32Array(1 + below(40))
      const request: EngineRequest = { id, promptTokens, answerTokens, outputTokensMax: 40, finishReason: 'stop', cacheSeed: '' }
      const submitted = engine.submit({ ...request, ...more(step) }, nowMs)
      if (submitted.ok) present.add(id)
      nowMs += 1
    }
    const durationMs = engine.beginStep(nowMs)
    if (below(10) === 0) {
      const [victim] = [...present].slice(-1)
      if (victim !== undefined) engine.abort(victim, nowMs)
      present.delete(victim ?? '')
    }
    nowMs += durationMs ?? 10
    if (durationMs === undefined) continue
    for (const event of engine.endStep(nowMs)) if (event.type === 'finish') present.delete(event.id)
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length

describe('the page of an engine after the same work', () => {
  let run: Run
  beforeAll(() => {
    run = started()
    work(run, 600)
    // The work has everything in it that dialects count differently.
    expect(run.chorus.preemptions).toBeGreaterThan(0)
    expect(run.chorus.refusals).toBeGreaterThan(0)
    expect(run.chorus.ends.some(({ reason, firstScheduledMs }) => reason === 'abort' && Number.isNaN(firstScheduledMs))).toBe(true)
    expect(run.engine.running * run.engine.waiting).toBeGreaterThan(0)
  })

  it.each(ids)('in %s is known as that dialect, and has no name that the catalogue does not', (id) => {
    const names = run.page(id).names
    expect(detectDialect(names)?.dialect).toBe(id)
    const known = new Set(engineDialects[id].entries.map(({ name }) => name))
    expect([...names].filter((name) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')))).toEqual([])
  })

  it.each(ids)('in %s reads as the same state', (id) => {
    const { runningRequests, waitingRequests, kvUsageRatio, kvCapacityTokens } = run.page(id).state
    expect({ runningRequests, waitingRequests, kvUsageRatio }).toEqual({
      runningRequests: run.engine.running,
      waitingRequests: run.engine.waiting,
      kvUsageRatio: run.engine.kvUsageRatio,
    })
    // vLLM counts the null block, SGLang does not.
    expect(kvCapacityTokens).toBe((id === 'sglang' ? 100 : 101) * 4)
  })

  it.each(ids)('in %s counts and averages the same observations, and holds each quantile in its bucket', (id) => {
    const page = run.page(id)
    const ended = run.chorus.ends.filter(({ firstScheduledMs }) => id !== 'sglang' || !Number.isNaN(firstScheduledMs))
    const exact: readonly (readonly [SignalId, readonly number[]])[] = [
      ['engine.ttft', run.chorus.ttfts],
      ['engine.itl', run.chorus.itls],
      ['engine.e2e', ended.map(({ arrivalMs, endMs }) => (endMs - arrivalMs) / 1000)],
    ]
    for (const [signal, values] of exact) {
      const family = run.nameOf(id, signal)
      expect(page.sum(`${family}_count`)).toBe(values.length)
      expect(page.mean(family)).toBeCloseTo(mean(values), 9)
      const sorted = [...values].sort((a, b) => a - b)
      for (const quantile of [0.5, 0.9, 0.99]) {
        const rank = Math.ceil(quantile * sorted.length)
        const [above, upTo] = page.bucket(family, rank)
        expect(sorted[rank - 1]).toBeGreaterThan(above)
        expect(sorted[rank - 1]).toBeLessThanOrEqual(upTo)
      }
    }
  })

  it('counts requests by reason, in SGLang without one and aborted ones apart', () => {
    const aborted = run.chorus.ends.filter(({ reason }) => reason === 'abort')
    const stopped = run.chorus.ends.length - aborted.length
    for (const id of ['vllm', 'vllm-0.9', 'vllm-v0'] as const) {
      const counted = (reason: string) => run.page(id).sum('vllm:request_success_total', { finished_reason: reason })
      expect([counted('stop'), counted('abort'), counted('length')]).toEqual([stopped, aborted.length, 0])
    }
    const page = run.page('sglang')
    expect(page.sum('sglang:num_aborted_requests_total')).toBe(aborted.length)
    expect(page.sum('sglang:num_requests_total')).toBe(stopped + aborted.filter(({ firstScheduledMs }) => !Number.isNaN(firstScheduledMs)).length)
  })

  it('counts tokens as they are processed in vLLM, and when the request ends in SGLang', () => {
    const { ends, ttfts, itls } = run.chorus
    const ended = ends.filter(({ firstScheduledMs }) => !Number.isNaN(firstScheduledMs))
    for (const id of ['vllm', 'vllm-0.9', 'vllm-v0'] as const)
      expect(run.page(id).sum('vllm:generation_tokens_total')).toBe(ttfts.length + itls.length)
    const page = run.page('sglang')
    expect(page.sum('sglang:generation_tokens_total')).toBe(sum(ended.map(({ outputTokens }) => outputTokens)))
    expect(page.sum('sglang:prompt_tokens_total')).toBe(sum(ended.map(({ promptTokens }) => promptTokens)))
    expect(page.sum('sglang:cached_tokens_total')).toBe(sum(ended.map(({ cachedTokens }) => cachedTokens)))
    expect(page.sum('sglang:realtime_tokens_total', { mode: 'decode' })).toBe(itls.length)
  })

  it('adds up', () => {
    const v1 = run.page('vllm')
    expect(v1.sum('vllm:prompt_tokens_by_source_total')).toBe(v1.sum('vllm:prompt_tokens_total'))
    expect(v1.sum('vllm:prompt_tokens_cached_total')).toBe(v1.sum('vllm:prompt_tokens_by_source_total', { source: 'local_cache_hit' }))
    expect(v1.sum('vllm:num_requests_waiting_by_reason')).toBe(v1.sum('vllm:num_requests_waiting'))
    expect(v1.sum('vllm:admission_rejections_total')).toBe(run.chorus.refusals)
    expect(v1.sum('vllm:request_num_preemptions_sum')).toBe(sum(run.chorus.ends.map(({ preemptions }) => preemptions)))
    expect([v1.mean('vllm:request_params_max_tokens'), v1.mean('vllm:request_params_n')]).toEqual([40, 1])
    const sglang = run.page('sglang')
    expect(sglang.sum('sglang:num_used_tokens') / sglang.sum('sglang:max_total_num_tokens')).toBeCloseTo(sglang.sum('sglang:token_usage'), 12)
    expect(sglang.sum('sglang:num_retracted_requests_total')).toBe(run.chorus.preemptions)
    expect(sglang.sum('sglang:decode_sum_seq_lens')).toBe(run.engine.decodingTokens)
    expect(sglang.mean('sglang:queue_time_seconds')).toBeCloseTo(mean(run.chorus.queueTimes), 9)
  })

  it('shows both twins with equal values in 0.9.2, and nothing that came later', () => {
    const page = run.page('vllm-0.9')
    for (const [old, current] of [
      ['gpu_cache_usage_perc', 'kv_cache_usage_perc'],
      ['gpu_prefix_cache_queries_total', 'prefix_cache_queries_total'],
      ['gpu_prefix_cache_hits_total', 'prefix_cache_hits_total'],
    ]) {
      expect(page.sum(`vllm:${old}`)).toBe(page.sum(`vllm:${current}`))
    }
    for (const name of ['inter_token_latency_seconds_count', 'num_requests_waiting_by_reason', 'num_requests_swapped']) {
      expect(page.names.has(`vllm:${name}`)).toBe(false)
    }
  })

  it('leaves out what the engine has not', () => {
    for (const name of ['num_requests_swapped', 'cpu_cache_usage_perc', 'request_params_best_of_count', 'tokens_total']) {
      expect(run.page('vllm-v0').names.has(`vllm:${name}`)).toBe(false)
    }
    expect([...run.page('sglang').names].filter((name) => /spec_|grammar|lora|time_per_output/.test(name))).toEqual([])
  })
})

describe('the page of an engine with adapters, priorities and transfers', () => {
  let run: Run
  beforeAll(() => {
    run = started({
      scheduling: 'priority',
      adapterSlots: 2,
      adapterLoadMs: 50,
      kvTransfer: { setupMs: 5, msPerToken: 0.5 },
      kvBytesPerToken: 1024,
      kvHoldMs: 300,
    })
    work(run, 610, (step) => ({
      priority: step % 3,
      ...(step % 4 === 0 ? { adapter: `a${step % 3}` } : {}),
      ...(step % 5 === 0 ? { remotePrefill: { tokens: 200 } } : {}),
      ...(step % 7 === 0 ? { holdBlocks: true } : {}),
    }))
    expect(Math.min(run.chorus.expired, run.chorus.transfers.length, run.chorus.preemptions, run.chorus.reuses)).toBeGreaterThan(0)
  })

  it('adds waiting up by reason', () => {
    const page = run.page('vllm')
    const waiting = (reason: string) => page.sum('vllm:num_requests_waiting_by_reason', { reason })
    expect(run.engine.waitingDeferred).toBeGreaterThan(0)
    expect([waiting('deferred'), waiting('capacity')]).toEqual([run.engine.waitingDeferred, run.engine.waiting - run.engine.waitingDeferred])
    expect(page.sum('vllm:num_requests_waiting')).toBe(run.engine.waiting)
  })

  it('says where prompts came from', () => {
    const page = run.page('vllm')
    const from = (source: string) => page.sum('vllm:prompt_tokens_by_source_total', { source })
    expect(from('local_compute') + from('local_cache_hit') + from('external_kv_transfer')).toBe(page.sum('vllm:prompt_tokens_total'))
    expect(from('local_cache_hit') + from('external_kv_transfer')).toBe(page.sum('vllm:prompt_tokens_cached_total'))
    expect(from('external_kv_transfer')).toBeGreaterThan(0)
    expect(page.sum('vllm:external_prefix_cache_hits_total')).toBeLessThanOrEqual(page.sum('vllm:external_prefix_cache_queries_total'))
  })

  it('measures transfers, and holds that nobody ended', () => {
    const { transfers, expired } = run.chorus
    const page = run.page('vllm')
    expect(page.sum('vllm:nixl_xfer_time_seconds_count')).toBe(transfers.length)
    expect(page.mean('vllm:nixl_xfer_time_seconds')).toBeCloseTo(mean(transfers.map(({ transferMs }) => transferMs)) / 1000, 9)
    expect(page.sum('vllm:nixl_bytes_transferred_sum')).toBe(1024 * sum(transfers.map(({ tokens }) => tokens)))
    expect(page.sum('vllm:nixl_num_kv_expired_reqs_total')).toBe(expired)
    const sglang = run.page('sglang')
    expect(sglang.mean('sglang:kv_transfer_latency_ms')).toBeCloseTo(mean(transfers.map(({ transferMs }) => transferMs)), 9)
    expect(sglang.sum('sglang:kv_transfer_speed_gb_s_count')).toBe(transfers.length)
    expect(sglang.sum('sglang:num_decode_transfer_queue_reqs')).toBe(run.engine.transferring)
    expect(sglang.sum('sglang:num_prefill_inflight_queue_reqs')).toBe(run.engine.holding)
  })

  it('names the adapters that run and wait, in one series', () => {
    const info = run.page('vllm').samples.filter(({ name }) => name === 'vllm:lora_requests_info')
    expect(info.map(({ labels }) => [labels.get('max_lora'), labels.get('running_lora_adapters'), labels.get('waiting_lora_adapters')])).toEqual([
      ['2', run.engine.adaptersRunning.join(), run.engine.adaptersWaiting.join()],
    ])
    expect(run.page('vllm').state.adaptersLoaded?.slice().sort()).toEqual(
      [...new Set([...run.engine.adaptersRunning, ...run.engine.adaptersWaiting])].sort(),
    )
    const sglang = run.page('sglang')
    expect([sglang.sum('sglang:lora_pool_slots_used'), sglang.sum('sglang:lora_pool_slots_total')]).toEqual([run.engine.adaptersLoaded.length, 2])
  })

  it('follows some blocks through the cache', () => {
    const page = run.page('vllm')
    expect(page.sum('vllm:kv_block_reuse_gap_seconds_count')).toBe(run.chorus.reuses)
    expect(page.sum('vllm:kv_block_lifetime_seconds_count')).toBe(run.chorus.evictions)
    expect(page.mean('vllm:kv_block_lifetime_seconds')).toBeGreaterThan(page.mean('vllm:kv_block_idle_before_evict_seconds'))
  })

  it('has none of this in the versions before it', () => {
    expect([...run.page('vllm-0.9').names, ...run.page('vllm-v0').names].filter((name) => /nixl|kv_block|by_source|by_reason/.test(name))).toEqual([])
  })
})

it('shows the one sleep state that holds', () => {
  const run = started()
  const states = () =>
    ['awake', 'weights_offloaded', 'discard_all'].map((state) => run.page('vllm').sum('vllm:engine_sleep_state', { sleep_state: state }))
  expect(states()).toEqual([1, 0, 0])
  run.engine.sleep(1, 0)
  expect(states()).toEqual([0, 1, 0])
  run.engine.sleep(2, 0)
  expect(states()).toEqual([0, 0, 1])
  run.engine.wake(0)
  expect(states()).toEqual([1, 0, 0])
})

it('has no family of adapters or transfers on the page of an engine without them', () => {
  const names = ids.flatMap((id) => [...started().page(id).names])
  expect(names.filter((name) => /lora|nixl|external|kv_transfer|decode_transfer|inflight/.test(name))).toEqual([])
})

describe('what an engine averages by itself', () => {
  const request = (id: string, outputTokens: number): EngineRequest => ({
    id,
    promptTokens: Uint32Array.of(1, 2, 3),
    answerTokens: new Uint32Array(outputTokens),
    finishReason: 'length',
    cacheSeed: '',
  })
  const throughputAfter = (steps: number): number => {
    const run = started({ stepModel: linearSteps({ baseMs: 20, prefillMsPerToken: 0, decodeMsPerSequence: 0, contextMsPerToken: 0 }) })
    run.engine.submit(request('a', 60), 0)
    run.engine.submit(request('b', 60), 0)
    for (let step = 0; step < steps; step++) {
      run.engine.beginStep(step * 20)
      run.engine.endStep((step + 1) * 20)
    }
    return run.page('sglang').sum('sglang:gen_throughput')
  }

  it('is in SGLang the throughput of 40 decode steps, and 0 once idle', () => {
    // The first step computes the prompts, the second begins the window.
    expect([41, 42, 59, 60].map(throughputAfter)).toEqual([0, 100, 100, 0])
  })

  it('is a throughput of 0 also when the last request is aborted', () => {
    const run = started()
    run.engine.submit(request('a', 60), 0)
    for (let step = 0; step < 45; step++) {
      run.engine.beginStep(step * 20)
      run.engine.endStep((step + 1) * 20)
    }
    expect(run.page('sglang').sum('sglang:gen_throughput')).toBe(50)
    run.engine.abort('a', 2000)
    expect(run.page('sglang').sum('sglang:gen_throughput')).toBe(0)
  })

  it('is the hit rate of the last batch of prompts in SGLang, and of all blocks so far in V0', () => {
    const run = started()
    const promptTokens = Uint32Array.from({ length: 9 }, (_, at) => at)
    for (const [index, id] of ['first', 'again'].entries()) {
      run.engine.submit({ ...request(id, 1), promptTokens }, index * 100)
      run.engine.beginStep(index * 100)
      run.engine.endStep(index * 100 + 50)
    }
    // Two blocks of four tokens are cached the second time; the last token never is.
    expect(run.page('sglang').sum('sglang:cache_hit_rate')).toBeCloseTo(8 / 9, 12)
    expect(run.page('vllm-v0').sum('vllm:gpu_prefix_cache_hit_rate')).toBe(0.5)
  })

  it('is -1 in V0 when caching is off', () => {
    const run = started({ prefixCaching: false })
    expect(run.page('vllm-v0').sum('vllm:gpu_prefix_cache_hit_rate')).toBe(-1)
    expect(run.page('sglang').sum('sglang:cache_hit_rate')).toBe(0)
  })
})
