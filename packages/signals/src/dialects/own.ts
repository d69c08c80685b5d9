import { eppBuckets, objectiveBuckets } from '../buckets.ts'
import type { DialectEntry } from '../types.ts'
import { speaker } from '../voice.ts'

const same = (...names: string[]) => names.map((name) => ({ name, from: name }))

type Family = Pick<DialectEntry, 'signal' | 'type' | 'name' | 'help' | 'bounds' | 'population'>

function own(family: Family, ...labels: string[]): DialectEntry {
  return { ...family, dialect: 'signalbox', name: `signalbox_${family.name}`, scale: 1, labels: same(...labels), source: 'Signalbox' }
}

/** What nobody else measures, under our own prefix. */
export const signalboxEntries: readonly DialectEntry[] = [
  own(
    {
      signal: 'gateway.request_outcomes',
      type: 'counter',
      name: 'requests_total',
      help: 'Requests by how they ended: ok, error, rejected, cancelled.',
    },
    'model',
    'outcome',
  ),
  own(
    {
      signal: 'gateway.ttft',
      type: 'histogram',
      name: 'request_ttft_seconds',
      help: 'Time to first token of streamed answers in seconds; the objectives are among its bounds.',
      bounds: objectiveBuckets.ttft,
      population: { streaming: 'true' },
    },
    'model',
  ),
  own(
    {
      signal: 'gateway.tpot',
      type: 'histogram',
      name: 'request_tpot_seconds',
      help: 'Time per output token of streamed answers in seconds; the objectives are among its bounds.',
      bounds: objectiveBuckets.tpot,
    },
    'model',
  ),
  own(
    { signal: 'gateway.retries', type: 'counter', name: 'retries_total', help: 'Further attempts after one that failed before the first byte.' },
    'reason',
  ),
  own({ signal: 'gateway.client_errors', type: 'counter', name: 'client_errors_total', help: 'Connections whose bytes were no HTTP request.' }),
  own(
    {
      signal: 'gateway.endpoints_reloads',
      type: 'counter',
      name: 'endpoints_reloads_total',
      help: 'Changes of the endpoints file, applied or refused.',
    },
    'result',
  ),
  own({ signal: 'scheduler.state_age', type: 'gauge', name: 'endpoint_state_age_seconds', help: "Age of an endpoint's state." }, 'endpoint'),
  own({ signal: 'scheduler.decision_ring_bytes', type: 'gauge', name: 'decision_ring_bytes', help: 'Bytes in use of the ring of decision records.' }),
  own({
    signal: 'process.event_loop_lag',
    type: 'gauge',
    name: 'event_loop_lag_seconds',
    help: '99th percentile of event-loop delay since the last page.',
  }),
  own(
    {
      signal: 'instruments.label_overflow',
      type: 'counter',
      name: 'label_overflow_total',
      help: 'Label values folded into other because a label had too many.',
    },
    'label',
  ),
  own({ signal: 'monitor.samples', type: 'counter', name: 'monitor_samples_total', help: 'Samples appended to the store.' }),
  own({ signal: 'monitor.series', type: 'gauge', name: 'monitor_series', help: 'Series in memory.' }),
  own({ signal: 'monitor.series_refused', type: 'counter', name: 'monitor_series_refused_total', help: 'New series refused at a limit.' }),
  own(
    { signal: 'monitor.samples_refused', type: 'counter', name: 'monitor_samples_refused_total', help: 'Samples that were not kept, by reason.' },
    'reason',
  ),
  own({ signal: 'monitor.store_memory', type: 'gauge', name: 'monitor_store_memory_bytes', help: 'Memory of samples, labels and index.' }),
  own({ signal: 'monitor.store_disk', type: 'gauge', name: 'monitor_store_disk_bytes', help: "Bytes of the store's files." }),
  own({
    signal: 'monitor.store_memory_only',
    type: 'gauge',
    name: 'monitor_store_memory_only',
    help: 'Whether the disk takes no samples, so that they end with the process.',
  }),
  own({
    signal: 'monitor.store_disk_failures',
    type: 'counter',
    name: 'monitor_store_disk_failures_total',
    help: "Failures of the store's disk.",
  }),
  own({ signal: 'monitor.store_damage', type: 'gauge', name: 'monitor_store_damage', help: 'Found wrong in the store since it was opened.' }, 'what'),
  own({
    signal: 'monitor.store_sync_age',
    type: 'gauge',
    name: 'monitor_store_sync_age_seconds',
    help: 'Time since samples were last made durable.',
  }),
  own({ signal: 'monitor.scrape_failures', type: 'counter', name: 'monitor_scrape_failures_total', help: 'Scrapes that failed, by cause.' }, 'cause'),
  own({
    signal: 'monitor.query_duration',
    type: 'histogram',
    name: 'monitor_query_duration_seconds',
    help: "From a query's arrival to its result.",
    bounds: eppBuckets.general,
  }),
  own(
    { signal: 'gateway.endpoint_errors', type: 'counter', name: 'endpoint_errors_total', help: 'Attempts that failed, by endpoint.' },
    'endpoint',
    'error_code',
  ),
  own(
    { signal: 'gateway.slo_requests', type: 'counter', name: 'slo_requests_total', help: 'Requests by whether they met their objectives.' },
    'model',
    'result',
    'reason',
  ),
  own(
    {
      signal: 'scheduler.poll_time',
      type: 'histogram',
      name: 'endpoint_poll_duration_seconds',
      help: "Time to read an endpoint's state.",
      bounds: eppBuckets.requestProcessing,
    },
    'endpoint',
  ),
  own({
    signal: 'scheduler.decision_margin',
    type: 'histogram',
    name: 'decision_margin_seconds',
    help: 'Cost of the runner-up less that of the choice.',
    bounds: eppBuckets.responseProcessing,
  }),
  own(
    {
      signal: 'scheduler.cached_tokens_predicted',
      type: 'counter',
      name: 'predicted_cached_tokens_total',
      help: 'Cached tokens predicted, of requests whose engine reports them.',
    },
    'endpoint',
  ),
  own(
    {
      signal: 'scheduler.cached_tokens_delivered',
      type: 'counter',
      name: 'delivered_cached_tokens_total',
      help: 'Cached tokens that engines report for the same requests.',
    },
    'endpoint',
  ),
  own(
    {
      signal: 'scheduler.ttft_error',
      type: 'histogram',
      name: 'ttft_prediction_error_seconds',
      help: 'Absolute difference of predicted and observed TTFT.',
      bounds: eppBuckets.ttft,
    },
    'endpoint',
  ),
]

const PROCESS_SOURCE = 'Prometheus client library conventions (process_*)'

function processEntry(family: Family): DialectEntry {
  return { ...family, dialect: 'process', scale: 1, labels: [], source: PROCESS_SOURCE }
}

export const processEntries: readonly DialectEntry[] = [
  processEntry({
    signal: 'process.cpu',
    type: 'counter',
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
  }),
  processEntry({ signal: 'process.resident_memory', type: 'gauge', name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.' }),
  processEntry({
    signal: 'process.start_time',
    type: 'gauge',
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
  }),
  processEntry({ signal: 'process.open_fds', type: 'gauge', name: 'process_open_fds', help: 'Number of open file descriptors.' }),
  processEntry({ signal: 'process.max_fds', type: 'gauge', name: 'process_max_fds', help: 'Maximum number of open file descriptors.' }),
  processEntry({ signal: 'process.virtual_memory', type: 'gauge', name: 'process_virtual_memory_bytes', help: 'Virtual memory size in bytes.' }),
]

const go = speaker({ dialect: 'go', prefix: 'go_', labels: '', source: 'reference/llumnix.md §0 (Prometheus Go collector)' })

/** What a process in Go tells of its runtime. */
export const goEntries: readonly DialectEntry[] = [go('goroutines', 'process.goroutines'), go('memstats_alloc_bytes', 'process.go_alloc')]
