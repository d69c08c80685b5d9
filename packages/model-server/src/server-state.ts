import type { Clock } from '@signalbox/base'
import type { Registry } from '@signalbox/instruments'
import type { EngineLoop } from './engine-loop.ts'
import type { FaultPlan } from './faults.ts'
import type { GenerationOptions } from './generation.ts'
import type { KvEventPublisher } from './kv-event-publisher.ts'
import type { ServedModels } from './served-models.ts'

/** What the routes of one server share. They read it at each request: what belongs to the engine may be replaced. */
export interface ServerState {
  readonly clock: Clock
  /** What `/version` answers. */
  readonly version: string
  readonly bodyBytesMax: number
  readonly registry: Registry
  readonly faults: FaultPlan
  readonly loop: EngineLoop
  readonly models: ServedModels
  /** Undefined: no KV-cache events are published. */
  readonly events: KvEventPublisher | undefined
  readonly generation: GenerationOptions
  /** An id that the engine has not seen. */
  nextEngineId(): string
}

/** The clock's whole seconds since 1970, as `created` fields have them. */
export function unixSeconds(clock: Clock): number {
  return Math.floor(clock.nowMs() / 1000)
}
