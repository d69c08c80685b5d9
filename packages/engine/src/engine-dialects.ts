import { type DialectEntry, entriesAt } from '@signalbox/signals'
import type { DialectMetrics, Instruments } from './ports.ts'
import { SglangMetrics } from './sglang-metrics.ts'
import type { EngineOptions } from './types.ts'
import { VllmMetrics } from './vllm-metrics.ts'

/** The names of `engine.dialect`. */
export type EngineDialectId = 'vllm' | 'vllm-0.9' | 'vllm-v0' | 'sglang'

/** How an engine states what it does: the names of one version of one system, and their meanings. */
export interface EngineDialect {
  /** What speaks like this, for people. */
  readonly title: string
  /** The names on its page, in page order. Those of features that the engine lacks are recorded by nobody and render nothing. */
  readonly entries: readonly DialectEntry[]
  /** The version of vLLM that the engine's HTTP front names: the one of the page, or the newest beside another system's page. */
  readonly vllmVersion: string
  /** Begins to record under these names; `instruments` should render `entries`. */
  record(instruments: Instruments, options: EngineOptions): DialectMetrics
}

const recordVllm = (instruments: Instruments, options: EngineOptions): DialectMetrics => new VllmMetrics(instruments, options)
const NEWEST = '0.32.0'

/** Every dialect that a simulated engine speaks. SOURCE of the versions: `reference/vllm.md` §1.7-1.8, §1.10. */
export const engineDialects: Readonly<Record<EngineDialectId, EngineDialect>> = {
  vllm: { title: `vLLM ${NEWEST}`, entries: entriesAt(['vllm'], NEWEST), vllmVersion: NEWEST, record: recordVllm },
  'vllm-0.9': {
    title: 'vLLM 0.9.2, in the middle of a renaming: old names and new ones',
    entries: entriesAt(['vllm', 'vllm-0.9'], '0.9.2'),
    vllmVersion: '0.9.2',
    record: recordVllm,
  },
  'vllm-v0': { title: 'vLLM 0.8.5 with its first engine', entries: entriesAt(['vllm-v0'], '0.8.5'), vllmVersion: '0.8.5', record: recordVllm },
  sglang: {
    title: 'SGLang 0.5',
    // The catalogue does not know since when its deprecated name is gone; it is.
    entries: entriesAt(['sglang'], '0.5').filter(({ replacedBy }) => replacedBy === undefined),
    vllmVersion: NEWEST,
    record: (instruments, options) => new SglangMetrics(instruments, options),
  },
}
