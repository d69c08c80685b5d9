import type { Result } from '@signalbox/base'
import type { Expr, ParseError } from '@signalbox/promql'
import type { MappedText } from './mapped-text.ts'

/** A PromQL query of a document. */
export interface Query {
  /** As it is written there. */
  readonly text: MappedText
  /** With words of known kind where the document has variables: what `parsed` was read from, and its places point into. */
  readonly plain: MappedText
  /** Names of the variables in it. */
  readonly variables: readonly string[]
  /** undefined where only the variables' values could tell whether it reads. */
  readonly parsed: Result<Expr, ParseError> | undefined
  readonly purpose: 'panel' | 'variable' | 'annotation' | 'alert' | 'recording'
  /** For people: `panel "TTFT"`. */
  readonly where: string
  /** How its series are called, where the document says so. */
  readonly legend: MappedText | undefined
  /** Texts that may name labels of its series: those of an alert. */
  readonly beside: readonly MappedText[]
}

export interface ThresholdStep {
  /** undefined for the lowest. */
  readonly value: number | undefined
  readonly color: string
  readonly offset: number
}

export interface Panel {
  readonly kind: 'panel'
  readonly where: string
  readonly offset: number
  /** Grafana's name of the visualisation: `timeseries`, `stat`. */
  readonly type: string
  readonly queries: readonly Query[]
  /** Grafana's id of the unit; undefined where none is set. */
  readonly unit: { readonly id: string; readonly offset: number } | undefined
  /** Some fields have a unit of their own, or values are changed on the way: the panel's unit says little. */
  readonly unitVaries: boolean
  /** Empty where percentages of the axis are meant, or none is drawn. */
  readonly thresholds: readonly ThresholdStep[]
}

export interface BoardVariable {
  readonly name: string
  readonly offset: number
  /** What it asks the data source, as written: `label_values(up, job)`. */
  readonly request: MappedText | undefined
}

export interface DatasourceReference {
  readonly id: string
  readonly offset: number
}

export interface Board {
  readonly kind: 'dashboard'
  readonly path: string
  readonly title: string
  readonly offset: number
  readonly panels: readonly Panel[]
  readonly variables: readonly BoardVariable[]
  /** Those of the variables and annotations; the panels have their own. */
  readonly queries: readonly Query[]
  readonly datasources: readonly DatasourceReference[]
  readonly refresh: { readonly text: string; readonly offset: number } | undefined
}

/** A text of a rule with its place. */
interface NamedText {
  readonly name: string
  readonly text: MappedText
}

export interface Rule {
  readonly kind: 'alert' | 'recording'
  readonly name: string
  readonly where: string
  readonly offset: number
  readonly query: Query
  /** `for`; 0 without one. */
  readonly forSeconds: number
  readonly forOffset: number
  readonly intervalSeconds: number | undefined
  readonly labels: readonly NamedText[]
  readonly annotations: readonly NamedText[]
}

/** What Prometheus would refuse. */
export interface ShapeProblem {
  readonly offset: number
  readonly where: string
  readonly message: string
  readonly fix: string
}

export interface RuleGroup {
  readonly name: string
  readonly offset: number
  readonly rules: readonly Rule[]
}

export interface RuleFile {
  readonly kind: 'rules'
  readonly path: string
  readonly groups: readonly RuleGroup[]
  readonly problems: readonly ShapeProblem[]
}

export type LintDocument = Board | RuleFile
