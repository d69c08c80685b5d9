export {
  type Better,
  bestOf,
  type ExperimentReport,
  type ExperimentRun,
  failureNote,
  metricsOf,
  msColumn,
  type ReportColumn,
  type ReportInterval,
  type ReportLoad,
  type ReportMetric,
  type ReportRow,
  replayColumns,
  reportLoads,
} from './experiment-report.ts'
export { type FleetGroup, type FleetSpec, parseFleet, type StepFamily } from './fleet.ts'
export { bytesOf, type Prompt, promptOf, type Segment, segmentTokens, tokenBytesMax, tokensOf } from './prompt.ts'
export { PromptCache } from './prompt-cache.ts'
export type { EndpointResult, Failures, Objectives, RunResult } from './run-result.ts'
export { type SaturationOptions, saturation } from './saturation.ts'
export type { Shape, ShapeId, ShapeParameter } from './shapes/shape.ts'
export { shapes, shapeTrace } from './shapes/shapes.ts'
export { Simulation } from './simulation.ts'
export type { EngineFailure, PolicyChoice, Progress, SimulationOptions } from './simulation-options.ts'
export { type Interval, intervalOf, type Quantiles, quantilesOf } from './statistics.ts'
export { type Trace, type TraceError, type TraceRequest, timeScaled, withPriorities } from './trace.ts'
export { type TraceSummary, traceSummary } from './trace-summary.ts'
export type { TraceFormat, TraceFormatId } from './traces/format.ts'
export { traceFormats } from './traces/formats.ts'
export { joinedTraces } from './traces/joined-traces.ts'
export { jsonlLines } from './traces/jsonl.ts'
export { type ReadTraceOptions, readTrace, TraceReader } from './traces/trace-reader.ts'
export type { ClosedLoop } from './traffic.ts'
