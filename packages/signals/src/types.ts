import type { SignalId } from './catalog.ts'

export type SignalKind = 'counter' | 'gauge' | 'histogram' | 'info'
export type Unit =
  | 'seconds'
  | 'bytes'
  | 'bytes/s'
  | 'tokens'
  | 'tokens/s'
  | 'requests'
  | 'ratio'
  | 'blocks'
  | 'endpoints'
  | 'joules'
  | 'watts'
  | 'celsius'
  | 'hertz'
  | 'none'

/** A thing that can be measured, whatever it is called. Values are in base units (`unit`). */
export interface Signal {
  readonly kind: SignalKind
  readonly unit: Unit
  /** One sentence: what exactly is counted, from when to when. */
  readonly definition: string
  /** What one looks at it for. */
  readonly purpose: string
  /** Which way is better; `neither` for load and sizes. */
  readonly good: 'up' | 'down' | 'neither'
  /** The signal's own label names, in order: the superset of what any dialect maps. */
  readonly labels: readonly string[]
}

export type DialectId =
  | 'vllm'
  | 'vllm-0.9'
  | 'vllm-v0'
  | 'sglang'
  | 'trtllm'
  | 'triton'
  | 'tgi'
  | 'llamacpp'
  | 'dcgm'
  | 'inference-model'
  | 'inference-objective'
  | 'inference-pool'
  | 'inference-extension'
  | 'llm-d-inference-scheduler'
  | 'kvcache'
  | 'llm-d-epp'
  | 'llm-d-sidecar'
  | 'lora-syncer'
  | 'llumnix'
  | 'go'
  | 'process'
  | 'signalbox'

/** How one dialect label is filled. */
export interface LabelMapping {
  /** The label as the dialect spells it. */
  readonly name: string
  /** The signal label it carries. */
  readonly from: string
}

/** One system's name for a signal, identified by name, selector, dialect and version range. */
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
  /** The label values that pick this signal's series out of a family that carries several ('' matches a missing label). */
  readonly where?: Readonly<Record<string, string>>
  /** Values of signal labels that a series must have for this name to count it; absent: every series counts. */
  readonly population?: Readonly<Record<string, string>>
  /** Labels of copies: series that differ in nothing else (tensor-parallel ranks) state one thing, and the largest counts. */
  readonly replicas?: readonly string[]
  /** Values that mean "not known", in the dialect's unit, as inclusive ranges. */
  readonly blanks?: readonly (readonly [from: number, to: number])[]
  /** Histograms: upper bounds in the dialect's unit, ascending, without +Inf; absent where they depend on the deployment or are not published. */
  readonly bounds?: readonly number[]
  /** First and last version that speak it, where known; `until` is inclusive ('0.10' includes 0.10.2). */
  readonly since?: string
  readonly until?: string
  /** The first version that shows a deprecated name on request only. */
  readonly hiddenFrom?: string
  /** On every page of its versions, whatever the traffic and the flags: its absence tells the version too. */
  readonly standing?: true
  /** The current name, where this one is deprecated. */
  readonly replacedBy?: string
  /** Understood when read, never rendered. */
  readonly readOnly?: true
  /** What the name, or the way it is measured there, hides. */
  readonly note?: string
  /** Where the name, labels and bounds were read. */
  readonly source: string
}

/** Another spelling of a whole dialect: `prefix` stands where its names have `replaces`. */
export interface PrefixRule {
  readonly prefix: string
  readonly replaces: string
  /** Labels that come with the spelling; they say nothing about the signal. */
  readonly labels: readonly string[]
  readonly source: string
}
