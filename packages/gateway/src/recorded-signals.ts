import { VirtualClock } from '@signalbox/base'
import { measureProcess } from '@signalbox/node'
import type { SignalId } from '@signalbox/signals'
import { gatewayDialects } from './exposed-entries.ts'
import { GatewayMetrics } from './gateway-metrics.ts'
import { objectivesDefault } from './goodput.ts'
import type { ObservedScheduler } from './pool-gauges.ts'

/** A scheduler without endpoints: nothing is ever asked of it here. */
const idle: ObservedScheduler = {
  endpoints: () => [],
  pool: () => ({
    kvUsage: Number.NaN,
    queue: Number.NaN,
    running: Number.NaN,
    kvUsageStddev: Number.NaN,
    queueStddev: Number.NaN,
    runningStddev: Number.NaN,
    ready: 0,
    perEndpoint: [],
  }),
  prefixIndex: () => ({ blocks: 0, admitted: 0, evicted: 0 }),
}

/** Every signal that a gateway records: those of the instruments that one makes when it starts. */
export function gatewaySignals(): readonly SignalId[] {
  const metrics = new GatewayMetrics({
    clock: new VirtualClock(),
    pool: '',
    scheduler: idle,
    log: { bytes: 0 },
    commit: '',
    buildRef: '',
    dialects: gatewayDialects,
    tenantLabelOnHistograms: false,
    objectives: objectivesDefault,
    measure: (registry) => measureProcess(registry)(),
  })
  return metrics.recorded()
}
