export type PanelUnit = 'seconds' | 'ratio' | 'requests' | 'requests/s' | 'tokens/s'

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
  readonly kind: 'timeseries' | 'gauge'
  /** Ascending by value; empty where no value is good or bad by itself. */
  readonly thresholds: readonly Threshold[]
  readonly good: 'up' | 'down' | 'neither'
  /** What the number is, in words for people. */
  readonly description: string
  readonly queries: readonly PanelQuery[]
}
