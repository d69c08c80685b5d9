export { dashboard } from './dashboard.ts'
export type { Scope } from './expressions.ts'
export { type FleetQuestions, fleetQuestions } from './fleet-questions.ts'
export type { PanelQuery, PanelUnit, PanelView, Threshold } from './types.ts'
