import type { DialectId } from './types.ts'
import type { VersionRange } from './versions.ts'

/** What a dialect is, and whose. */
export interface Dialect {
  readonly title: string
  /** The system that speaks it: dialects of one speaker are its generations. */
  readonly speaker: string
  /** True for the names of a model server. */
  readonly engine: boolean
  /** The versions of the speaker whose main dialect it is. */
  readonly versions: VersionRange
  /** How its client library spells upper bounds of buckets; default 'go'. */
  readonly boundSpelling?: BoundSpelling
}

/**
 * 'go': the shortest digits (`le="1"`). 'python': whole numbers as floats (`le="1.0"`), in either format.
 * SOURCE: prometheus/common expfmt; prometheus_client `floatToGoString`.
 */
export type BoundSpelling = 'go' | 'python'

const ALL: VersionRange = {}

/** Every dialect; of one speaker, the newest first. */
export const dialects: Readonly<Record<DialectId, Dialect>> = {
  vllm: { title: 'vLLM V1', speaker: 'vllm', engine: true, versions: { from: '0.11' }, boundSpelling: 'python' },
  'vllm-0.9': { title: 'vLLM V1, deprecated names', speaker: 'vllm', engine: true, versions: { below: '0.11' }, boundSpelling: 'python' },
  'vllm-v0': { title: 'vLLM V0', speaker: 'vllm', engine: true, versions: { below: '0.9' }, boundSpelling: 'python' },
  sglang: { title: 'SGLang', speaker: 'sglang', engine: true, versions: ALL, boundSpelling: 'python' },
  trtllm: { title: 'TensorRT-LLM serve', speaker: 'trtllm', engine: true, versions: ALL, boundSpelling: 'python' },
  triton: { title: 'Triton with TensorRT-LLM', speaker: 'triton', engine: true, versions: ALL },
  tgi: { title: 'Text Generation Inference', speaker: 'tgi', engine: true, versions: ALL },
  llamacpp: { title: 'llama.cpp', speaker: 'llamacpp', engine: true, versions: ALL },
  'llm-d-epp': { title: 'llm-d endpoint picker', speaker: 'epp', engine: false, versions: ALL },
  'llm-d-inference-scheduler': { title: 'llm-d inference scheduler', speaker: 'epp', engine: false, versions: ALL },
  'inference-objective': { title: 'Inference extension after 0.5, requests', speaker: 'epp', engine: false, versions: ALL },
  'inference-model': { title: 'Inference extension up to 0.5, requests', speaker: 'epp', engine: false, versions: ALL },
  'inference-pool': { title: 'Inference extension, pool', speaker: 'epp', engine: false, versions: ALL },
  'inference-extension': { title: 'Inference extension, scheduler and flow control', speaker: 'epp', engine: false, versions: ALL },
  kvcache: { title: 'KV-cache manager', speaker: 'epp', engine: false, versions: ALL },
  'llm-d-sidecar': { title: 'llm-d routing sidecar', speaker: 'llm-d-sidecar', engine: false, versions: ALL },
  'lora-syncer': { title: 'Dynamic LoRA sidecar', speaker: 'lora-syncer', engine: false, versions: ALL },
  llumnix: { title: 'Llumnix', speaker: 'llumnix', engine: false, versions: ALL },
  dcgm: { title: 'DCGM exporter', speaker: 'dcgm', engine: false, versions: ALL },
  signalbox: { title: 'Signalbox', speaker: 'signalbox', engine: false, versions: ALL },
  process: { title: 'Prometheus client libraries', speaker: 'process', engine: false, versions: ALL },
  go: { title: 'Go runtime', speaker: 'go', engine: false, versions: ALL },
}
