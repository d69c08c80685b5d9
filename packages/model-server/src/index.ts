export { systemTimers, type Timers } from './engine-loop.ts'
export type { Faults } from './faults.ts'
export { type ModelServer, type ModelServerOptions, startModelServer } from './model-server.ts'
