import type { Clock, Random } from '@signalbox/base'

/** The machine's clock: epoch milliseconds that never step back while the process lives. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
}

export const systemRandom: Random = {
  next: () => Math.random(),
}
