import { signal } from '../signal.ts'

/** What each process measures of itself, and the monitor of its store. */
export const processSignals = {
  'process.cpu': signal('counter seconds neither', [], 'User and system CPU time of the process.', 'cost'),
  'process.resident_memory': signal('gauge bytes neither', [], 'Resident memory of the process.', 'leaks'),
  'process.virtual_memory': signal('gauge bytes neither', [], 'Virtual memory of the process.', 'leaks'),
  'process.start_time': signal('gauge seconds neither', [], 'Start of the process, Unix time; a change is a restart.', 'restarts'),
  'process.uptime': signal('gauge seconds neither', [], 'Time since the process started.', 'restarts'),
  'process.open_fds': signal('gauge none neither', [], 'Open file descriptors.', 'leaks'),
  'process.max_fds': signal('gauge none neither', [], 'File descriptors the process may open.', 'denominator of open descriptors'),
  'process.event_loop_lag': signal(
    'gauge seconds down',
    [],
    '99th percentile of event-loop delay since the last page.',
    'a process that is too busy to be punctual',
  ),
  'process.goroutines': signal('gauge none neither', [], 'Goroutines of the process.', 'leaks'),
  'process.go_alloc': signal('gauge bytes neither', [], 'Bytes of live objects on the Go heap.', 'leaks'),

  'instruments.label_overflow': signal(
    'counter none down',
    ['label'],
    'Label values folded into `other` because a label had too many.',
    'numbers that are no longer told apart',
  ),
  'monitor.samples': signal('counter none neither', [], 'Samples appended to the store.', 'load of the monitor'),
  'monitor.series': signal('gauge none neither', [], 'Series in memory.', 'memory of the monitor'),
  'monitor.series_refused': signal(
    'counter none down',
    [],
    'New series refused because the store or the target is at its limit.',
    'numbers that are missing',
  ),
  'monitor.samples_refused': signal(
    'counter none down',
    ['reason'],
    'Samples not kept: out-of-order (too old for their series), duplicate (another value at that time), future (more than 10 minutes ahead).',
    'numbers that are missing',
  ),
  'monitor.store_memory': signal('gauge bytes neither', [], 'Memory of samples, labels and index, estimated.', 'memory of the monitor'),
  'monitor.store_disk': signal('gauge bytes neither', [], "Bytes of the store's files.", 'a disk that fills'),
  'monitor.store_memory_only': signal(
    'gauge none down',
    [],
    'Whether the disk takes no samples, so that they end with the process: 1 or 0.',
    'samples that the next restart loses',
  ),
  'monitor.store_disk_failures': signal('counter none down', [], "Failures of the store's disk.", 'a disk that is full or dying'),
  'monitor.store_damage': signal(
    'gauge none down',
    ['what'],
    'Found wrong in the store since it was opened: file, orphan (samples without series), chunk.',
    'numbers that are missing',
  ),
  'monitor.store_sync_age': signal('gauge seconds down', [], 'Since samples were last made durable.', 'what a power cut would lose'),
  'monitor.scrape_failures': signal('counter none down', ['cause'], 'Scrapes that failed, by cause.', 'numbers that are missing'),
  'monitor.query_duration': signal('histogram seconds down', [], "From a query's arrival to its result.", 'a slow console'),
} as const
