import type { Labels } from '@signalbox/base'
import type { SignalId } from './catalog.ts'
import { vllmEntries } from './vllm.ts'

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
  'engine.cache_config',
  'engine.lora_requests',
]

const signalOf: ReadonlyMap<string, SignalId> = new Map(
  vllmEntries.filter((entry) => STATE_SIGNALS.includes(entry.signal)).map((entry) => [entry.name, entry.signal]),
)

/** The metric names that `readEngineState` wants: everything else on a page may be skipped. */
export const engineMetricNames: ReadonlySet<string> = new Set(signalOf.keys())

/**
 * Reads an engine's state from its page's samples. Several engines in one process (label `engine`) are
 * summed for the endpoint: requests and capacity by addition, KV usage as a mean weighted by capacity.
 * Undefined when no sample is of a known name: the page is not an engine's.
 */
export function readEngineState(
  samples: Iterable<{ readonly name: string; readonly labels: Labels; readonly value: number }>,
): EngineReading | undefined {
  let running = Number.NaN
  let waiting = Number.NaN
  const usage = new Map<string, number>()
  const capacity = new Map<string, number>()
  let adapters: readonly string[] = []
  let adaptersAt = Number.NEGATIVE_INFINITY
  let known = false
  for (const { name, labels, value } of samples) {
    const signal = signalOf.get(name)
    if (signal === undefined) continue
    known = true
    const engine = labels.get('engine')
    if (signal === 'engine.requests_running') running = Number.isNaN(running) ? value : running + value
    else if (signal === 'engine.requests_waiting') waiting = Number.isNaN(waiting) ? value : waiting + value
    else if (signal === 'engine.kv_usage') usage.set(engine, value)
    else if (signal === 'engine.cache_config')
      capacity.set(engine, Number(labels.get('block_size')) * Number(labels.get('num_gpu_blocks') || Number.NaN))
    else if (value > adaptersAt) {
      // Old label combinations linger on the page; the value is the time of the update (reference/vllm.md §1.2).
      adaptersAt = value
      adapters = [...labels.get('running_lora_adapters').split(','), ...labels.get('waiting_lora_adapters').split(',')].filter(
        (adapter) => adapter !== '',
      )
    }
  }
  if (!known) return undefined
  return {
    runningRequests: running,
    waitingRequests: waiting,
    kvUsageRatio: weightedUsage(usage, capacity),
    kvCapacityTokens: capacity.size === 0 ? Number.NaN : sum(capacity.values()),
    adaptersLoaded: [...new Set(adapters)],
  }
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

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
