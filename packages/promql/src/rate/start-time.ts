/** One sample as far as its counter's start is concerned, milliseconds; 0 for an unknown start. */
export interface StartedSample {
  readonly startedMs: number
  readonly timeMs: number
}

/**
 * Whether the start times say that the counter began anew between two samples. A start at the time of the sample before is a reset for
 * deltas, but not where that sample's own start is unknown. SOURCE: prometheus promql/functions.go (isStartTimestampReset).
 */
export function isStartReset(previous: StartedSample, current: StartedSample): boolean {
  if (current.startedMs === 0 || current.startedMs >= current.timeMs || current.startedMs < previous.timeMs) return false
  if (current.startedMs > previous.timeMs) return true
  return previous.startedMs !== 0 && previous.startedMs < previous.timeMs
}
