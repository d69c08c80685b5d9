export { dashboard } from './dashboard.ts'
export type { Scope } from './expressions.ts'
export { type FleetQuestions, fleetQuestions } from './fleet-questions.ts'
export { dashboardPlans, presentDialects } from './plans.ts'
export { rules } from './rules.ts'
export type {
  AlertRule,
  Dashboard,
  DashboardPlan,
  DashboardVariable,
  Objectives,
  PanelQuery,
  PanelUnit,
  PanelView,
  RecordingRule,
  RuleGroup,
  RuleSet,
  RuleTest,
  Threshold,
} from './types.ts'
