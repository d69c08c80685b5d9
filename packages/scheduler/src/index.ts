export type { Assignment, AssignmentOutcome } from './assignment.ts'
export { DecisionDraft, type DecisionOutcome, type DraftRequest } from './decision-draft.ts'
export { type DecisionFilter, DecisionLog, type Rejection } from './decision-log.ts'
export { predictedTtftSeconds } from './estimates.ts'
export { Evidence, SIGNAL_COLUMNS } from './evidence.ts'
export type { Feed, FeedEvent } from './feed.ts'
export { LearnedValues, PRIORS } from './learned-values.ts'
export { loadPolicy, type PolicyModuleError, policies } from './policies.ts'
export { definePolicy, type Policy, type PolicyDefinition, type PolicyDeps, type PolicyPlugin, type Scoring, TermSheet } from './policy.ts'
export type { PoolView, PrefixIndexView } from './pool-view.ts'
export { PREFIX_BLOCK_BYTES, prefixHashes } from './prefix-hash.ts'
export { PrefixIndex } from './prefix-index.ts'
export { type ReplayedAttempt, type ReplayOptions, replay } from './replay.ts'
export type { EngineOrder } from './reservations.ts'
export { type PickResult, Scheduler, type SchedulerDeps, type SchedulerOptions } from './scheduler.ts'
export type {
  AttemptView,
  CandidateView,
  DecisionStatus,
  DecisionSummary,
  DecisionView,
  EndpointSpec,
  EndpointView,
  EngineState,
  FilterReason,
  RequestSummary,
  SignalColumn,
  TermInfo,
} from './types.ts'
