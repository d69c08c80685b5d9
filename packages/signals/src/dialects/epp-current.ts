import { eppBuckets } from '../buckets.ts'
import type { DialectEntry, PrefixRule } from '../types.ts'
import { speaker } from '../voice.ts'

const M2 = 'model_name=model target_model_name=target_model'
const POOL = 'name=pool'
const PLUGIN = 'plugin_name plugin_type'
const INFERENCE_POOL = 'inference_pool=pool'

const current = speaker({
  dialect: 'llm-d-epp',
  prefix: 'llm_d_epp_',
  labels: '',
  since: '0.9.0',
  source: 'reference/epp.md §1.2-1.3 (llm-d-router pkg/epp/metrics)',
})
const flow = speaker({
  dialect: 'llm-d-epp',
  prefix: 'llm_d_epp_flow_control_',
  labels: INFERENCE_POOL,
  since: '0.9.0',
  source: 'reference/epp.md §1.2 flow control',
})
const kv = speaker({
  dialect: 'llm-d-epp',
  prefix: 'llm_d_epp_kv_cache_',
  labels: '',
  since: '0.10.0',
  source: 'reference/epp.md §1.4',
})
const later = speaker({ dialect: 'llm-d-epp', prefix: 'llm_d_epp_', labels: '', source: 'reference/epp.md §1.7 (docs/metrics.md)' })
const sidecar = speaker({ dialect: 'llm-d-sidecar', prefix: 'moriio_dns_', labels: '', source: 'reference/epp.md §1.5' })
const lora = speaker({
  dialect: 'lora-syncer',
  prefix: 'lora_syncer_',
  labels: 'adapter_name=adapter',
  source: 'seed 001 (GAIE metrics guide, dynamic LoRA sidecar)',
})

const INFLIGHT = 'endpoint_name=endpoint namespace producer_name fairness_id priority'
const QUEUED = `fairness_id priority inference_pool=pool ${M2}`
const SCHEDULING = { bounds: eppBuckets.scheduling } as const

/** The names of the current endpoint picker beyond those the gateway renders. */
export const eppCurrentEntries: readonly DialectEntry[] = [
  current('std_dev_kv_cache_utilization', 'pool.kv_usage_stddev', { labels: POOL }),
  current('std_dev_queue_size', 'pool.queue_stddev', { labels: POOL }),
  current('std_dev_running_requests', 'pool.running_stddev', { labels: POOL }),
  current('plugin_duration_seconds', 'scheduler.plugin_time', { labels: 'extension_point plugin_type plugin_name', ...SCHEDULING }),
  current('plugin_data_scope_violations_total', 'scheduler.plugin_scope_violations', { labels: 'extension_point plugin_type plugin_name access' }),
  current('request_processing_duration_seconds', 'gateway.request_processing', { bounds: eppBuckets.requestProcessing }),
  current('response_processing_duration_seconds', 'gateway.response_processing', { bounds: eppBuckets.responseProcessing }),
  current('model_rewrite_decisions_total', 'gateway.model_rewrites', { labels: 'model_rewrite_name model_name=model target_model' }),
  current('datalayer_poll_errors_total', 'scheduler.poll_errors', { labels: 'source_type' }),
  current('datalayer_extract_errors_total', 'scheduler.extract_errors', { labels: 'source_type extractor_type' }),
  current('extproc_streams_inflight', 'extproc.streams_inflight', { note: 'only with --enable-grpc-stream-metrics' }),
  current('extproc_stream_duration_seconds', 'extproc.stream_time', { bounds: eppBuckets.stream, note: 'only with --enable-grpc-stream-metrics' }),
  current('extproc_streams_total', 'extproc.streams', { labels: 'code', note: 'only with --enable-grpc-stream-metrics' }),

  current('inflight_requests', 'scheduler.inflight_requests', { labels: INFLIGHT }),
  current('inflight_tokens', 'scheduler.inflight_tokens', { labels: INFLIGHT }),
  current('encoder_cache_queries_total', 'scheduler.encoder_cache_queries', { labels: 'plugin_type plugin_name modality' }),
  current('encoder_cache_hits_total', 'scheduler.encoder_cache_hits', { labels: 'plugin_type plugin_name modality pod' }),
  current('encoder_cache_hit_ratio', 'scheduler.encoder_cache_hit_ratio', { labels: 'plugin_type plugin_name', bounds: eppBuckets.ratio }),
  current('program_aware_jains_fairness_index', 'scheduler.fairness_index'),
  current('program_aware_avg_wait_time_milliseconds', 'scheduler.program_wait', { labels: 'program_id', scale: 1000 }),
  current('program_aware_attained_service_tokens', 'scheduler.program_tokens', { labels: 'program_id' }),
  current('inference_request_metric', 'gateway.request_metric', { labels: `${PLUGIN} ${M2} type`, note: 'seconds or a flag, by type' }),
  current('request_predicted_ttft_seconds', 'gateway.predicted_ttft', { labels: `${PLUGIN} ${M2}`, bounds: eppBuckets.general }),
  current('request_predicted_tpot_seconds', 'gateway.predicted_tpot', { labels: `${PLUGIN} ${M2}`, bounds: eppBuckets.tpotLong }),
  current('request_ttft_prediction_duration_seconds', 'gateway.ttft_prediction_time', { labels: `${PLUGIN} ${M2}`, bounds: eppBuckets.prediction }),
  current('request_tpot_prediction_duration_seconds', 'gateway.tpot_prediction_time', { labels: `${PLUGIN} ${M2}`, bounds: eppBuckets.prediction }),
  current('request_slo_violation_total', 'gateway.slo_violations', { labels: `${PLUGIN} ${M2} type` }),
  current('disagg_decision_total', 'scheduler.disagg_decisions', { labels: `${PLUGIN} model_name=model decision_type` }),
  current('pd_decision_total', 'scheduler.pd_decisions', { note: 'of a deprecated plug-in, gone from newer versions' }),
  current('disaggregatedset_strict_header_no_match_total', 'scheduler.rollout_no_match', {
    labels: 'plugin_type plugin_name selector',
    replacedBy: 'llm_d_epp_disaggregatedset_strict_revision_no_match_total',
  }),
  current('disaggregatedset_revision_gating_share', 'scheduler.rollout_share', { labels: 'plugin_type plugin_name mode revision' }),
  later('disaggregatedset_strict_revision_no_match_total', 'scheduler.rollout_no_match', { labels: 'plugin_type plugin_name' }),
  later('flow_control_detector_saturation', 'flow.detector_saturation', { labels: 'detector stage' }),
  later('prefix_cache_affinity_filter_decisions_total', 'scheduler.affinity_decisions'),

  flow('request_queue_duration_seconds', 'flow.queue_time', {
    labels: `fairness_id priority outcome inference_pool=pool ${M2}`,
    bounds: eppBuckets.flowQueue,
  }),
  flow('dispatch_cycle_duration_seconds', 'flow.dispatch_time', { labels: '', ...SCHEDULING }),
  flow('request_enqueue_duration_seconds', 'flow.enqueue_time', { labels: 'fairness_id priority outcome', ...SCHEDULING }),
  flow('queue_size', 'flow.queue_size', { labels: QUEUED }),
  flow('queue_bytes', 'flow.queue_bytes', { labels: QUEUED }),
  flow('pool_saturation', 'flow.saturation', { labels: `${INFERENCE_POOL} stage`, note: 'exactly 1 can also mean that the state is stale' }),
  flow('stale_endpoints', 'flow.stale_endpoints', { labels: 'detector', note: 'overwritten by each stage' }),
  flow('capacity_utilization_requests', 'flow.capacity_requests', { labels: `priority ${INFERENCE_POOL}` }),
  flow('capacity_utilization_bytes', 'flow.capacity_bytes', { labels: `priority ${INFERENCE_POOL}` }),
  flow('global_capacity_utilization_requests', 'flow.global_capacity_requests'),
  flow('global_capacity_utilization_bytes', 'flow.global_capacity_bytes'),
  flow('requests_total', 'flow.requests', { labels: `outcome priority ${INFERENCE_POOL}` }),
  flow('revocations_issued_total', 'flow.revocations_issued', { labels: `priority ${INFERENCE_POOL}` }),
  flow('revocations_total', 'flow.revocations', { labels: `outcome ${INFERENCE_POOL}` }),
  flow('reclaim_target', 'flow.reclaim_target'),
  flow('pending_reclaim', 'flow.pending_reclaim'),
  flow('revocation_confirmation_seconds', 'flow.revocation_time', { bounds: eppBuckets.revocation }),

  kv('index_admissions_total', 'kvindex.admissions'),
  kv('index_evictions_total', 'kvindex.evictions'),
  kv('index_lookup_requests_total', 'kvindex.lookups'),
  kv('index_lookup_hits_total', 'kvindex.lookup_hits', { note: 'blocks, while lookups are calls: their ratio is no hit rate' }),
  kv('index_max_pod_hit_count_total', 'kvindex.max_pod_hits'),
  kv('index_lookup_latency_seconds', 'kvindex.lookup_time', { bounds: eppBuckets.client }),
  kv('events_dedup_removed_hashes_suppressed_total', 'kvevents.dedup_suppressed'),
  kv('events_dedup_removed_hashes_forwarded_total', 'kvevents.dedup_forwarded'),
  kv('events_stores_skipped_total', 'kvevents.stores_skipped', { labels: 'cache_kind reason' }),
  kv('events_removals_skipped_total', 'kvevents.removals_skipped', { labels: 'cache_kind reason' }),
  kv('events_active_subscribers', 'kvevents.subscribers'),
  kv('events_subscriber_reconnections_total', 'kvevents.reconnections', { labels: 'pod_identifier=pod' }),
  kv('events_messages_received_total', 'kvevents.messages', { labels: 'pod_identifier=pod' }),
  kv('events_zmq_errors_total', 'kvevents.errors', { labels: 'pod_identifier=pod operation' }),
  kv('events_pool_queue_depth', 'kvevents.queue_depth'),
  kv('events_pool_capacity', 'kvevents.queue_shards', { note: 'worker shards, not messages' }),

  sidecar('reresolve_total', 'sidecar.dns_resolves'),
  sidecar('ip_changed_total', 'sidecar.dns_changes'),
  sidecar('lookup_failures_total', 'sidecar.dns_failures'),
  lora('adapter_status', 'lora.adapter_status'),
]

/** For some weeks of 2026 the current names were spelled after the router. */
export const eppPrefixes: readonly PrefixRule[] = [
  { prefix: 'llm_d_router_epp_', replaces: 'llm_d_epp_', labels: [], source: 'reference/epp.md §1 (naming generations), §1.4' },
]
