import type { Clock } from '@signalbox/base'
import type { Registry } from '@signalbox/instruments'
import type { EngineLife } from './engine-life.ts'
import type { EngineLoop, Timers } from './engine-loop.ts'
import type { FaultPlan } from './fault-plan.ts'
import type { GenerationOptions } from './generation.ts'
import type { KvEventPublisher } from './kv-event-publisher.ts'
import type { Pairs } from './pairs.ts'
import type { ServedModels } from './served-models.ts'

/** What the routes of one server share. They read it at each request: what belongs to the engine is replaced when it restarts. */
export interface ServerState {
  readonly clock: Clock
  readonly timers: Timers
  /** What `/version` answers. */
  readonly version: string
  readonly bodyBytesMax: number
  readonly faults: FaultPlan
  readonly role: EngineRole
  /** The current life, from which the next five are. */
  readonly life: EngineLife
  readonly registry: Registry
  readonly loop: EngineLoop
  readonly models: ServedModels
  readonly pairs: Pairs
  /** Undefined: no KV-cache events are published. */
  readonly events: KvEventPublisher | undefined
  readonly generation: GenerationOptions
  /** An id that the engine has not seen. */
  nextEngineId(): string
}

/** Which half of a pair an engine is meant for. vLLM refuses nothing by it (NIXL ignores `kv_role`), and so do we: it is stated, not enforced. */
export type EngineRole = 'both' | 'prefill' | 'decode'

/** The clock's whole seconds since 1970, as `created` fields have them. */
export function unixSeconds(clock: Clock): number {
  return Math.floor(clock.nowMs() / 1000)
}
