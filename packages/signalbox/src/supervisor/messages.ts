import type { EndpointSpec } from '@signalbox/scheduler'
import type { Config } from '../config/schema.ts'

/** What a role is told when it starts. Everything comes from here: a role reads neither files nor flags of the command. */
export type RoleSettings =
  | { readonly role: 'gateway'; readonly config: Config; readonly endpoints: readonly EndpointSpec[] }
  | {
      readonly role: 'monitor'
      readonly config: Config
      readonly endpoints: readonly EndpointSpec[]
      readonly demo: DemoFlags
      /** Whether the data folder goes when the role is told to end, or its supervisor is gone; not when it is killed. */
      readonly isDataTemporary: boolean
    }
  | { readonly role: 'engine'; readonly config: Config; readonly index: number }
  | { readonly role: 'traffic'; readonly config: Config }

/** What is simulated, so that every page can say so. */
export interface DemoFlags {
  readonly simulatedEngines: number
  readonly traffic: boolean
}

/** From the supervisor to a role. */
export type ToRole = { readonly type: 'start'; readonly settings: RoleSettings } | { readonly type: 'stop'; readonly graceMs: number }

/** From a role to the supervisor. */
export type FromRole =
  | { readonly type: 'ready'; readonly addresses: Readonly<Record<string, string>> }
  /** The role cannot start and says why; it exits next. */
  | { readonly type: 'failed'; readonly message: string }
