import { llumnixBuckets } from '../buckets.ts'
import type { DialectEntry } from '../types.ts'
import { speaker } from '../voice.ts'

const speak = speaker({ dialect: 'llumnix', prefix: '', labels: '', source: 'reference/llumnix.md §1 (pkg/metrics), §0' })
const MS = 1000
const BY_MODEL = { labels: 'model' } as const
const BY_STATUS = { labels: 'model status_code' } as const
const STAGE = { labels: 'model', scale: MS, bounds: llumnixBuckets.stage } as const
const TIMED = { scale: MS, bounds: llumnixBuckets.stage } as const

const requests: readonly DialectEntry[] = [
  speak('request_total', 'gateway.responses', {
    ...BY_STATUS,
    note: 'status 0 for answers of external endpoints; requests refused by parsing are left out',
  }),
  speak('request_retry_total', 'gateway.retries_by_status', BY_STATUS),
  speak('request_fallback_total', 'gateway.fallbacks', BY_STATUS),
  speak('request_fallback_retry_success_total', 'gateway.fallback_retries_ok', BY_MODEL),
  speak('request_input_tokens_total', 'gateway.prompt_tokens', BY_MODEL),
  speak('request_output_tokens_total', 'gateway.completion_tokens', { ...BY_MODEL, note: 'each chunk tokenized anew: can differ from usage' }),
  speak('request_input_tokens', 'gateway.ended_input_tokens', { ...BY_MODEL, bounds: llumnixBuckets.tokens }),
  speak('request_output_tokens', 'gateway.ended_output_tokens', { ...BY_MODEL, bounds: llumnixBuckets.tokens }),
  speak('request_e2e_latency_seconds', 'gateway.request_duration', {
    ...BY_MODEL,
    bounds: llumnixBuckets.e2eSeconds,
    note: 'the original leaves out answers of external endpoints',
  }),
  speak('request_ttft_milliseconds', 'gateway.ttft', {
    ...BY_MODEL,
    scale: MS,
    bounds: llumnixBuckets.ttft,
    population: { streaming: 'true' },
    note: 'the original starts at the end of scheduling and observes 0 where there was no first token; it streams from the engine whatever the client asked',
  }),
  speak('request_tpot_milliseconds', 'gateway.tpot', {
    ...BY_MODEL,
    scale: MS,
    bounds: llumnixBuckets.token,
    note: 'the original spreads queueing and scheduling over the tokens',
  }),
  speak('request_itl_milliseconds', 'gateway.itl', {
    ...BY_MODEL,
    scale: MS,
    bounds: llumnixBuckets.token,
    note: 'the original counts the closing chunks too',
  }),
  speak('request_queue_duration_milliseconds', 'gateway.queue_time', { ...BY_MODEL, scale: MS, bounds: llumnixBuckets.queue }),
  speak('request_schedule_duration_milliseconds', 'gateway.schedule_time', STAGE),
  speak('request_preprocess_duration_milliseconds', 'gateway.preprocess_time', { ...STAGE, note: 'the original cuts to whole milliseconds' }),
  speak('request_postprocess_duration_milliseconds', 'gateway.postprocess_time', { ...STAGE, note: 'the original cuts to whole milliseconds' }),
  speak('gateway_pending_requests', 'gateway.requests_pending'),
  speak('gateway_current_requests', 'gateway.requests_current'),
  speak('uptime_seconds', 'process.uptime'),
]

const scheduling: readonly DialectEntry[] = [
  speak('scheduler_scheduling_total', 'scheduling.succeeded', { note: 'successes only, though its help says attempts' }),
  speak('scheduler_scheduling_failed_total', 'scheduling.failed', { labels: 'error_type' }),
  speak('scheduler_rescheduling_total', 'scheduling.migrations', {
    labels: 'rescheduling_req_select_rule=rule rescheduling_req_select_order=order',
  }),
  speak('scheduler_rescheduling_failed_total', 'scheduling.migrations_failed'),
  speak('scheduler_cms_refresh_metadata_duration_milliseconds', 'scheduling.metadata_refresh_time', TIMED),
  speak('scheduler_cms_refresh_status_duration_milliseconds', 'scheduling.status_refresh_time', TIMED),
  speak('request_full_mode_schedule_duration_milliseconds', 'scheduler.duration', { ...TIMED, note: 'recorded in lite mode too' }),
  speak('request_query_prefix_cache_hit_duration_milliseconds', 'scheduler.prefix_query_time', TIMED),
  speak('request_calc_prefix_cache_hit_duration_milliseconds', 'scheduler.prefix_calc_time', TIMED),
  speak('request_prefix_cache_hit_percent', 'scheduler.prefix_hit_ratio', { scale: 100, bounds: llumnixBuckets.percent }),
  speak('request_max_prefix_cache_hit_percent', 'scheduler.prefix_hit_ratio_max', {
    scale: 100,
    bounds: llumnixBuckets.percent,
    note: 'the original observes only requests that were looked up: another population than the hit percent',
  }),
]

const BY_STAGE = { labels: 'infer_type' } as const
const selected: readonly DialectEntry[] = [
  speak('selected_instance_kv_cache_usage_ratio_projected', 'selected.kv_usage_projected', { ...BY_STAGE, bounds: llumnixBuckets.ratio }),
  speak('selected_instance_decode_batch_size', 'selected.decode_batch_size', { ...BY_STAGE, bounds: llumnixBuckets.batch }),
  speak('selected_instance_all_prefills_tokens_num', 'selected.prefill_tokens', { ...BY_STAGE, bounds: llumnixBuckets.tokens }),
  speak('selected_instance_all_decodes_tokens_num', 'selected.decode_tokens', { ...BY_STAGE, bounds: llumnixBuckets.tokens }),
  speak('selected_instance_predicted_ttft', 'selected.predicted_ttft', { ...BY_STAGE, scale: MS, bounds: llumnixBuckets.ttft }),
  speak('selected_instance_predicted_tpot', 'selected.predicted_tpot', { ...BY_STAGE, scale: MS, bounds: llumnixBuckets.token }),
]

const cms = speaker({
  dialect: 'llumnix',
  prefix: 'instance_cms_',
  labels: 'instance_id=instance infer_type',
  source: 'reference/llumnix.md §1B (CMS gauges)',
})
const instances: readonly DialectEntry[] = [
  cms('used_gpu_tokens', 'instance.used_tokens'),
  cms('waiting_requests', 'instance.waiting_requests'),
  cms('loading_requests', 'instance.loading_requests'),
  cms('running_requests', 'instance.running_requests'),
  cms('scheduler_waiting_to_decode_requests', 'instance.waiting_to_decode_requests'),
  cms('scheduler_running_to_decode_requests', 'instance.running_to_decode_requests'),
  cms('hybrid_scheduler_waiting_to_decode_requests', 'instance.hybrid_waiting_to_decode_requests'),
  cms('uncomputed_tokens_all_waiting_prefills', 'instance.uncomputed_waiting_tokens', {
    note: 'with cache awareness on, its own estimate takes the place of the state',
  }),
  cms('uncomputed_tokens_scheduler_running_prefills', 'instance.uncomputed_running_tokens'),
  cms('unallocated_tokens_scheduler_running_prefills', 'instance.unallocated_running_tokens'),
  cms('unallocated_tokens_hybrid_scheduler_waiting_decodes', 'instance.unallocated_waiting_decode_tokens'),
  cms('hybrid_scheduler_waiting_to_decode_tokens', 'instance.hybrid_waiting_to_decode_tokens'),
  cms('scheduler_waiting_to_decode_tokens', 'instance.waiting_to_decode_tokens'),
  cms('scheduler_running_to_decode_tokens', 'instance.running_to_decode_tokens'),
  cms('tokens_loading_requests', 'instance.loading_tokens'),
  cms('inflight_dispatch_requests', 'instance.inflight_requests'),
  cms('inflight_dispatch_prefill_requests', 'instance.inflight_prefill_requests'),
  cms('inflight_dispatch_decode_requests', 'instance.inflight_decode_requests'),
  cms('uncomputed_tokens_inflight_dispatch_prefill_requests', 'instance.inflight_uncomputed_tokens'),
  cms('tokens_inflight_dispatch_decode_requests', 'instance.inflight_decode_tokens'),
  cms('kv_cache_usage_ratio_projected', 'instance.kv_usage_projected', {
    note: 'the largest 32-bit float where the capacity is 0',
    blanks: [[3.4e38, 3.5e38]],
  }),
  cms('decode_batch_size', 'instance.decode_batch_size'),
  cms('all_prefills_tokens_num', 'instance.prefill_tokens'),
  cms('all_decodes_tokens_num', 'instance.decode_tokens'),
]

const lrs = speaker({
  dialect: 'llumnix',
  prefix: 'instance_lrs_',
  labels: 'model instance_id=instance infer_type',
  source: 'reference/llumnix.md §1B (LRS gauges), §9',
})
const tracked: readonly DialectEntry[] = [
  lrs('total_requests', 'tracked.requests'),
  lrs('total_tokens', 'tracked.tokens'),
  lrs('waiting_requests', 'tracked.waiting_requests'),
  lrs('waiting_tokens', 'tracked.waiting_tokens'),
  lrs('running_requests', 'tracked.running_requests', { note: 'documented, never emitted: dashboards subtract waiting from total' }),
  lrs('running_tokens', 'tracked.running_tokens', { note: 'documented, never emitted: dashboards subtract waiting from total' }),
]

/** Llumnix' gateway, scheduler and their two views of the instances. The names carry no prefix: they collide in a shared store. */
export const llumnixEntries: readonly DialectEntry[] = [...requests, ...scheduling, ...selected, ...instances, ...tracked]
