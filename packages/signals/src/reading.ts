import type { SignalId } from './catalog.ts'
import { createPageReader, type PageReading, type Sample, type SignalValue } from './page-reader.ts'

/** What an engine's page says, in signal units. NaN: the page does not say. */
export interface EngineReading {
  readonly runningRequests: number
  readonly waitingRequests: number
  /** 0..1 */
  readonly kvUsageRatio: number
  readonly kvCapacityTokens: number
  readonly adaptersLoaded: readonly string[]
}

const STATE_SIGNALS: readonly SignalId[] = [
  'engine.requests_running',
  'engine.requests_waiting',
  'engine.kv_usage',
  'engine.kv_capacity_tokens',
  'engine.kv_blocks_total',
  'engine.kv_blocks_used',
  'engine.kv_block_tokens',
  'engine.cache_config',
  'engine.lora_requests',
]

const reader = createPageReader(STATE_SIGNALS)

/** The metric names that `readEngineState` wants: everything else on a page may be skipped. */
export const engineMetricNames: ReadonlySet<string> = reader.names

/**
 * Reads an engine's state from its page's samples, whichever engine it is. Several engines in one process (vLLM's `engine`,
 * SGLang's `dp_rank`) are summed for the endpoint: requests and capacity by addition, KV usage as a mean weighted by capacity.
 * Undefined when no sample is of a known name: the page is not an engine's.
 */
export function readEngineState(samples: Iterable<Sample>): EngineReading | undefined {
  const page = reader.read(samples)
  if (!page.known) return undefined
  const capacity = capacityByEngine(page)
  return {
    runningRequests: total(page.values('engine.requests_running').map(({ value }) => value)),
    waitingRequests: total(page.values('engine.requests_waiting').map(({ value }) => value)),
    kvUsageRatio: weightedUsage(usageByEngine(page), capacity),
    kvCapacityTokens: total([...capacity.values()]),
    adaptersLoaded: newestAdapters(page.values('engine.lora_requests')),
  }
}

/** As the page states it, else blocks used over blocks. */
function usageByEngine(page: PageReading): ReadonlyMap<string, number> {
  const stated = byEngine(page.values('engine.kv_usage'))
  if (stated.size > 0) return stated
  const blocks = byEngine(page.values('engine.kv_blocks_total'))
  return quotients(byEngine(page.values('engine.kv_blocks_used')), blocks)
}

/** In tokens: as the page states it, else from the cache's layout. */
function capacityByEngine(page: PageReading): ReadonlyMap<string, number> {
  const stated = byEngine(page.values('engine.kv_capacity_tokens'))
  if (stated.size > 0) return stated
  const layouts = page.values('engine.cache_config')
  if (layouts.length > 0) {
    return new Map(
      layouts.map(({ labels }) => [labels.get('engine'), Number(labels.get('block_size')) * Number(labels.get('num_gpu_blocks') || Number.NaN)]),
    )
  }
  const blockTokens = byEngine(page.values('engine.kv_block_tokens'))
  const capacity = new Map<string, number>()
  for (const [engine, blocks] of byEngine(page.values('engine.kv_blocks_total')))
    capacity.set(engine, blocks * (blockTokens.get(engine) ?? Number.NaN))
  return capacity
}

function byEngine(values: readonly SignalValue[]): Map<string, number> {
  const engines = new Map<string, number>()
  for (const { labels, value } of values) {
    const engine = labels.get('engine')
    engines.set(engine, Math.max(engines.get(engine) ?? Number.NEGATIVE_INFINITY, value))
  }
  return engines
}

function quotients(numerators: ReadonlyMap<string, number>, denominators: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const ratios = new Map<string, number>()
  for (const [engine, numerator] of numerators) {
    const denominator = denominators.get(engine) ?? 0
    if (denominator > 0) ratios.set(engine, numerator / denominator)
  }
  return ratios
}

/** Old label combinations linger on the page; the value is the time of the update (reference/vllm.md §1.2). */
function newestAdapters(values: readonly SignalValue[]): readonly string[] {
  const newest = Math.max(...values.map(({ value }) => value))
  const adapters = values
    .filter(({ value }) => value === newest)
    .flatMap(({ labels }) => [...labels.get('running_lora_adapters').split(','), ...labels.get('waiting_lora_adapters').split(',')])
  return [...new Set(adapters.filter((adapter) => adapter !== ''))]
}

function weightedUsage(usage: ReadonlyMap<string, number>, capacity: ReadonlyMap<string, number>): number {
  let weighted = 0
  let weights = 0
  for (const [engine, ratio] of usage) {
    const weight = capacity.get(engine)
    const usable = weight !== undefined && weight > 0 ? weight : 1
    weighted += ratio * usable
    weights += usable
  }
  return weights === 0 ? Number.NaN : weighted / weights
}

/** NaN for none: the page does not say. */
function total(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0)
}
