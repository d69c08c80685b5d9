export { systemTimers, type Timers } from './engine-loop.ts'
export type { FaultReport } from './fault-plan.ts'
export { type Faults, parseFaults } from './faults.ts'
export { type ModelServer, type ModelServerOptions, startModelServer } from './model-server.ts'
