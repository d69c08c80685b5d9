export { dashboard } from './dashboard.ts'
export type { Scope } from './expressions.ts'
export type { PanelQuery, PanelUnit, PanelView, Threshold } from './types.ts'
