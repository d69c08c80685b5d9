import type { FleetQuestions, PanelView } from '@signalbox/dashboards'
import type { DecisionStatus, DecisionSummary, EndpointView } from '@signalbox/scheduler'

export type { FleetQuestions, PanelUnit, PanelView, Threshold } from '@signalbox/dashboards'
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

/** `/api/console/dashboard?model=`. */
export interface DashboardView {
  readonly panels: readonly PanelView[]
}

/** `/api/console/models`. */
export interface ModelsView {
  /** Models that the engines in the store serve, by name. */
  readonly models: readonly string[]
}

/** One scrape target of the monitor, as far as the console shows it. */
interface TargetView {
  readonly job: string
  readonly instance: string
  /** unknown: not scraped yet. */
  readonly health: 'up' | 'down' | 'unknown'
  /** Why the last scrape failed, in words; empty when it did not. */
  readonly lastError: string
}

/** `/debug/endpoints` of the gateway. */
interface GatewayAnswer {
  readonly nowMs: number
  readonly pool: string
  readonly policy: string
  readonly models: readonly string[]
  readonly endpoints: readonly EndpointView[]
}

/** What the monitor knows of the gateway: whether it answers, and its answer. */
type GatewayView = { readonly reachable: boolean; readonly error: string | null } & Partial<GatewayAnswer>

/** `/api/console/fleet`. */
export interface FleetView {
  readonly nowMs: number
  readonly demo: { readonly simulatedEngines: number; readonly traffic: boolean }
  readonly version: string
  readonly gateway: GatewayView
  readonly targets: readonly TargetView[]
  /** Port of the gateway's data plane; null: not known. */
  readonly apiPort: number | null
  /** What is wrong with where the monitor keeps samples, in a sentence; null: nothing. */
  readonly storeProblem: string | null
  /** What to ask the store for the verdict. */
  readonly questions: FleetQuestions
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
