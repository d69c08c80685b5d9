import type { DecisionStatus, DecisionSummary, EndpointView } from '@signalbox/scheduler'

export type {
  AttemptView,
  CandidateView,
  DecisionStatus,
  DecisionSummary,
  DecisionView,
  EndpointView,
  SignalColumn,
  TermInfo,
} from '@signalbox/scheduler'

/** Unit of a panel's values as its queries return them; what is drawn may be scaled (`chooseAxis`). */
export type PanelUnit = 'seconds' | 'ratio' | 'requests' | 'requests/s' | 'tokens/s'

export type ThresholdLevel = 'ok' | 'warning' | 'critical'

/** From `value` upwards (inclusive) the level holds, until the next threshold. */
export interface Threshold {
  readonly value: number
  readonly level: ThresholdLevel
}

export interface PanelQuery {
  /** May name labels of the result: `{{model_name}}`. */
  readonly legend: string
  readonly expr: string
}

/** One panel of `/api/console/dashboard`; drawn as it says. */
export interface PanelView {
  readonly id: string
  readonly title: string
  readonly unit: PanelUnit
  readonly kind: 'timeseries' | 'gauge'
  readonly thresholds: readonly Threshold[]
  /** Which way is good news. */
  readonly good: 'up' | 'down' | 'neither'
  readonly description: string
  readonly queries: readonly PanelQuery[]
}

/** `/api/console/dashboard?model=`. */
export interface DashboardView {
  readonly panels: readonly PanelView[]
}

/** One scrape target of the monitor. */
export interface TargetView {
  readonly job: string
  readonly instance: string
  readonly url: string
  readonly up: boolean
  /** Null while the last scrape was good. */
  readonly error: string | null
  /** Null before the first scrape. */
  readonly lastScrapeMs: number | null
}

/** `/debug/endpoints` of the gateway. */
export interface GatewayAnswer {
  readonly nowMs: number
  readonly pool: string
  readonly policy: string
  readonly models: readonly string[]
  readonly endpoints: readonly EndpointView[]
}

/** What the monitor knows of the gateway: whether it answers, and its answer. */
export type GatewayView = { readonly reachable: boolean; readonly error: string | null } & Partial<GatewayAnswer>

/** `/api/console/fleet`. */
export interface FleetView {
  readonly nowMs: number
  readonly demo: { readonly simulatedEngines: number; readonly traffic: boolean }
  readonly version: string
  readonly gateway: GatewayView
  readonly targets: readonly TargetView[]
}

/** `/api/console/decisions`. */
export interface DecisionsView {
  readonly nowMs: number
  readonly bytes: number
  readonly bytesMax: number
  readonly decisions: readonly DecisionSummary[]
}

/** One series of a range answer: [seconds, text of the value] pairs. */
export interface MatrixSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, string])[]
}

/** One series of an instant answer. */
export interface VectorSample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

/** In the order in which a filter offers them. */
export const decisionStatuses: readonly DecisionStatus[] = ['running', 'ok', 'error', 'rejected', 'cancelled']
