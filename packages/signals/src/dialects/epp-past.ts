import { eppBuckets } from '../buckets.ts'
import type { DialectEntry } from '../types.ts'
import { speaker } from '../voice.ts'
import { eppLastVersions } from './epp-last-versions.ts'

const M2 = 'model_name=model target_model_name=target_model'
const successor = (name: string) => ({ replacedBy: `llm_d_epp_${name}` })

const model = speaker({
  dialect: 'inference-model',
  until: eppLastVersions['inference-model'],
  prefix: 'inference_model_',
  labels: M2,
  source: 'reference/epp.md §1.8',
  readOnly: true,
})
const objective = speaker({
  dialect: 'inference-objective',
  until: eppLastVersions['inference-objective'],
  prefix: 'inference_objective_',
  labels: M2,
  source: 'reference/epp.md §1.2-1.3 (deprecated twins)',
})
const pool = speaker({
  dialect: 'inference-pool',
  until: eppLastVersions['inference-pool'],
  prefix: 'inference_pool_',
  labels: 'name=pool',
  source: 'reference/epp.md §1.2 pool',
  readOnly: true,
})
const EXTENSION = {
  dialect: 'inference-extension',
  prefix: 'inference_extension_',
  labels: '',
  source: 'reference/epp.md §1.2 (deprecated twins)',
} as const
const extension = speaker({ ...EXTENSION, until: eppLastVersions['inference-extension'] })
/** Three names outlived the others for an autoscaler that reads them; the version that dropped them is not known (reference/epp.md §1.7). */
const outlasting = speaker(EXTENSION)
const scheduler = speaker({
  dialect: 'llm-d-inference-scheduler',
  until: eppLastVersions['llm-d-inference-scheduler'],
  prefix: 'llm_d_inference_scheduler_',
  labels: '',
  source: 'reference/epp.md §1.2 data layer, §1.3',
})
const kv = speaker({ dialect: 'kvcache', prefix: 'kvcache_', labels: '', source: 'reference/epp.md §1.4' })

/** The router shows these beside their successors up to 0.11 (reference/epp.md §1.7). */
const aliasOf = (name: string) => ({ ...successor(name), until: '0.11' })

const SCHEDULING = { bounds: eppBuckets.scheduling } as const
const QUEUED = `fairness_id priority inference_pool=pool ${M2}`
const flowTwin = (name: string) => successor(`flow_control_${name}`)

/** What earlier endpoint pickers call their metrics, beyond what the gateway renders of it. */
export const eppPastEntries: readonly DialectEntry[] = [
  model('normalized_time_per_output_token_seconds', 'gateway.ntpot', {
    bounds: eppBuckets.ntpot,
    ...successor('request_ntpot_seconds'),
    note: 'the guide leaves the prefix out',
  }),

  objective('request_total', 'gateway.requests', { labels: `${M2} priority`, ...successor('request_total') }),
  objective('request_error_total', 'gateway.request_errors', { labels: `${M2} error_code`, ...successor('request_error_total') }),
  objective('request_duration_seconds', 'gateway.request_duration', { bounds: eppBuckets.general, ...successor('request_duration_seconds') }),
  objective('request_sizes', 'gateway.request_bytes', { bounds: eppBuckets.requestBytes, ...successor('request_size_bytes') }),
  objective('response_sizes', 'gateway.response_bytes', { bounds: eppBuckets.responseBytes, ...successor('response_size_bytes') }),
  objective('input_tokens', 'gateway.input_tokens', { bounds: eppBuckets.inputTokens, ...successor('request_input_tokens') }),
  objective('output_tokens', 'gateway.output_tokens', { bounds: eppBuckets.outputTokens, ...successor('request_output_tokens') }),
  objective('prompt_cached_tokens', 'gateway.cached_tokens', { bounds: eppBuckets.inputTokens, ...successor('request_cached_tokens') }),
  objective('running_requests', 'gateway.requests_running', { labels: 'model_name=model', ...successor('request_running') }),
  objective('normalized_time_per_output_token_seconds', 'gateway.ntpot', { bounds: eppBuckets.ntpot, ...successor('request_ntpot_seconds') }),
  objective('request_ttft_seconds', 'gateway.ttft', {
    bounds: eppBuckets.general,
    ...successor('request_ttft_seconds'),
    note: 'only with the predicted-latency plug-in',
  }),
  objective('request_tpot_seconds', 'gateway.tpot', {
    bounds: eppBuckets.tpotLong,
    ...successor('request_streaming_tpot_seconds'),
    note: 'only with the predicted-latency plug-in',
  }),
  objective('inference_request_metric', 'gateway.request_metric', { labels: `${M2} type`, ...successor('inference_request_metric') }),
  objective('request_predicted_ttft_seconds', 'gateway.predicted_ttft', {
    bounds: eppBuckets.general,
    ...successor('request_predicted_ttft_seconds'),
  }),
  objective('request_predicted_tpot_seconds', 'gateway.predicted_tpot', {
    bounds: eppBuckets.tpotLong,
    ...successor('request_predicted_tpot_seconds'),
  }),
  objective('request_ttft_prediction_duration_seconds', 'gateway.ttft_prediction_time', {
    bounds: eppBuckets.prediction,
    ...successor('request_ttft_prediction_duration_seconds'),
  }),
  objective('request_tpot_prediction_duration_seconds', 'gateway.tpot_prediction_time', {
    bounds: eppBuckets.prediction,
    ...successor('request_tpot_prediction_duration_seconds'),
  }),
  objective('request_slo_violation_total', 'gateway.slo_violations', { labels: `${M2} type`, ...successor('request_slo_violation_total') }),

  pool('average_running_requests', 'pool.running', successor('average_running_requests')),

  outlasting('scheduler_attempts_total', 'scheduler.attempts', {
    labels: 'status target_model_name=target_model pod_name=endpoint namespace port',
    ...successor('scheduler_attempts_total'),
    readOnly: true,
  }),
  extension('plugin_duration_seconds', 'scheduler.plugin_time', {
    labels: 'extension_point plugin_type plugin_name',
    ...SCHEDULING,
    ...successor('plugin_duration_seconds'),
  }),
  extension('model_rewrite_decisions_total', 'gateway.model_rewrites', {
    labels: 'model_rewrite_name model_name=model target_model',
    ...successor('model_rewrite_decisions_total'),
  }),
  extension('flow_control_request_queue_duration_seconds', 'flow.queue_time', {
    labels: `fairness_id priority outcome inference_pool=pool ${M2}`,
    bounds: eppBuckets.flowQueue,
    ...flowTwin('request_queue_duration_seconds'),
  }),
  extension('flow_control_dispatch_cycle_duration_seconds', 'flow.dispatch_time', { ...SCHEDULING, ...flowTwin('dispatch_cycle_duration_seconds') }),
  extension('flow_control_request_enqueue_duration_seconds', 'flow.enqueue_time', {
    labels: 'fairness_id priority outcome',
    ...SCHEDULING,
    ...flowTwin('request_enqueue_duration_seconds'),
  }),
  outlasting('flow_control_queue_size', 'flow.queue_size', { labels: QUEUED, ...flowTwin('queue_size') }),
  outlasting('flow_control_queue_bytes', 'flow.queue_bytes', { labels: QUEUED, ...flowTwin('queue_bytes') }),
  extension('flow_control_pool_saturation', 'flow.saturation', { labels: 'inference_pool=pool stage', ...flowTwin('pool_saturation') }),

  scheduler('datalayer_poll_errors_total', 'scheduler.poll_errors', { labels: 'source_type', ...successor('datalayer_poll_errors_total') }),
  scheduler('datalayer_extract_errors_total', 'scheduler.extract_errors', {
    labels: 'source_type extractor_type',
    ...successor('datalayer_extract_errors_total'),
  }),
  scheduler('disagg_decision_total', 'scheduler.disagg_decisions', {
    labels: 'model_name=model decision_type',
    ...successor('disagg_decision_total'),
  }),
  scheduler('pd_decision_total', 'scheduler.pd_decisions', successor('pd_decision_total')),

  kv('index_admissions_total', 'kvindex.admissions', aliasOf('kv_cache_index_admissions_total')),
  kv('index_evictions_total', 'kvindex.evictions', aliasOf('kv_cache_index_evictions_total')),
  kv('index_lookup_requests_total', 'kvindex.lookups', aliasOf('kv_cache_index_lookup_requests_total')),
  kv('index_lookup_hits_total', 'kvindex.lookup_hits', aliasOf('kv_cache_index_lookup_hits_total')),
  kv('index_max_pod_hit_count_total', 'kvindex.max_pod_hits', aliasOf('kv_cache_index_max_pod_hit_count_total')),
  kv('index_lookup_latency_seconds', 'kvindex.lookup_time', { bounds: eppBuckets.client, ...aliasOf('kv_cache_index_lookup_latency_seconds') }),
  kv('kvevents_dedup_removed_hashes_suppressed_total', 'kvevents.dedup_suppressed', aliasOf('kv_cache_events_dedup_removed_hashes_suppressed_total')),
  kv('kvevents_dedup_removed_hashes_forwarded_total', 'kvevents.dedup_forwarded', aliasOf('kv_cache_events_dedup_removed_hashes_forwarded_total')),
  kv('tokenization_render_chat_template_latency_seconds', 'kvindex.render_time', { labels: 'tokenizer', note: 'without a successor' }),
  kv('tokenization_tokenization_latency_seconds', 'kvindex.tokenization_time', { labels: 'tokenizer', note: 'without a successor' }),
  kv('tokenization_tokenized_tokens_total', 'kvindex.tokenized_tokens', { labels: 'tokenizer', note: 'without a successor' }),
]
