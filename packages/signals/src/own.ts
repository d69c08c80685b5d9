import { eppBuckets } from './buckets.ts'
import type { SignalId } from './catalog.ts'
import type { DialectEntry } from './types.ts'

const same = (...names: string[]) => names.map((name) => ({ name, from: name }))

function own(
  signal: SignalId,
  type: DialectEntry['type'],
  name: string,
  help: string,
  labels: string[] = [],
  bounds?: readonly number[],
): DialectEntry {
  return {
    signal,
    dialect: 'signalbox',
    name: `signalbox_${name}`,
    type,
    help,
    scale: 1,
    labels: same(...labels),
    source: 'Signalbox',
    ...(bounds ? { bounds } : {}),
  }
}

/** What nobody else measures, under our own prefix. */
export const signalboxEntries: readonly DialectEntry[] = [
  own('gateway.request_outcomes', 'counter', 'requests_total', 'Requests by how they ended: ok, error, rejected, cancelled.', ['model', 'outcome']),
  own('gateway.retries', 'counter', 'retries_total', 'Further attempts after one that failed before the first byte.', ['reason']),
  own('gateway.client_errors', 'counter', 'client_errors_total', 'Connections whose bytes were no HTTP request.'),
  own('scheduler.state_age', 'gauge', 'endpoint_state_age_seconds', "Age of an endpoint's state.", ['endpoint']),
  own('scheduler.decision_ring_bytes', 'gauge', 'decision_ring_bytes', 'Bytes in use of the ring of decision records.'),
  own('process.event_loop_lag', 'gauge', 'event_loop_lag_seconds', '99th percentile of event-loop delay since the last page.'),
  own('instruments.label_overflow', 'counter', 'label_overflow_total', 'Label values folded into other because a label had too many.', ['label']),
  own('monitor.samples', 'counter', 'monitor_samples_total', 'Samples appended to the store.'),
  own('monitor.series', 'gauge', 'monitor_series', 'Series in memory.'),
  own('monitor.series_refused', 'counter', 'monitor_series_refused_total', 'New series refused at a limit.'),
  own('monitor.scrape_failures', 'counter', 'monitor_scrape_failures_total', 'Scrapes that failed, by cause.', ['cause']),
  own('monitor.query_duration', 'histogram', 'monitor_query_duration_seconds', "From a query's arrival to its result.", [], eppBuckets.general),
]

const PROCESS_SOURCE = 'Prometheus client library conventions (process_*)'

function processEntry(signal: SignalId, type: DialectEntry['type'], name: string, help: string): DialectEntry {
  return { signal, dialect: 'process', name, type, help, scale: 1, labels: [], source: PROCESS_SOURCE }
}

export const processEntries: readonly DialectEntry[] = [
  processEntry('process.cpu', 'counter', 'process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.'),
  processEntry('process.resident_memory', 'gauge', 'process_resident_memory_bytes', 'Resident memory size in bytes.'),
  processEntry('process.start_time', 'gauge', 'process_start_time_seconds', 'Start time of the process since unix epoch in seconds.'),
  processEntry('process.open_fds', 'gauge', 'process_open_fds', 'Number of open file descriptors.'),
]
