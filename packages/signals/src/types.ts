import type { SignalId } from './catalog.ts'

export type SignalKind = 'counter' | 'gauge' | 'histogram' | 'info'
export type Unit = 'seconds' | 'bytes' | 'tokens' | 'requests' | 'ratio' | 'blocks' | 'endpoints' | 'none'

/** A thing that can be measured, whatever it is called. Values are in base units (`unit`). */
export interface Signal {
  readonly kind: SignalKind
  readonly unit: Unit
  /** One sentence: what exactly is counted, from when to when. */
  readonly definition: string
  /** Which way is better; `neither` for load and sizes. */
  readonly good: 'up' | 'down' | 'neither'
  /** The signal's own label names, the superset of what any dialect carries. */
  readonly labels: readonly string[]
}

export type DialectId = 'vllm' | 'inference-model' | 'inference-pool' | 'inference-extension' | 'llm-d-epp' | 'process' | 'signalbox'

/** How one dialect label is filled. */
export interface LabelMapping {
  /** The label as the dialect spells it. */
  readonly name: string
  /** The signal label it carries. */
  readonly from: string
}

/** One system's name for a signal. */
export interface DialectEntry {
  readonly signal: SignalId
  readonly dialect: DialectId
  /** As samples carry it (`x_total` for counters); the family name of a histogram. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** value in this dialect = value of the signal × scale. */
  readonly scale: number
  readonly labels: readonly LabelMapping[]
  /** Histograms: upper bounds in the dialect's unit, ascending, without +Inf. */
  readonly bounds?: readonly number[]
  /** First and last version that speak it, where known; `until` is inclusive. */
  readonly since?: string
  readonly until?: string
  /** The current name, where this one is deprecated. */
  readonly replacedBy?: string
  /** Where the name, labels and bounds were read. */
  readonly source: string
}
