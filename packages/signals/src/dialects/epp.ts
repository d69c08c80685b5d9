import { eppBuckets } from '../buckets.ts'
import type { SignalId } from '../catalog.ts'
import type { DialectEntry, LabelMapping } from '../types.ts'
import { eppLastVersions } from './epp-last-versions.ts'

const CURRENT_SOURCE = 'reference/epp.md §1.2-1.3 (llm-d-router pkg/epp/metrics)'
const SEED_SOURCE = 'seeds 000-002 (GAIE metrics guide); buckets reference/epp.md §1.1'
const CODE_SOURCE = 'reference/epp.md §1.2, §1.8: the renaming left its labels alone; the guide does not list error_code'

const M2: readonly LabelMapping[] = [
  { name: 'model_name', from: 'model' },
  { name: 'target_model_name', from: 'target_model' },
]
const M4: readonly LabelMapping[] = [...M2, { name: 'fairness_id', from: 'fairness_id' }, { name: 'priority', from: 'priority' }]
const POOL: readonly LabelMapping[] = [{ name: 'name', from: 'pool' }]
const same = (...names: string[]): LabelMapping[] => names.map((name) => ({ name, from: name }))
const PLUGIN = same('plugin_name', 'plugin_type')

type OldDialect = keyof typeof eppLastVersions

/** One signal under its current name and, where there is one, the older name that seeds and dashboards use. */
interface Twin {
  readonly signal: SignalId
  readonly type: DialectEntry['type']
  readonly help: string
  readonly current?: { readonly name: string; readonly labels: readonly LabelMapping[] }
  readonly old?: { readonly dialect: OldDialect; readonly name: string; readonly labels: readonly LabelMapping[]; readonly source?: string }
  readonly bounds?: readonly number[]
  /** What the originals measure otherwise. */
  readonly note?: string
}

const twins: readonly Twin[] = [
  {
    signal: 'gateway.requests',
    type: 'counter',
    help: 'Counter of requests broken out for each model.',
    note: 'the original leaves rejected requests out, so that error ratios can exceed 1',
    current: { name: 'request_total', labels: M4 },
    old: { dialect: 'inference-model', name: 'inference_model_request_total', labels: M2 },
  },
  {
    signal: 'gateway.request_errors',
    type: 'counter',
    help: 'Counter of request errors broken out for each model.',
    note: 'the original overlooks error answers of the engine',
    current: { name: 'request_error_total', labels: [...M4, ...same('error_code')] },
    old: { dialect: 'inference-model', name: 'inference_model_request_error_total', labels: [...M2, ...same('error_code')], source: CODE_SOURCE },
  },
  {
    signal: 'gateway.request_duration',
    type: 'histogram',
    help: 'Distribution of response latency in seconds.',
    bounds: eppBuckets.general,
    current: { name: 'request_duration_seconds', labels: M4 },
    old: { dialect: 'inference-model', name: 'inference_model_request_duration_seconds', labels: M2 },
  },
  {
    signal: 'gateway.ntpot',
    type: 'histogram',
    help: 'Distribution of response latency per output token in seconds.',
    bounds: eppBuckets.ntpot,
    current: { name: 'request_ntpot_seconds', labels: M4 },
    old: { dialect: 'inference-model', name: 'normalized_time_per_output_token_seconds', labels: M2 },
  },
  {
    signal: 'gateway.request_bytes',
    type: 'histogram',
    help: 'Distribution of request size in bytes.',
    bounds: eppBuckets.requestBytes,
    current: { name: 'request_size_bytes', labels: M4 },
    old: { dialect: 'inference-model', name: 'inference_model_request_sizes', labels: M2 },
  },
  {
    signal: 'gateway.response_bytes',
    type: 'histogram',
    help: 'Distribution of response size in bytes.',
    bounds: eppBuckets.responseBytes,
    current: { name: 'response_size_bytes', labels: M4 },
    old: { dialect: 'inference-model', name: 'inference_model_response_sizes', labels: M2 },
  },
  {
    signal: 'gateway.input_tokens',
    type: 'histogram',
    help: 'Distribution of input token count.',
    note: 'the original loses the usage of a stream whose event is split over chunks',
    bounds: eppBuckets.inputTokens,
    current: { name: 'request_input_tokens', labels: M4 },
    old: { dialect: 'inference-model', name: 'inference_model_input_tokens', labels: M2 },
  },
  {
    signal: 'gateway.output_tokens',
    type: 'histogram',
    help: 'Distribution of output token count.',
    note: 'the original loses the usage of a stream whose event is split over chunks',
    bounds: eppBuckets.outputTokens,
    current: { name: 'request_output_tokens', labels: M4 },
    old: { dialect: 'inference-model', name: 'inference_model_output_tokens', labels: M2 },
  },
  {
    signal: 'gateway.cached_tokens',
    type: 'histogram',
    help: 'Distribution of cached prompt tokens as the engine reports them.',
    bounds: eppBuckets.inputTokens,
    current: { name: 'request_cached_tokens', labels: M4 },
  },
  {
    signal: 'gateway.requests_running',
    type: 'gauge',
    help: 'Number of running requests for each model.',
    note: 'the original counts a request from its dispatch on, not while it queues',
    current: { name: 'request_running', labels: M4 },
    old: { dialect: 'inference-model', name: 'inference_model_running_requests', labels: [{ name: 'model_name', from: 'model' }] },
  },
  {
    signal: 'gateway.ttft',
    type: 'histogram',
    help: 'Distribution of time to first token in seconds.',
    note: 'the original takes any first chunk of the body, a role or an error too',
    bounds: eppBuckets.ttft,
    current: { name: 'request_ttft_seconds', labels: [...M4, ...same('streaming')] },
  },
  {
    signal: 'gateway.tpot',
    type: 'histogram',
    help: 'Distribution of time per output token of streamed answers in seconds.',
    bounds: eppBuckets.tpot,
    current: { name: 'request_streaming_tpot_seconds', labels: M4 },
  },
  {
    signal: 'gateway.itl',
    type: 'histogram',
    help: 'Distribution of the time between content events of a stream in seconds.',
    note: 'the original counts the gaps between chunks of the body, however they are cut',
    bounds: eppBuckets.itl,
    current: { name: 'request_streaming_itl_seconds', labels: M4 },
  },

  {
    signal: 'pool.kv_usage',
    type: 'gauge',
    help: 'The average KV-cache utilization of the pool, 0 to 1.',
    current: { name: 'average_kv_cache_utilization', labels: POOL },
    old: { dialect: 'inference-pool', name: 'inference_pool_average_kv_cache_utilization', labels: POOL },
  },
  {
    signal: 'pool.queue',
    type: 'gauge',
    help: 'The average number of requests pending in the model server queue.',
    current: { name: 'average_queue_size', labels: POOL },
    old: { dialect: 'inference-pool', name: 'inference_pool_average_queue_size', labels: POOL },
  },
  {
    signal: 'pool.running',
    type: 'gauge',
    help: 'The average number of running requests in the pool.',
    current: { name: 'average_running_requests', labels: POOL },
  },
  {
    signal: 'pool.ready',
    type: 'gauge',
    help: 'The number of ready endpoints of the pool.',
    note: 'the original counts endpoints whose state is newer than 2 s',
    current: { name: 'ready_endpoints', labels: POOL },
    old: { dialect: 'inference-pool', name: 'inference_pool_ready_pods', labels: POOL },
  },
  {
    signal: 'pool.endpoint_queue',
    type: 'gauge',
    help: 'The number of requests pending in the queue of one endpoint.',
    current: { name: 'per_endpoint_queue_size', labels: [...POOL, { name: 'model_server_endpoint', from: 'endpoint' }] },
    old: { dialect: 'inference-pool', name: 'inference_pool_per_pod_queue_size', labels: [...POOL, { name: 'model_server_pod', from: 'endpoint' }] },
  },

  {
    signal: 'scheduler.duration',
    type: 'histogram',
    help: 'End-to-end scheduling latency in seconds.',
    bounds: eppBuckets.scheduling,
    current: { name: 'scheduler_e2e_duration_seconds', labels: [] },
    old: { dialect: 'inference-extension', name: 'inference_extension_scheduler_e2e_duration_seconds', labels: [] },
  },
  {
    signal: 'scheduler.attempts',
    type: 'counter',
    help: 'Scheduling attempts by status.',
    current: {
      name: 'scheduler_attempts_total',
      labels: [
        ...same('status'),
        { name: 'target_model_name', from: 'target_model' },
        { name: 'endpoint_name', from: 'endpoint' },
        ...same('namespace', 'port'),
      ],
    },
  },
  {
    signal: 'scheduler.prefix_index_size',
    type: 'gauge',
    help: 'Blocks in the prefix index.',
    current: { name: 'prefix_indexer_size', labels: PLUGIN },
    old: { dialect: 'inference-extension', name: 'inference_extension_prefix_indexer_size', labels: [] },
  },
  {
    signal: 'scheduler.prefix_hit_ratio',
    type: 'histogram',
    help: 'Share of the prompt that the prefix index expects to be cached.',
    bounds: eppBuckets.ratio,
    current: { name: 'prefix_indexer_hit_ratio', labels: PLUGIN },
    old: { dialect: 'inference-extension', name: 'inference_extension_prefix_indexer_hit_ratio', labels: [] },
  },
  {
    signal: 'scheduler.prefix_hit_bytes',
    type: 'histogram',
    help: 'Bytes of the prompt that the prefix index expects to be cached.',
    note: 'the original takes a token for 4 bytes',
    bounds: eppBuckets.hitBytes,
    current: { name: 'prefix_indexer_hit_bytes', labels: PLUGIN },
    old: { dialect: 'inference-extension', name: 'inference_extension_prefix_indexer_hit_bytes', labels: [] },
  },
  {
    signal: 'gateway.info',
    type: 'gauge',
    help: 'General information of the current build.',
    current: { name: 'info', labels: same('commit', 'build_ref') },
    old: { dialect: 'inference-extension', name: 'inference_extension_info', labels: same('commit', 'build_ref') },
  },
]

/** The endpoint picker's names that the gateway renders: the current generation beside the one of the seed documents. */
export const eppEntries: readonly DialectEntry[] = twins.flatMap((twin) => {
  const common = {
    signal: twin.signal,
    type: twin.type,
    scale: 1,
    ...(twin.bounds === undefined ? {} : { bounds: twin.bounds }),
    ...(twin.note === undefined ? {} : { note: twin.note }),
  } as const
  const entries: DialectEntry[] = []
  const currentName = twin.current === undefined ? undefined : `llm_d_epp_${twin.current.name}`
  if (twin.current !== undefined && currentName !== undefined) {
    entries.push({
      ...common,
      dialect: 'llm-d-epp',
      name: currentName,
      help: twin.help,
      labels: twin.current.labels,
      source: CURRENT_SOURCE,
      since: '0.9.0',
    })
  }
  if (twin.old !== undefined) {
    entries.push({
      ...common,
      dialect: twin.old.dialect,
      name: twin.old.name,
      help: twin.help,
      labels: twin.old.labels,
      source: twin.old.source ?? SEED_SOURCE,
      until: eppLastVersions[twin.old.dialect],
      ...(currentName === undefined ? {} : { replacedBy: currentName }),
    })
  }
  return entries
})
