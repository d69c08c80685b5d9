import type { Trace } from '@signalbox/replay'

/** Mean arrivals a second from the trace's start to its last arrival. A trace shorter than a second is taken as one of a second. */
export function recordedPerSecond({ requests }: Trace): number {
  return requests.length / Math.max(1, (requests.at(-1)?.atMs ?? 0) / 1000)
}
