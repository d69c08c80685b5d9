/** error: the query or rule cannot do what it says. warning: it misleads. info: a habit worth knowing of; never fails a check. */
export type Severity = 'error' | 'warning' | 'info'

export interface LintFile {
  /** As findings show it. */
  readonly path: string
  readonly text: string
}

/** A replacement in the file's text; UTF-16 offsets, `end` exclusive. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** One thing wrong, with its place in the file. */
export interface Finding {
  readonly path: string
  /** From 1; the column in UTF-16 units. */
  readonly line: number
  readonly column: number
  readonly severity: Severity
  /** The rule's name, in kebab case. */
  readonly id: string
  /** The rule's number, `L01` and up; a family of rules shares one. */
  readonly code: string
  /** What it stands in: `panel "TTFT"`, `alert HighLatency`. */
  readonly where: string
  readonly message: string
  /** The part of the document that shows it. */
  readonly evidence: string
  readonly fix: string
  /** What `applyFixes` would change; empty where the fix takes a person. */
  readonly edits: readonly Edit[]
}

/** A file, or a document in it, that could not be read. */
export interface Unreadable {
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
}

export interface Findings {
  /** By file, in the order given, then by place. */
  readonly findings: readonly Finding[]
  readonly unreadable: readonly Unreadable[]
  /** Paths that hold neither a dashboard nor rules. */
  readonly unknown: readonly string[]
  /** Dashboards and rule files found, also inside ConfigMaps. */
  readonly documents: number
  readonly queries: number
}

export interface LintOptions {
  /** How often targets are scraped; 15 unless told otherwise. */
  readonly scrapeIntervalSeconds?: number
  /** The version that runs, by speaker (`vllm`, `epp`): names which it shows are not called deprecated. */
  readonly versions?: Readonly<Record<string, string>>
  /** Ids of rules to leave out. */
  readonly ignore?: readonly string[]
}
