import type { PolicyPlugin } from '@signalbox/scheduler'
import type { FleetSpec } from './fleet.ts'
import type { PromptCache } from './prompt-cache.ts'
import type { Objectives } from './run-result.ts'
import type { Trace } from './trace.ts'
import type { ClosedLoop } from './traffic.ts'

/** Who chooses: a policy inside the scheduler, or an oracle that knows every cache and queue. */
export type PolicyChoice = { readonly kind: 'scheduler'; readonly plugin: PolicyPlugin; readonly parameters: unknown } | { readonly kind: 'oracle' }

/** An engine that dies and comes back with an empty cache. */
export interface EngineFailure {
  /** Place in the fleet, from 0. */
  readonly endpoint: number
  /** In the trace's time. */
  readonly atMs: number
  readonly forMs: number
}

export interface SimulationOptions {
  readonly trace: Trace
  readonly fleet: FleetSpec
  readonly policy: PolicyChoice
  /** Decides ties, phases of polls, spread of speeds, step noise, who comes to which gateway, and which answers are not streamed. */
  readonly seed: number
  /** At least 1. */
  readonly gateways: number
  /** What gateways tell each other arrives so much later; undefined: they know nothing of each other. */
  readonly feed: { readonly delayMs: number } | undefined
  /** Between two polls of one endpoint by one gateway. Default 1,000. */
  readonly pollMs?: number
  /** Share of the requests that are sent without streaming, beside those that the trace has so. Default 0. */
  readonly unstreamedRatio?: number
  readonly objectives: Objectives
  /** From a gateway's choice to the engine. Default 0. The way back takes no time. */
  readonly hopMs?: number
  readonly failures?: readonly EngineFailure[]
  /** Instead of the trace's times. */
  readonly closedLoop?: ClosedLoop
  /** Made of the same trace at any speed; several runs share one. Default: its own. */
  readonly prompts?: PromptCache
}

/** How far a run is. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly virtualMs: number
}
