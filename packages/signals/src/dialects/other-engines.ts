import { sglangBuckets, trtllmBuckets, vllmBuckets } from '../buckets.ts'
import type { DialectEntry, PrefixRule } from '../types.ts'
import { speaker } from '../voice.ts'

const sglang = speaker({
  dialect: 'sglang',
  prefix: 'sglang:',
  labels: 'dp_rank=engine model_name=model',
  replicas: ['tp_rank', 'pp_rank', 'moe_ep_rank'],
  source: 'reference/vllm.md §1.10 (sglang srt/observability/metrics_collector.py)',
})
// With priority scheduling, the series without a priority is the total, and one for each priority stands beside it.
const TOTAL = { priority: '' } as const

export const sglangEntries: readonly DialectEntry[] = [
  sglang('num_running_reqs', 'engine.requests_running', { where: TOTAL }),
  sglang('num_queue_reqs', 'engine.requests_waiting', { where: TOTAL }),
  sglang('num_grammar_queue_reqs', 'engine.requests_waiting_grammar'),
  sglang('num_paused_reqs', 'engine.requests_paused'),
  sglang('num_retracted_reqs', 'engine.requests_retracted'),
  sglang('token_usage', 'engine.kv_usage', { note: 'the fullest pool of a hybrid model' }),
  sglang('swa_token_usage', 'engine.swa_usage'),
  sglang('mamba_usage', 'engine.mamba_usage'),
  sglang('num_used_tokens', 'engine.kv_used_tokens'),
  sglang('max_total_num_tokens', 'engine.kv_capacity_tokens'),
  sglang('cache_config_info', 'engine.cache_config', { labels: 'dp_rank=engine num_pages=num_gpu_blocks page_size=block_size' }),
  sglang('page_size', 'engine.kv_block_tokens', { note: 'in newer versions, instead of cache_config_info' }),
  sglang('num_pages', 'engine.kv_blocks_total', { note: 'in newer versions, instead of cache_config_info' }),
  sglang('decode_sum_seq_lens', 'engine.decode_sequence_tokens'),
  sglang('cache_hit_rate', 'engine.prefix_hit_ratio'),
  sglang('cached_tokens_total', 'engine.prompt_tokens_cached'),
  sglang('prompt_tokens_total', 'engine.prompt_tokens', { note: 'counted when the request ends' }),
  sglang('generation_tokens_total', 'engine.generation_tokens', { note: 'counted when the request ends; realtime_tokens_total moves meanwhile' }),
  sglang('realtime_tokens_total', 'engine.realtime_tokens', { labels: 'dp_rank=engine mode model_name=model' }),
  sglang('gen_throughput', 'engine.generation_throughput'),
  sglang('num_requests_total', 'engine.requests_finished', { note: 'without a reason; aborted ones are counted apart' }),
  sglang('num_aborted_requests_total', 'engine.requests_aborted'),
  sglang('num_retracted_requests_total', 'engine.preemptions'),
  sglang('num_retractions', 'engine.request_preemptions', { bounds: sglangBuckets.retractions }),
  sglang('time_to_first_token_seconds', 'engine.ttft', { bounds: sglangBuckets.ttft }),
  sglang('inter_token_latency_seconds', 'engine.itl', { bounds: sglangBuckets.itl }),
  sglang('time_per_output_token_seconds', 'engine.itl', { replacedBy: 'sglang:inter_token_latency_seconds' }),
  sglang('e2e_request_latency_seconds', 'engine.e2e', { bounds: sglangBuckets.e2e }),
  sglang('queue_time_seconds', 'engine.queue_time', { bounds: sglangBuckets.queue, note: 'the bounds changed between versions' }),
  sglang('per_stage_req_latency_seconds', 'engine.stage_time', { labels: 'dp_rank=engine model_name=model stage' }),
  sglang('func_latency_seconds', 'engine.function_time', { labels: 'name=function' }),
  sglang('spec_accept_length', 'engine.spec_accept_length'),
  sglang('spec_accept_rate', 'engine.spec_accept_ratio'),
  sglang('num_prefill_prealloc_queue_reqs', 'engine.prefill_bootstrap_queue', {
    where: TOTAL,
    replacedBy: 'sglang:num_prefill_bootstrap_queue_reqs',
  }),
  sglang('num_prefill_bootstrap_queue_reqs', 'engine.prefill_bootstrap_queue', { where: TOTAL }),
  sglang('num_prefill_inflight_queue_reqs', 'engine.prefill_inflight_queue', { where: TOTAL }),
  sglang('num_decode_prealloc_queue_reqs', 'engine.decode_prealloc_queue', { where: TOTAL }),
  sglang('num_decode_transfer_queue_reqs', 'engine.decode_transfer_queue', { where: TOTAL }),
  sglang('kv_transfer_speed_gb_s', 'engine.kv_transfer_speed', {
    scale: 1e-9,
    bounds: sglangBuckets.transferSpeed,
    note: 'a gauge of the last transfer in older versions',
  }),
  sglang('kv_transfer_latency_ms', 'engine.kv_transfer_time', {
    scale: 1000,
    bounds: sglangBuckets.transferTime,
    note: 'a gauge of the last transfer in older versions',
  }),
  sglang('utilization', 'engine.utilization'),
  sglang('max_running_requests_under_SLO', 'engine.requests_running_slo_max'),
  sglang('engine_startup_time', 'engine.startup_time'),
  sglang('is_cuda_graph', 'engine.cuda_graph'),
  sglang('lora_pool_slots_used', 'engine.lora_slots_used'),
  sglang('lora_pool_slots_total', 'engine.lora_slots_total'),
]

export const sglangPrefixes: readonly PrefixRule[] = [{ prefix: 'sglang_', replaces: 'sglang:', labels: [], source: 'reference/ux.md §0' }]

const trtllm = speaker({
  dialect: 'trtllm',
  prefix: 'trtllm_',
  labels: 'model_name=model',
  source: 'reference/vllm.md §1.10, reference/epp.md §4.2 (TensorRT-LLM metrics/collector.py)',
})

export const trtllmEntries: readonly DialectEntry[] = [
  trtllm('num_requests_running', 'engine.requests_running'),
  trtllm('num_requests_waiting', 'engine.requests_waiting'),
  trtllm('num_paused_requests', 'engine.requests_paused'),
  trtllm('num_context_requests', 'engine.requests_prefilling'),
  trtllm('num_generation_requests', 'engine.requests_decoding'),
  trtllm('max_num_active_requests', 'engine.requests_running_max'),
  trtllm('kv_cache_utilization', 'engine.kv_usage'),
  trtllm('kv_cache_hit_rate', 'engine.prefix_hit_ratio'),
  trtllm('kv_cache_max_blocks', 'engine.kv_blocks_total'),
  trtllm('kv_cache_used_blocks', 'engine.kv_blocks_used'),
  trtllm('kv_cache_free_blocks', 'engine.kv_blocks_free'),
  trtllm('kv_cache_tokens_per_block', 'engine.kv_block_tokens'),
  trtllm('prompt_tokens_total', 'engine.prompt_tokens'),
  trtllm('generation_tokens_total', 'engine.generation_tokens'),
  trtllm('prompt_cached_tokens_total', 'engine.prompt_tokens_cached'),
  trtllm('request_success_total', 'engine.requests_finished', { labels: 'finished_reason model_name=model' }),
  trtllm('request_error_total', 'engine.requests_failed', { labels: 'http_code=code model_name=model' }),
  trtllm('time_to_first_token_seconds', 'engine.ttft', { bounds: vllmBuckets.ttft }),
  trtllm('time_per_output_token_seconds', 'engine.tpot', { bounds: vllmBuckets.itl, note: 'one observation a request' }),
  trtllm('e2e_request_latency_seconds', 'engine.e2e', { bounds: vllmBuckets.latency }),
  trtllm('request_queue_time_seconds', 'engine.queue_time', { bounds: vllmBuckets.latency }),
  trtllm('request_prefill_time_seconds', 'engine.prefill_time', { bounds: trtllmBuckets.prefill }),
  trtllm('request_decode_time_seconds', 'engine.decode_time', { bounds: vllmBuckets.latency }),
  trtllm('request_inference_time_seconds', 'engine.inference_time', { bounds: vllmBuckets.latency }),
  trtllm('spec_decode_num_draft_tokens_total', 'engine.spec_draft_tokens'),
  trtllm('spec_decode_num_accepted_tokens_total', 'engine.spec_accepted_tokens'),
  trtllm('spec_decode_acceptance_length', 'engine.spec_accept_length'),
]

const triton = speaker({
  dialect: 'triton',
  prefix: 'nv_',
  labels: 'model',
  source: 'reference/vllm.md §1.10, reference/epp.md §4.2 (tensorrtllm_backend README)',
})
const requestsOf = (type: string) => ({ where: { request_type: type } })
const blocksOf = (type: string) => ({ where: { kv_cache_block_type: type } })

/** Triton with the TensorRT-LLM backend: a few families, whose labels say which quantity a series is. */
export const tritonEntries: readonly DialectEntry[] = [
  triton('trt_llm_request_metrics', 'engine.requests_running', requestsOf('scheduled')),
  triton('trt_llm_request_metrics', 'engine.requests_waiting', requestsOf('waiting')),
  triton('trt_llm_request_metrics', 'engine.requests_active', requestsOf('active')),
  triton('trt_llm_request_metrics', 'engine.requests_prefilling', requestsOf('context')),
  triton('trt_llm_request_metrics', 'engine.requests_running_max', requestsOf('max')),
  triton('trt_llm_kv_cache_block_metrics', 'engine.kv_usage', { ...blocksOf('fraction'), note: 'older versions show only used and max blocks' }),
  triton('trt_llm_kv_cache_block_metrics', 'engine.kv_blocks_total', blocksOf('max')),
  triton('trt_llm_kv_cache_block_metrics', 'engine.kv_blocks_used', blocksOf('used')),
  triton('trt_llm_kv_cache_block_metrics', 'engine.kv_blocks_free', blocksOf('free')),
  triton('trt_llm_kv_cache_block_metrics', 'engine.kv_block_tokens', blocksOf('tokens_per')),
  triton('trt_llm_runtime_memory_metrics', 'engine.memory_bytes', { labels: 'memory_type model' }),
  triton('trt_llm_inflight_batcher_metrics', 'engine.requests_decoding', { where: { inflight_batcher_specific_metric: 'generation_requests' } }),
  triton('inference_pending_request_count', 'engine.requests_waiting'),
  triton('inference_request_success', 'engine.requests_finished', { note: 'successes only; a counter without _total' }),
  triton('inference_request_failure', 'engine.requests_failed', { note: 'a counter without _total' }),
  triton('inference_count', 'engine.inferences', { note: 'a counter without _total' }),
  triton('inference_exec_count', 'engine.steps', { note: 'a counter without _total' }),
  triton('inference_request_duration_us', 'engine.e2e_seconds', { scale: 1e6 }),
  triton('inference_queue_duration_us', 'engine.queue_seconds', { scale: 1e6 }),
  triton('gpu_utilization', 'gpu.utilization', { labels: '' }),
  triton('gpu_power_usage', 'gpu.power', { labels: '' }),
  triton('energy_consumption', 'gpu.energy', { labels: '' }),
]

const tgi = speaker({
  dialect: 'tgi',
  prefix: 'tgi_',
  labels: '',
  source: 'reference/vllm.md §1.10 (text-generation-inference reference/metrics)',
})

export const tgiEntries: readonly DialectEntry[] = [
  tgi('batch_current_size', 'engine.requests_running'),
  tgi('queue_size', 'engine.requests_waiting'),
  tgi('batch_current_max_tokens', 'engine.batch_tokens_max'),
  tgi('batch_next_size', 'engine.batch_size'),
  tgi('batch_inference_count', 'engine.batch_inferences', { labels: 'method', note: 'a counter without _total' }),
  tgi('batch_inference_success', 'engine.batch_inferences_ok', { labels: 'method', note: 'a counter without _total' }),
  tgi('batch_inference_duration', 'engine.batch_time', { labels: 'method' }),
  tgi('batch_forward_duration', 'engine.batch_forward_time', { labels: 'method' }),
  tgi('batch_decode_duration', 'engine.batch_decode_time', { labels: 'method' }),
  tgi('batch_filter_duration', 'engine.batch_filter_time', { labels: 'method' }),
  tgi('request_count', 'engine.requests_received', { note: 'a counter without _total' }),
  tgi('request_success', 'engine.requests_finished', { note: 'successes only; a counter without _total' }),
  tgi('request_duration', 'engine.e2e', { note: 'successes only' }),
  tgi('request_queue_duration', 'engine.queue_time'),
  tgi('request_inference_duration', 'engine.inference_time'),
  tgi('request_validation_duration', 'engine.request_validation_time'),
  tgi('request_mean_time_per_token_duration', 'engine.tpot'),
  tgi('request_input_length', 'engine.request_prompt_tokens'),
  tgi('request_generated_tokens', 'engine.request_generation_tokens'),
  tgi('request_max_new_tokens', 'engine.request_params_max_tokens'),
  tgi('request_skipped_tokens', 'engine.request_skipped_tokens'),
]

const llamacpp = speaker({
  dialect: 'llamacpp',
  prefix: 'llamacpp:',
  labels: '',
  source: 'reference/vllm.md §1.10 (llama.cpp tools/server README)',
})

export const llamacppEntries: readonly DialectEntry[] = [
  llamacpp('requests_processing', 'engine.requests_running'),
  llamacpp('requests_deferred', 'engine.requests_waiting'),
  llamacpp('kv_cache_usage_ratio', 'engine.kv_usage', { note: 'gone from newer versions' }),
  llamacpp('kv_cache_tokens', 'engine.kv_used_tokens', { note: 'gone from newer versions' }),
  llamacpp('prompt_tokens_total', 'engine.prompt_tokens'),
  llamacpp('prompt_tokens_cached_total', 'engine.prompt_tokens_cached', { note: 'in newer versions' }),
  llamacpp('tokens_predicted_total', 'engine.generation_tokens'),
  llamacpp('prompt_seconds_total', 'engine.prefill_seconds'),
  llamacpp('tokens_predicted_seconds_total', 'engine.decode_seconds'),
  llamacpp('prompt_tokens_seconds', 'engine.prompt_throughput', { note: 'tokens a second, in spite of its name' }),
  llamacpp('predicted_tokens_seconds', 'engine.generation_throughput', { note: 'tokens a second, in spite of its name' }),
  llamacpp('n_decode_total', 'engine.steps'),
  llamacpp('n_tokens_max', 'engine.context_tokens_max'),
  llamacpp('n_busy_slots_per_decode', 'engine.batch_size_mean'),
  llamacpp('spec_decode_num_draft_tokens_total', 'engine.spec_draft_tokens', { note: 'in newer versions' }),
  llamacpp('spec_decode_num_accepted_tokens_total', 'engine.spec_accepted_tokens', { note: 'in newer versions' }),
]
