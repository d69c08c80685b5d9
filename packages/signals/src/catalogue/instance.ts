import { signal } from '../signal.ts'

const INSTANCE = ['instance', 'infer_type'] as const
const TRACKED = ['model', 'instance', 'infer_type'] as const
const STAGE = ['infer_type'] as const

/** An engine's state as a central scheduler keeps it (`instance.*`), as it keeps it without the engine's help (`tracked.*`), and at the moment of a choice (`selected.*`). */
export const instanceSignals = {
  'instance.used_tokens': signal('gauge tokens neither', INSTANCE, 'Tokens of the blocks in use.', 'KV load'),
  'instance.waiting_requests': signal(
    'gauge requests down',
    INSTANCE,
    "Requests waiting in the engine's scheduler and in its transfer queue.",
    'saturation',
  ),
  'instance.loading_requests': signal('gauge requests neither', INSTANCE, 'Requests whose KV is being fetched.', 'disaggregated serving'),
  'instance.running_requests': signal('gauge requests neither', INSTANCE, "Requests on the engine's running list.", 'load'),
  'instance.waiting_to_decode_requests': signal('gauge requests down', INSTANCE, 'Waiting requests that will decode here.', 'decode load to come'),
  'instance.running_to_decode_requests': signal(
    'gauge requests neither',
    INSTANCE,
    'Running requests that decode here; those being migrated are left out.',
    'decode load',
  ),
  'instance.hybrid_waiting_to_decode_requests': signal(
    'gauge requests down',
    INSTANCE,
    'Requests in the transfer queue that will decode here.',
    'decode load to come',
  ),
  'instance.uncomputed_waiting_tokens': signal(
    'gauge tokens down',
    INSTANCE,
    'Prompt tokens of waiting requests that need computing.',
    'prefill load to come',
  ),
  'instance.uncomputed_running_tokens': signal(
    'gauge tokens neither',
    INSTANCE,
    'Prompt tokens of running prefills that need computing.',
    'prefill load',
  ),
  'instance.unallocated_running_tokens': signal(
    'gauge tokens neither',
    INSTANCE,
    'Tokens of running prefills that have no block yet.',
    'KV load to come',
  ),
  'instance.unallocated_waiting_decode_tokens': signal(
    'gauge tokens neither',
    INSTANCE,
    'Tokens of decodes in the transfer queue that have no block yet.',
    'KV load to come',
  ),
  'instance.hybrid_waiting_to_decode_tokens': signal(
    'gauge tokens neither',
    INSTANCE,
    'Tokens of requests in the transfer queue that will decode here.',
    'decode load to come',
  ),
  'instance.waiting_to_decode_tokens': signal(
    'gauge tokens neither',
    INSTANCE,
    'Tokens of waiting requests that will decode here.',
    'decode load to come',
  ),
  'instance.running_to_decode_tokens': signal('gauge tokens neither', INSTANCE, 'Tokens so far of running requests that decode here.', 'decode load'),
  'instance.loading_tokens': signal('gauge tokens neither', INSTANCE, 'Tokens of requests whose KV is being fetched.', 'disaggregated serving'),
  'instance.inflight_requests': signal('gauge requests neither', INSTANCE, 'Requests dispatched and not yet seen in the state.', 'age of the state'),
  'instance.inflight_prefill_requests': signal('gauge requests neither', INSTANCE, 'Those among them that prefill here.', 'age of the state'),
  'instance.inflight_decode_requests': signal('gauge requests neither', INSTANCE, 'Those among them that decode here.', 'age of the state'),
  'instance.inflight_uncomputed_tokens': signal(
    'gauge tokens neither',
    INSTANCE,
    'Prompt tokens of dispatched prefills not yet seen in the state.',
    'prefill load to come',
  ),
  'instance.inflight_decode_tokens': signal(
    'gauge tokens neither',
    INSTANCE,
    'Prompt tokens of dispatched decodes not yet seen in the state.',
    'decode load to come',
  ),
  'instance.kv_usage_projected': signal(
    'gauge ratio neither',
    INSTANCE,
    'KV usage once everything known has its blocks; can exceed 1.',
    'saturation to come',
  ),
  'instance.decode_batch_size': signal('gauge requests neither', INSTANCE, 'Requests decoding here or about to.', 'decode load'),
  'instance.prefill_tokens': signal(
    'gauge tokens neither',
    INSTANCE,
    'Prompt tokens to compute of all requests here or on their way.',
    'prefill load',
  ),
  'instance.decode_tokens': signal('gauge tokens neither', INSTANCE, 'Tokens of all requests decoding here or about to.', 'decode load'),

  'tracked.requests': signal('gauge requests neither', TRACKED, 'Requests given to an instance and not released.', 'load'),
  'tracked.tokens': signal('gauge tokens neither', TRACKED, 'Prompt and reported output tokens of those requests.', 'load'),
  'tracked.waiting_requests': signal('gauge requests down', TRACKED, 'Those among them whose prefill is not yet reported complete.', 'saturation'),
  'tracked.waiting_tokens': signal('gauge tokens down', TRACKED, 'Tokens of those.', 'saturation'),
  'tracked.running_requests': signal('gauge requests neither', TRACKED, 'Requests whose prefill is complete: all less waiting.', 'load'),
  'tracked.running_tokens': signal('gauge tokens neither', TRACKED, 'Tokens of those.', 'load'),

  'selected.kv_usage_projected': signal(
    'histogram ratio neither',
    STAGE,
    'Projected KV usage of the chosen instance, this request included.',
    'what the decision saw',
  ),
  'selected.decode_batch_size': signal(
    'histogram requests neither',
    STAGE,
    'Decode batch of the chosen instance, this request included.',
    'what the decision saw',
  ),
  'selected.prefill_tokens': signal(
    'histogram tokens neither',
    STAGE,
    'Prompt tokens to compute at the chosen instance, this request included.',
    'what the decision saw',
  ),
  'selected.decode_tokens': signal(
    'histogram tokens neither',
    STAGE,
    'Tokens decoding at the chosen instance, this request included.',
    'what the decision saw',
  ),
  'selected.predicted_ttft': signal('histogram seconds down', STAGE, 'TTFT predicted for the chosen instance.', 'prediction against outcome'),
  'selected.predicted_tpot': signal('histogram seconds down', STAGE, 'TPOT predicted for the chosen instance.', 'prediction against outcome'),

  'scheduling.succeeded': signal('counter requests up', [], 'Scheduling requests that got an instance.', 'whether scheduling works'),
  'scheduling.failed': signal(
    'counter requests down',
    ['error_type'],
    'Scheduling requests that got none, by cause; each poll of a waiting request counts.',
    'whether scheduling works',
  ),
  'scheduling.migrations': signal(
    'counter requests neither',
    ['rule', 'order'],
    'Migrations of running requests begun, by rule and order of their selection.',
    'rebalancing',
  ),
  'scheduling.migrations_failed': signal('counter requests down', [], 'Migrations that failed.', 'rebalancing'),
  'scheduling.metadata_refresh_time': signal('histogram seconds down', [], 'Time to refresh what the instances are.', 'age of the state'),
  'scheduling.status_refresh_time': signal(
    'histogram seconds down',
    [],
    "Time to refresh the instances' state, waiting for the lock included.",
    'age of the state',
  ),
} as const
