export { dashboard } from './dashboard.ts'
export {
  type Aggregation,
  joined,
  levelOf,
  meanOf,
  type QuantileTerm,
  quantileOfEach,
  quantilesOf,
  type Reading,
  rateOf,
  ratio,
  top,
} from './expressions.ts'
export { type FleetQuestions, fleetQuestions } from './fleet-questions.ts'
export { hitRatioOf, type Lookups, lookupsOf } from './hit-ratio.ts'
export { dashboardPlans } from './plans.ts'
export { presentDialects, presentSpellings } from './present-dialects.ts'
export { type RuleOptions, rules } from './rules/rules.ts'
export { type LabelCondition, type ModelSource, modelSources } from './selectors.ts'
export type {
  AlertRule,
  Dashboard,
  DashboardPlan,
  DashboardRow,
  DashboardVariable,
  Objectives,
  PanelQuery,
  PanelUnit,
  PanelView,
  RecordingRule,
  RuleGroup,
  RuleSet,
  RuleTest,
  Scope,
  Spoken,
  Threshold,
} from './types.ts'
