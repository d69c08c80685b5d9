export { systemTimers, type Timers } from './engine-loop.ts'
export type { Faults } from './faults.ts'
export type { KvEventOptions, KvEventState } from './kv-event-publisher.ts'
export { type ModelServer, type ModelServerOptions, startModelServer } from './model-server.ts'
