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
  'monitor.scrape_failures': signal('counter none down', ['cause'], 'Scrapes that failed, by cause.', 'numbers that are missing'),
  'monitor.query_duration': signal('histogram seconds down', [], "From a query's arrival to its result.", 'a slow console'),
} as const
