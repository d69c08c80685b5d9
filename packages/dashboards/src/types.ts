import type { DialectId, PrefixRule } from '@signalbox/signals'

export type PanelUnit =
  | 'seconds'
  | 'milliseconds'
  | 'ratio'
  | 'percent'
  | 'requests'
  | 'requests/s'
  | 'tokens'
  | 'tokens/s'
  | 'bytes'
  | 'bytes/s'
  | 'endpoints'
  | 'watts'
  | 'count'
  | 'count/s'

/** From `value` (in the panel's unit, inclusive) up to the next threshold, the number is at this level. */
export interface Threshold {
  readonly value: number
  readonly level: 'ok' | 'warning' | 'critical'
}

export interface PanelQuery {
  /** What the line is called; `{{label}}` stands for the series' label value. */
  readonly legend: string
  /** PromQL. */
  readonly expr: string
}

/** One panel: everything a console, or another dashboard program, needs to draw it. */
export interface PanelView {
  /** Unique in its dashboard and stable between releases. */
  readonly id: string
  readonly title: string
  readonly unit: PanelUnit
  /** A gauge's first query is the fleet's number, its second has one series an endpoint. */
  readonly kind: 'timeseries' | 'gauge' | 'stat' | 'heatmap'
  /** Ascending by value; empty where no value is good or bad by itself. */
  readonly thresholds: readonly Threshold[]
  readonly good: 'up' | 'down' | 'neither'
  /** What the number is, in words for people. */
  readonly description: string
  readonly queries: readonly PanelQuery[]
}

/** A choice that a dashboard offers at its top; panels refer to it as `$name`. */
export interface DashboardVariable {
  readonly name: string
  readonly title: string
  /** The values are those of `label` on series that match `selector`. */
  readonly label: string
  readonly selector: string
}

export interface DashboardRow {
  readonly title: string
  readonly panels: readonly PanelView[]
}

/** A whole dashboard, for any program that draws PromQL. */
export interface Dashboard {
  /** Stable between releases. */
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly refreshSeconds: number
  /** Width of the time range that it opens with. */
  readonly rangeSeconds: number
  readonly variables: readonly DashboardVariable[]
  readonly rows: readonly DashboardRow[]
}

/** What expressions understand: what the store holds, or what a fleet may speak. */
export interface Spoken {
  readonly dialects: readonly DialectId[]
  /** Other spellings of these dialects that are asked for beside their own; absent: none. */
  readonly spellings?: readonly PrefixRule[]
}

/** What expressions are written for. */
export interface Scope extends Spoken {
  /** The model to look at: a name, a Grafana variable such as `$model` (matched as a regular expression), or '' for all. */
  readonly model: string
  /** Width of rate windows as PromQL writes it (`60s`, `$__rate_interval`): at least four scrape intervals. */
  readonly window: string
}

/** A dashboard before it is known what the fleet speaks. Panels of which nothing can be drawn are left out. */
export interface DashboardPlan {
  readonly uid: string
  readonly title: string
  build(scope: Scope): Dashboard
}

export interface RecordingRule {
  readonly kind: 'recording'
  readonly record: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
}

export interface AlertRule {
  readonly kind: 'alert'
  /** In camel case, unique in its rule set. */
  readonly alert: string
  readonly expr: string
  /** How long the expression holds before it fires; 0 at once. */
  readonly forSeconds: number
  readonly severity: 'critical' | 'warning' | 'info'
  /** Beyond `severity`. */
  readonly labels: Readonly<Record<string, string>>
  /** One line; `{{ $labels.x }}` and `{{ $value }}` as Prometheus expands them. */
  readonly summary: string
  /** What it means, what to look at, what to do. */
  readonly description: string
  /** The heading of docs/alerts.md that explains it. */
  readonly runbook: string
}

export interface RuleGroup {
  readonly name: string
  readonly intervalSeconds: number
  readonly rules: readonly (RecordingRule | AlertRule)[]
}

/** Input and verdicts of alerts, as `promtool test rules` understands them. */
export interface RuleTest {
  readonly name: string
  /** Between two samples of the input, and between two evaluations of the rules: a test of long windows is cheap only so. */
  readonly intervalSeconds: number
  /** Values in promtool's notation: `0+10x30`. */
  readonly input: readonly { readonly series: string; readonly values: string }[]
  readonly expectations: readonly {
    readonly alert: string
    readonly atSeconds: number
    /** The labels of each alert that fires then, `alertname` left out; empty: it must be quiet. */
    readonly firing: readonly Readonly<Record<string, string>>[]
  }[]
}

export interface RuleSet {
  readonly groups: readonly RuleGroup[]
  readonly tests: readonly RuleTest[]
}

/** What requests are promised; shares in 0..1. */
export interface Objectives {
  /** Time to first token and time per output token that a good request stays under, in seconds. */
  readonly ttftSeconds: number
  readonly tpotSeconds: number
  /** Share of requests that must meet each of the two, and share that must not fail. */
  readonly ttftRatio: number
  readonly tpotRatio: number
  readonly successRatio: number
}
