export type { FailureKind } from './answer.ts'
export type { LoadFailures, LoadProgress, LoadResult } from './load-result.ts'
export { type LoadOptions, runLoad } from './run-load.ts'
export type { Users } from './schedule.ts'
