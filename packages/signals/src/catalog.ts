import { deviceSignals } from './catalogue/device.ts'
import { engineSignals } from './catalogue/engine.ts'
import { engineDetailSignals } from './catalogue/engine-details.ts'
import { gatewaySignals } from './catalogue/gateway.ts'
import { instanceSignals } from './catalogue/instance.ts'
import { processSignals } from './catalogue/process.ts'
import { schedulerSignals } from './catalogue/scheduler.ts'
import type { Signal } from './types.ts'

/**
 * Every signal by id. `engine.*` is measured by the model server, `gateway.*` and `flow.*` by the proxy, `pool.*` over the
 * endpoints, `scheduler.*` by the decision, `kvindex.*` and `kvevents.*` by the index of what engines have cached,
 * `instance.*`, `tracked.*` and `selected.*` by a central scheduler, `gpu.*` by the device, `process.*` by each process.
 */
export const signals = {
  ...engineSignals,
  ...engineDetailSignals,
  ...gatewaySignals,
  ...schedulerSignals,
  ...instanceSignals,
  ...deviceSignals,
  ...processSignals,
} satisfies Record<string, Signal>

export type SignalId = keyof typeof signals
