import { vllmBuckets } from './buckets.ts'
import type { SignalId } from './catalog.ts'
import type { DialectEntry, LabelMapping } from './types.ts'

const SOURCE = 'reference/vllm.md §1.2-1.4 (vllm v1/metrics/loggers.py)'
const BASE: readonly LabelMapping[] = [
  { name: 'engine', from: 'engine' },
  { name: 'model_name', from: 'model' },
]

function entry(
  signal: SignalId,
  type: DialectEntry['type'],
  name: string,
  help: string,
  more: { labels?: readonly LabelMapping[]; bounds?: readonly number[]; since?: string } = {},
): DialectEntry {
  return { signal, dialect: 'vllm', name: `vllm:${name}`, type, help, scale: 1, labels: more.labels ?? BASE, source: SOURCE, ...more }
}

const same = (...names: string[]): LabelMapping[] => names.map((name) => ({ name, from: name }))

/** vLLM V1, current names (0.11 and later). */
export const vllmEntries: readonly DialectEntry[] = [
  entry('engine.requests_running', 'gauge', 'num_requests_running', 'Number of requests in model execution batches.'),
  entry('engine.requests_waiting', 'gauge', 'num_requests_waiting', 'Number of requests waiting to be processed.'),
  entry('engine.kv_usage', 'gauge', 'kv_cache_usage_perc', 'KV-cache usage, 1 is full.', { since: '0.9.2' }),
  entry('engine.prefix_queries', 'counter', 'prefix_cache_queries_total', 'Prefix cache queries, in tokens.', { since: '0.9.2' }),
  entry('engine.prefix_hits', 'counter', 'prefix_cache_hits_total', 'Prefix cache hits, in tokens.', { since: '0.9.2' }),
  entry('engine.prompt_tokens', 'counter', 'prompt_tokens_total', 'Number of prefill tokens processed.'),
  entry('engine.generation_tokens', 'counter', 'generation_tokens_total', 'Number of generation tokens processed.'),
  entry('engine.requests_finished', 'counter', 'request_success_total', 'Finished requests by reason.', {
    labels: [{ name: 'engine', from: 'engine' }, ...same('finished_reason'), { name: 'model_name', from: 'model' }],
  }),
  entry('engine.preemptions', 'counter', 'num_preemptions_total', 'Preemptions by the engine.'),
  entry('engine.ttft', 'histogram', 'time_to_first_token_seconds', 'Time to first token in seconds.', { bounds: vllmBuckets.ttft }),
  entry('engine.itl', 'histogram', 'inter_token_latency_seconds', 'Inter-token latency in seconds.', { bounds: vllmBuckets.itl, since: '0.11' }),
  entry('engine.tpot', 'histogram', 'request_time_per_output_token_seconds', 'Mean time per output token of a request in seconds.', {
    bounds: vllmBuckets.itl,
    since: '0.10',
  }),
  entry('engine.e2e', 'histogram', 'e2e_request_latency_seconds', 'End-to-end request latency in seconds.', { bounds: vllmBuckets.latency }),
  entry('engine.queue_time', 'histogram', 'request_queue_time_seconds', 'Time in the WAITING phase.', { bounds: vllmBuckets.latency }),
  entry('engine.inference_time', 'histogram', 'request_inference_time_seconds', 'Time in the RUNNING phase.', { bounds: vllmBuckets.latency }),
  entry('engine.prefill_time', 'histogram', 'request_prefill_time_seconds', 'Time in the PREFILL phase.', { bounds: vllmBuckets.latency }),
  entry('engine.decode_time', 'histogram', 'request_decode_time_seconds', 'Time in the DECODE phase.', { bounds: vllmBuckets.latency }),
  entry('engine.request_prompt_tokens', 'histogram', 'request_prompt_tokens', 'Prompt tokens of a request.', { bounds: vllmBuckets.tokens }),
  entry('engine.request_generation_tokens', 'histogram', 'request_generation_tokens', 'Generated tokens of a request.', {
    bounds: vllmBuckets.tokens,
  }),
  entry('engine.iteration_tokens', 'histogram', 'iteration_tokens_total', 'Tokens of an engine step.', { bounds: vllmBuckets.iteration }),
  entry('engine.cache_config', 'gauge', 'cache_config_info', 'Configuration of the KV cache.', {
    labels: same('block_size', 'enable_prefix_caching', 'engine', 'num_gpu_blocks'),
  }),
  entry('engine.lora_requests', 'gauge', 'lora_requests_info', 'Running and waiting LoRA adapters; the value is the time of the update.', {
    labels: same('max_lora', 'running_lora_adapters', 'waiting_lora_adapters'),
  }),
]
