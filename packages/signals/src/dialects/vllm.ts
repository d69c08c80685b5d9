import { vllmBuckets, vllmV0Buckets } from '../buckets.ts'
import type { DialectEntry, PrefixRule } from '../types.ts'
import { speaker } from '../voice.ts'

const speak = speaker({
  dialect: 'vllm',
  prefix: 'vllm:',
  labels: 'engine model_name=model',
  source: 'reference/vllm.md §1.2-1.4 (vllm v1/metrics/loggers.py)',
})

const connector = speaker({
  dialect: 'vllm',
  prefix: 'vllm:',
  labels: 'engine model_name=model',
  source: 'reference/vllm.md §1.5; since when: vllm-project/vllm pull request 26811',
})

/** vLLM V1, current names (0.11 and later). */
export const vllmEntries: readonly DialectEntry[] = [
  speak('num_requests_running', 'engine.requests_running', { help: 'Number of requests in model execution batches.' }),
  speak('num_requests_waiting', 'engine.requests_waiting', { help: 'Number of requests waiting to be processed.' }),
  speak('kv_cache_usage_perc', 'engine.kv_usage', {
    help: 'KV-cache usage, 1 is full.',
    since: '0.9.2',
    standing: true,
    note: 'a fraction, in spite of its name',
  }),
  speak('prefix_cache_queries_total', 'engine.prefix_queries', {
    help: 'Prefix cache queries, in tokens.',
    since: '0.9.2',
    note: 'a request without room for its blocks is looked up again each step, which inflates queries and hits',
  }),
  speak('prefix_cache_hits_total', 'engine.prefix_hits', { help: 'Prefix cache hits, in tokens.', since: '0.9.2' }),
  speak('prompt_tokens_total', 'engine.prompt_tokens', { help: 'Number of prefill tokens processed.' }),
  speak('generation_tokens_total', 'engine.generation_tokens', { help: 'Number of generation tokens processed.' }),
  speak('request_success_total', 'engine.requests_finished', {
    help: 'Finished requests by reason.',
    labels: 'engine finished_reason model_name=model',
    note: 'counts aborted and failed requests too; the Rust front end spells the label finish_reason',
  }),
  speak('num_preemptions_total', 'engine.preemptions', { help: 'Preemptions by the engine.' }),
  speak('time_to_first_token_seconds', 'engine.ttft', { help: 'Time to first token in seconds.', bounds: vllmBuckets.ttft }),
  speak('inter_token_latency_seconds', 'engine.itl', { help: 'Inter-token latency in seconds.', bounds: vllmBuckets.itl, since: '0.11' }),
  speak('request_time_per_output_token_seconds', 'engine.tpot', {
    help: 'Mean time per output token of a request in seconds.',
    bounds: vllmBuckets.itl,
    since: '0.10',
    note: '0 is observed for requests of one token',
  }),
  speak('e2e_request_latency_seconds', 'engine.e2e', { help: 'End-to-end request latency in seconds.', bounds: vllmBuckets.latency }),
  speak('request_queue_time_seconds', 'engine.queue_time', {
    help: 'Time in the WAITING phase.',
    bounds: vllmBuckets.latency,
    note: 'quantiles below the first bound are not resolved',
  }),
  speak('request_inference_time_seconds', 'engine.inference_time', { help: 'Time in the RUNNING phase.', bounds: vllmBuckets.latency }),
  speak('request_prefill_time_seconds', 'engine.prefill_time', {
    help: 'Time in the PREFILL phase.',
    bounds: vllmBuckets.latency,
    note: 'quantiles below the first bound are not resolved',
  }),
  speak('request_decode_time_seconds', 'engine.decode_time', { help: 'Time in the DECODE phase.', bounds: vllmBuckets.latency }),
  speak('request_prompt_tokens', 'engine.request_prompt_tokens', { help: 'Prompt tokens of a request.', bounds: vllmBuckets.tokens }),
  speak('request_generation_tokens', 'engine.request_generation_tokens', { help: 'Generated tokens of a request.', bounds: vllmBuckets.tokens }),
  speak('iteration_tokens_total', 'engine.iteration_tokens', {
    help: 'Tokens of an engine step.',
    bounds: vllmBuckets.iteration,
    note: 'a histogram, in spite of its name',
  }),
  speak('cache_config_info', 'engine.cache_config', {
    help: 'Configuration of the KV cache.',
    labels: 'block_size enable_prefix_caching engine num_gpu_blocks',
    note: 'one label for each field of the configuration, of which these matter here',
  }),
  speak('lora_requests_info', 'engine.lora_requests', {
    help: 'Running and waiting LoRA adapters; the value is the time of the update.',
    labels: 'max_lora running_lora_adapters waiting_lora_adapters',
    note: 'old label combinations linger: the series with the largest value counts',
  }),

  speak('num_requests_waiting_by_reason', 'engine.requests_waiting_by_reason', { labels: 'engine model_name=model reason', since: '0.19' }),
  speak('engine_sleep_state', 'engine.sleep_state', { labels: 'engine model_name=model sleep_state' }),
  speak('prompt_tokens_by_source_total', 'engine.prompt_tokens_by_source', { labels: 'engine model_name=model source', since: '0.18' }),
  speak('prompt_tokens_cached_total', 'engine.prompt_tokens_cached', { since: '0.18' }),
  speak('prompt_tokens_recomputed_total', 'engine.prompt_tokens_recomputed', { since: '0.18', note: 'gone from the newest versions' }),
  speak('external_prefix_cache_queries_total', 'engine.external_prefix_queries', { since: '0.11' }),
  speak('external_prefix_cache_hits_total', 'engine.external_prefix_hits', { since: '0.11' }),
  speak('mm_cache_queries_total', 'engine.mm_cache_queries', { since: '0.11' }),
  speak('mm_cache_hits_total', 'engine.mm_cache_hits', { since: '0.11' }),
  speak('corrupted_requests_total', 'engine.requests_corrupted', { note: 'only with VLLM_COMPUTE_NANS_IN_LOGITS=1' }),
  speak('admission_rejections_total', 'engine.requests_rejected', { labels: 'engine model_name=model reason', since: '0.32' }),
  speak('tool_call_parser_invocations_total', 'engine.tool_call_parses', { labels: 'mode model_name=model outcome request_type', since: '0.30' }),
  speak('estimated_flops_per_gpu_total', 'engine.flops_per_gpu', { note: 'moves only with --enable-mfu-metrics' }),
  speak('estimated_read_bytes_per_gpu_total', 'engine.read_bytes_per_gpu', { note: 'moves only with --enable-mfu-metrics' }),
  speak('estimated_write_bytes_per_gpu_total', 'engine.write_bytes_per_gpu', { note: 'moves only with --enable-mfu-metrics' }),
  speak('spec_decode_num_drafts_total', 'engine.spec_drafts'),
  speak('spec_decode_num_draft_tokens_total', 'engine.spec_draft_tokens'),
  speak('spec_decode_num_accepted_tokens_total', 'engine.spec_accepted_tokens'),
  speak('spec_decode_num_accepted_tokens_per_pos_total', 'engine.spec_accepted_tokens_by_position', { labels: 'engine model_name=model position' }),
  speak('request_max_num_generation_tokens', 'engine.request_max_generation_tokens', { bounds: vllmBuckets.tokens }),
  speak('request_params_max_tokens', 'engine.request_params_max_tokens', { bounds: vllmBuckets.tokens }),
  speak('request_params_n', 'engine.request_params_n', { bounds: vllmBuckets.few }),
  speak('request_prefill_kv_computed_tokens', 'engine.request_prefill_computed_tokens', { bounds: vllmBuckets.tokens }),
  speak('request_num_preemptions', 'engine.request_preemptions', { bounds: vllmBuckets.preemptions, since: '0.30' }),
  speak('kv_block_lifetime_seconds', 'engine.kv_block_lifetime', {
    bounds: vllmBuckets.residency,
    since: '0.12',
    note: 'only with --kv-cache-metrics',
  }),
  speak('kv_block_idle_before_evict_seconds', 'engine.kv_block_idle', {
    bounds: vllmBuckets.residency,
    since: '0.12',
    note: 'only with --kv-cache-metrics',
  }),
  speak('kv_block_reuse_gap_seconds', 'engine.kv_block_reuse_gap', {
    bounds: vllmBuckets.residency,
    since: '0.12',
    note: 'only with --kv-cache-metrics',
  }),

  connector('nixl_xfer_time_seconds', 'engine.kv_transfer_time', { bounds: vllmBuckets.transferTime, since: '0.12' }),
  connector('nixl_post_time_seconds', 'engine.kv_transfer_post_time', { bounds: vllmBuckets.transferPost, since: '0.12' }),
  connector('nixl_bytes_transferred', 'engine.kv_transfer_bytes', { bounds: vllmBuckets.transferBytes, since: '0.12' }),
  connector('nixl_num_descriptors', 'engine.kv_transfer_descriptors', { bounds: vllmBuckets.transferDescriptors, since: '0.12' }),
  connector('nixl_num_failed_transfers_total', 'engine.kv_transfers_failed', { since: '0.12' }),
  connector('nixl_num_failed_notifications_total', 'engine.kv_notifications_failed', { since: '0.12' }),
  connector('nixl_num_kv_expired_reqs_total', 'engine.kv_expired_requests', { since: '0.12' }),
  connector('kv_offload_total_bytes_total', 'engine.kv_offload_bytes', { labels: 'engine model_name=model transfer_type' }),
  connector('kv_offload_total_time_total', 'engine.kv_offload_seconds', { labels: 'engine model_name=model transfer_type' }),
  connector('kv_offload_size', 'engine.kv_offload_size', { labels: 'engine model_name=model transfer_type', bounds: vllmBuckets.offloadBytes }),
]

const deprecated = speaker({
  dialect: 'vllm-0.9',
  prefix: 'vllm:',
  labels: 'engine model_name=model',
  source: 'reference/vllm.md §1.8',
  until: '0.11',
})

/** The names that V1 shows beside the current ones between 0.9.2 and 0.10, and instead of them before. */
export const vllmDeprecatedEntries: readonly DialectEntry[] = [
  deprecated('gpu_cache_usage_perc', 'engine.kv_usage', { replacedBy: 'vllm:kv_cache_usage_perc', hiddenFrom: '0.11', standing: true }),
  deprecated('gpu_prefix_cache_queries_total', 'engine.prefix_queries', { replacedBy: 'vllm:prefix_cache_queries_total', hiddenFrom: '0.11' }),
  deprecated('gpu_prefix_cache_hits_total', 'engine.prefix_hits', { replacedBy: 'vllm:prefix_cache_hits_total', hiddenFrom: '0.11' }),
  deprecated('time_per_output_token_seconds', 'engine.itl', {
    bounds: vllmBuckets.itl,
    replacedBy: 'vllm:inter_token_latency_seconds',
    hiddenFrom: '0.12',
    until: '0.12',
    note: 'the samples of inter-token latency, not a mean by request',
  }),
]

const first = speaker({
  dialect: 'vllm-v0',
  prefix: 'vllm:',
  labels: 'model_name=model',
  source: 'reference/vllm.md §1.7 (vllm engine/metrics.py)',
  until: '0.8',
})
const OFF: NonNullable<DialectEntry['blanks']> = [[-1, -1]]
const MILLISECONDS = [1, 10, 100, 1000].flatMap((power) => [1, 2, 3, 5, 8].map((digit) => digit * power)).filter((bound) => bound <= 3000)

/** vLLM's first engine: no `engine` label, shorter histograms, and names without a successor. */
export const vllmV0Entries: readonly DialectEntry[] = [
  first('num_requests_running', 'engine.requests_running'),
  first('num_requests_waiting', 'engine.requests_waiting'),
  first('num_requests_swapped', 'engine.requests_swapped', { note: 'without a successor: V1 recomputes' }),
  first('gpu_cache_usage_perc', 'engine.kv_usage', { replacedBy: 'vllm:kv_cache_usage_perc' }),
  first('cpu_cache_usage_perc', 'engine.cpu_kv_usage', { note: 'without a successor' }),
  first('gpu_prefix_cache_hit_rate', 'engine.prefix_hit_ratio', { blanks: OFF, note: 'in V1 the ratio of two counters; -1 when caching is off' }),
  first('cpu_prefix_cache_hit_rate', 'engine.cpu_prefix_hit_ratio', { blanks: OFF, note: 'without a successor; -1 when caching is off' }),
  first('num_preemptions_total', 'engine.preemptions'),
  first('prompt_tokens_total', 'engine.prompt_tokens'),
  first('generation_tokens_total', 'engine.generation_tokens'),
  first('tokens_total', 'engine.tokens', { note: 'declared, never counted' }),
  first('time_to_first_token_seconds', 'engine.ttft', { bounds: vllmV0Buckets.ttft }),
  first('time_per_output_token_seconds', 'engine.itl', { bounds: vllmV0Buckets.tpot, replacedBy: 'vllm:inter_token_latency_seconds' }),
  first('e2e_request_latency_seconds', 'engine.e2e', { bounds: vllmV0Buckets.latency, note: 'the earliest versions begin at 1 s' }),
  first('request_queue_time_seconds', 'engine.queue_time', { bounds: vllmV0Buckets.latency }),
  first('time_in_queue_requests', 'engine.queue_time', { bounds: vllmV0Buckets.latency, replacedBy: 'vllm:request_queue_time_seconds' }),
  first('request_inference_time_seconds', 'engine.inference_time', { bounds: vllmV0Buckets.latency }),
  first('request_prefill_time_seconds', 'engine.prefill_time', { bounds: vllmV0Buckets.latency }),
  first('request_decode_time_seconds', 'engine.decode_time', { bounds: vllmV0Buckets.latency }),
  first('request_prompt_tokens', 'engine.request_prompt_tokens', { bounds: vllmBuckets.tokens }),
  first('request_generation_tokens', 'engine.request_generation_tokens', { bounds: vllmBuckets.tokens }),
  first('request_params_n', 'engine.request_params_n', { bounds: vllmBuckets.few }),
  first('request_params_best_of', 'engine.request_params_best_of', { bounds: vllmBuckets.few, note: 'without a successor' }),
  first('request_success_total', 'engine.requests_finished', { labels: 'finished_reason model_name=model' }),
  first('model_forward_time_milliseconds', 'engine.model_forward_time', { scale: 1000, bounds: MILLISECONDS, note: 'without a successor' }),
  first('model_execute_time_milliseconds', 'engine.model_execute_time', { scale: 1000, bounds: MILLISECONDS, note: 'without a successor' }),
  first('avg_prompt_throughput_toks_per_s', 'engine.prompt_throughput', { note: 'removed early; the rate of vllm:prompt_tokens_total' }),
  first('avg_generation_throughput_toks_per_s', 'engine.generation_throughput', { note: 'removed early; the rate of vllm:generation_tokens_total' }),
  first('spec_decode_draft_acceptance_rate', 'engine.spec_accept_ratio', { note: 'in V1 the ratio of two counters' }),
  first('spec_decode_efficiency', 'engine.spec_efficiency', { note: 'in V1 a ratio of counters' }),
  first('spec_decode_num_accepted_tokens_total', 'engine.spec_accepted_tokens'),
  first('spec_decode_num_draft_tokens_total', 'engine.spec_draft_tokens'),
  first('spec_decode_num_emitted_tokens_total', 'engine.spec_emitted_tokens', { note: 'in V1 drafts + accepted' }),
  first('cache_config_info', 'engine.cache_config', { labels: 'block_size enable_prefix_caching num_gpu_blocks' }),
]

const RAY = ['Component', 'NodeAddress', 'SessionName', 'Version', 'WorkerId']

/** Under Ray, and behind mappers that know no colon. */
export const vllmPrefixes: readonly PrefixRule[] = [
  { prefix: 'ray_vllm:', replaces: 'vllm:', labels: RAY, source: 'reference/vllm.md §1.1' },
  { prefix: 'ray_vllm_', replaces: 'vllm:', labels: RAY, source: 'reference/vllm.md §1.1' },
  { prefix: 'vllm_', replaces: 'vllm:', labels: [], source: 'reference/vllm.md §1.1' },
]
